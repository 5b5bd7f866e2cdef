//! Writes the part of `docs/webhooks.md` that is made from the code: `cargo run --example webhook_events`.

use std::{fs, path::Path};

use sallyport::webhook::schema;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/webhooks.md");
    let written = fs::read_to_string(&path)?;
    let (before, rest) = written.split_once(schema::BEGIN).ok_or("its beginning is not marked")?;
    let (_, after) = rest.split_once(schema::END).ok_or("its end is not marked")?;
    fs::write(&path, format!("{before}{}{after}", schema::document()))?;
    Ok(())
}
