//! `sallyport`: see `sallyport --help`.

// The type of a view is nested as deeply as the view.
#![recursion_limit = "256"]

use std::process::ExitCode;

/// Returns memory after many short requests: see the dependency in Cargo.toml.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    sallyport_server::cli::main()
}
