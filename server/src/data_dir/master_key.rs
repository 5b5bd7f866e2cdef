//! The master keys: in the environment, or in files of the data folder.

use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use sallyport::vault::MasterKey;

use crate::config::{DataLocation, MasterKeyText};

/// The master key's file, unless the environment contains the key.
pub fn key_path(place: &DataLocation) -> PathBuf {
    place.data.join("master.key")
}

/// The next key, while `sallyport rekey` replaces the one of today.
pub fn new_key_path(place: &DataLocation) -> PathBuf {
    place.data.join("master.key.new")
}

/// The key of before, until `sallyport rekey --remove-old`.
pub fn old_key_path(place: &DataLocation) -> PathBuf {
    place.data.join("master.key.old")
}

fn given(text: Option<&MasterKeyText>, name: &str) -> Result<Option<MasterKey>, String> {
    let wrong = || format!("{name} should be 32 bytes in base64: openssl rand -base64 32");
    text.map(|text| MasterKey::parse(&text.0).ok_or_else(wrong)).transpose()
}

/// All keys that are there, the one of today first: those of the environment, or else those of the files. A file beside
/// `master.key` that can't be read is warned about, since it may not be needed: if the database needs it, opening that says so.
pub fn read_keys(place: &DataLocation) -> Result<Vec<MasterKey>, String> {
    let mut keys: Vec<_> = given(place.master_key.as_ref(), "SALLYPORT_MASTER_KEY")?.into_iter().collect();
    if keys.is_empty() {
        keys.extend(read_key(&key_path(place))?);
        for path in [new_key_path(place), old_key_path(place)] {
            match read_key(&path) {
                Ok(key) => keys.extend(key),
                Err(error) => warn_once(error),
            }
        }
    }
    keys.extend(given(place.old_master_key.as_ref(), "SALLYPORT_MASTER_KEY_OLD")?);
    Ok(keys)
}

/// A server reads the files each second while it waits for a key.
pub fn warn_once(why: String) {
    static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    if SAID.lock().unwrap_or_else(PoisonError::into_inner).insert(why.clone()) {
        tracing::warn!("{why}");
    }
}

/// The key from a file, if it exists.
pub fn read_key(path: &Path) -> Result<Option<MasterKey>, String> {
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

/// Whether a key would be in no file any more once the new one took the place of the one of today.
pub fn would_lose_a_key(place: &DataLocation) -> Result<bool, String> {
    let print = |path: PathBuf| Ok::<_, String>(read_key(&path)?.map(|key| key.fingerprint()));
    let (key, new, old) = (print(key_path(place))?, print(new_key_path(place))?, print(old_key_path(place))?);
    Ok(key.is_some() && old.is_some() && key != old && key != new)
}

/// Lets the new key take the place of the one of today, which is kept as the old one. Each step can be repeated, and `master.key`
/// is there all the time.
pub fn put_new_key(place: &DataLocation) -> io::Result<()> {
    let (key, new, old) = (key_path(place), new_key_path(place), old_key_path(place));
    match fs::hard_link(&key, &old) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        // Of a run that was interrupted: the same key. Another one is no place for the key of today, which would be lost.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if would_lose_a_key(place).map_err(io::Error::other)? {
                let (old, key) = (old.display(), key.display());
                return Err(io::Error::other(format!(
                    "{old} is another key than {key}, which would be lost: move {old} to where you keep your keys"
                )));
            }
        }
        Err(error) => return Err(error),
    }
    fs::rename(&new, &key)?;
    // Of a command that was killed while it wrote the key.
    let _ = fs::remove_file(part(&new));
    File::open(&place.data)?.sync_all()
}

fn part(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.part", path.display()))
}

/// Written atomically: half a master key would make the database unreadable. Private to its owner: the folder's, where that is
/// possible, since the server may run as them and the command as root.
pub fn write_whole(path: &Path, line: &str) -> io::Result<()> {
    let part = part(path);
    let folder = path.parent().unwrap_or(Path::new("."));
    let _ = fs::remove_file(&part);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part)?;
    let owner = fs::metadata(folder)?;
    if file.metadata()?.uid() != owner.uid() {
        let _ = fchown(&file, Some(owner.uid()), Some(owner.gid()));
    }
    file.write_all(line.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    // A second server started at the same time must not replace the key that the first one uses.
    let linked = fs::hard_link(&part, path);
    fs::remove_file(&part)?;
    linked?;
    // Two that started at once use one name for the part: what is there has to be what this process goes on with.
    if fs::read_to_string(path)?.trim_end() != line {
        return Err(io::Error::other("another process wrote it at the same time"));
    }
    File::open(folder)?.sync_all()
}
