//! `sallyport`: see `sallyport --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    sallyport_server::cli::main()
}
