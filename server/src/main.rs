//! `sallyport`: see `sallyport --help`.

// The type of a view nests as deep as the view.
#![recursion_limit = "256"]

use std::process::ExitCode;

/// Gives back what many short requests left behind: see beside the dependency.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    sallyport_server::cli::main()
}
