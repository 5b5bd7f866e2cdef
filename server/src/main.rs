//! `sallyport`: see `sallyport --help`.

// The type of a view nests as deep as the view.
#![recursion_limit = "256"]

use std::process::ExitCode;

fn main() -> ExitCode {
    sallyport_server::cli::main()
}
