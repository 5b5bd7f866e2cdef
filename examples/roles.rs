//! Prints `docs/roles.md`: `cargo run --example roles > docs/roles.md`.

fn main() {
    print!("{}", sallyport::member::document());
}
