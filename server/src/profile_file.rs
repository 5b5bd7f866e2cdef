//! The file of a profile, and the logo beside it.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

use sallyport::{
    picture,
    profile::{Faults, Profile},
};

/// Reads a profile, or returns its errors.
pub fn read(path: &Path) -> io::Result<Result<Profile, Faults>> {
    let text = fs::read_to_string(path)?;
    Ok(Profile::parse_beside(&text, &|name| logo(&path.with_file_name(name))))
}

fn logo(path: &Path) -> io::Result<Vec<u8>> {
    // Opening a pipe would wait for its writer.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(picture::LIMIT as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
