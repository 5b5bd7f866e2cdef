//! The master key: in the environment, or in a file of the data folder.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use sallyport::vault::MasterKey;

use crate::config::DataLocation;

/// The master key's file, unless the environment contains the key.
pub fn key_path(place: &DataLocation) -> PathBuf {
    place.data.join("master.key")
}

/// The key from the environment.
pub(super) fn given(place: &DataLocation) -> Result<Option<MasterKey>, String> {
    let Some(text) = &place.master_key else { return Ok(None) };
    let wrong = || "SALLYPORT_MASTER_KEY should be 32 bytes in base64: openssl rand -base64 32".to_owned();
    MasterKey::parse(&text.0).ok_or_else(wrong).map(Some)
}

/// The key from the file, if it exists.
pub(super) fn read(path: &Path) -> Result<Option<MasterKey>, String> {
    let shown = path.display();
    let unreadable = |error: io::Error| format!("The master key {shown} can't be read: {error}");
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    // The mode of the opened file, which can't be swapped.
    let mode = file.metadata().map_err(unreadable)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(format!("The master key {shown} can be read by others on this machine. Run: chmod 600 {shown}"));
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(unreadable)?;
    let damaged = || format!("The master key {shown} is damaged; put back the file from your backup.");
    MasterKey::parse(&text).ok_or_else(damaged).map(Some)
}

/// Written atomically: half a master key would make the database unreadable. Private to its owner.
pub fn write_whole(path: &Path, line: &str) -> io::Result<()> {
    let part = path.with_extension("part");
    let _ = fs::remove_file(&part);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part)?;
    file.write_all(line.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    // A second server started at the same time must not replace the key that the first one uses.
    let linked = fs::hard_link(&part, path);
    fs::remove_file(&part)?;
    linked?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}
