//! The master key: in the environment, or in a file of the data folder.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use sallyport::vault::MasterKey;

use crate::config::DataLocation;

/// Where the master key lies if the environment holds none.
pub fn key_path(place: &DataLocation) -> PathBuf {
    place.data.join("master.key")
}

/// That of the environment.
pub(super) fn given(place: &DataLocation) -> Result<Option<MasterKey>, String> {
    let Some(text) = &place.master_key else { return Ok(None) };
    let wrong = || "SALLYPORT_MASTER_KEY should be 32 bytes in base64: openssl rand -base64 32".to_owned();
    MasterKey::parse(&text.0).ok_or_else(wrong).map(Some)
}

/// That of the file, if there is one.
pub(super) fn read(path: &Path) -> Result<Option<MasterKey>, String> {
    let shown = path.display();
    let unreadable = |error: io::Error| format!("The master key {shown} can't be read: {error}");
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    // Of the file that is read, not of what has its name a moment later.
    let mode = file.metadata().map_err(unreadable)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(format!("The master key {shown} can be read by others on this machine. Run: chmod 600 {shown}"));
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(unreadable)?;
    let damaged = || format!("The master key {shown} is damaged; put back the file from your backup.");
    MasterKey::parse(&text).ok_or_else(damaged).map(Some)
}

/// Whole or not at all: half a master key would leave a database that nobody can open. For its owner's eyes alone.
pub fn write_whole(path: &Path, line: &str) -> io::Result<()> {
    let part = path.with_extension("part");
    let _ = fs::remove_file(&part);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part)?;
    file.write_all(line.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    // A second server started at once must not replace the key that the first one uses already.
    let linked = fs::hard_link(&part, path);
    fs::remove_file(&part)?;
    linked?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}
