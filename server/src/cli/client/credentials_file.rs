//! The file with the sign-ins, in the platform's folder for settings: readable by its owner only, never written through
//! a link, and replaced as a whole.

use std::{
    env,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind, Read, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use etcetera::BaseStrategy;
use rustix::{fs::OFlags, io::Errno, process::geteuid};
use sallyport::store::open_lock;

use super::credentials::Credentials;

/// More than thousands of sign-ins need.
const LONGEST: u64 = 4 * 1024 * 1024;

#[derive(Clone)]
pub struct CredentialsFile {
    folder: PathBuf,
}

impl CredentialsFile {
    /// That of the person who runs this.
    pub fn own() -> Result<Self, String> {
        let strategy = etcetera::base_strategy::choose_native_strategy();
        let strategy = strategy.map_err(|_| "Your home folder is unknown: set the variable HOME.".to_owned())?;
        Ok(Self::within(&strategy.config_dir()))
    }

    pub(super) fn within(settings: &Path) -> Self {
        Self { folder: settings.join("sallyport") }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.join("credentials.json")
    }

    /// The sign-ins; none if there is no file.
    pub fn read(&self) -> Result<Credentials, String> {
        let path = self.path();
        let failed = |error: io::Error| format!("The sign-ins in {} can't be read: {error}", path.display());
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        let file = match OpenOptions::new().read(true).custom_flags(flags).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Credentials::default()),
            Err(error) if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => {
                return Err(failed(io::Error::other("a link is in its place; remove it")));
            }
            Err(error) => return Err(failed(error)),
        };
        check_owner(&file, &path)?;
        let mut text = String::new();
        file.take(LONGEST).read_to_string(&mut text).map_err(failed)?;
        serde_json::from_str(&text).map_err(|error| {
            // The whole error may repeat a token.
            let (path, line) = (path.display(), error.line());
            format!("{path} is damaged (line {line}). Remove it, and sign in again: sallyport login")
        })
    }

    /// Waits for other commands that change the file.
    pub fn lock(&self) -> Result<LockedFile<'_>, String> {
        self.make_folder()?;
        let path = self.folder.join("credentials.lock");
        let failed = |error: io::Error| format!("The lock {} can't be taken: {error}", path.display());
        let lock = open_lock(&path).map_err(failed)?;
        lock.lock().map_err(failed)?;
        Ok(LockedFile { file: self, _lock: lock })
    }

    fn make_folder(&self) -> Result<(), String> {
        let folder = self.folder.display();
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.folder);
        made.map_err(|error| format!("The folder {folder} can't be created: {error}"))?;
        let found = fs::metadata(&self.folder);
        let found = found.map_err(|error| format!("The folder {folder} can't be read: {error}"))?;
        if found.uid() != geteuid().as_raw() {
            return Err(format!("The folder {folder} belongs to another user, who could replace your sign-ins."));
        }
        if found.mode() & 0o022 != 0 {
            return Err(format!(
                "Others may write in the folder {folder}, and could replace your sign-ins. Fix it: chmod 700 {folder}"
            ));
        }
        Ok(())
    }
}

/// The file, while no other command changes it.
pub struct LockedFile<'a> {
    file: &'a CredentialsFile,
    _lock: File,
}

impl LockedFile<'_> {
    pub fn read(&self) -> Result<Credentials, String> {
        self.file.read()
    }

    /// A reader finds the earlier file or this one, also after a crash.
    pub fn write(&self, credentials: &Credentials) -> Result<(), String> {
        let path = self.file.path();
        let text = serde_json::to_string_pretty(credentials).unwrap_or_default() + "\n";
        self.replace(&path, &text)
            .map_err(|error| format!("The sign-ins can't be written to {}: {error}", path.display()))
    }

    fn replace(&self, path: &Path, text: &str) -> io::Result<()> {
        let new = self.file.folder.join("credentials.json.new");
        // Left by a command that was killed.
        match fs::remove_file(&new) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
        let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
        let replaced = written.and_then(|()| fs::rename(&new, path));
        if replaced.is_err() {
            let _ = fs::remove_file(&new);
        }
        replaced.and_then(|()| File::open(&self.file.folder)?.sync_all())
    }
}

fn check_owner(file: &File, path: &Path) -> Result<(), String> {
    let path = path.display();
    let found = file.metadata().map_err(|error| format!("{path} can't be read: {error}"))?;
    if !found.is_file() {
        return Err(format!("{path} is no file. Remove it, and sign in again: sallyport login"));
    }
    if found.uid() != geteuid().as_raw() {
        return Err(format!("{path} belongs to another user. Remove it, and sign in again: sallyport login"));
    }
    if found.mode() & 0o077 != 0 {
        return Err(format!(
            "Others may read or change {path}, which holds your sign-ins. Fix it: chmod 600 {path}. If somebody may \
             have read it, sign out and in again."
        ));
    }
    Ok(())
}

/// A token from the environment, for scripts.
pub fn environment_token() -> Option<String> {
    let token = env::var("SALLYPORT_TOKEN").unwrap_or_default();
    Some(token.trim().to_owned()).filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;
    use crate::cli::client::{credentials::Tokens, portal_url::PortalUrl};

    fn url() -> PortalUrl {
        PortalUrl::parse("https://keys.example.com").expect("an address")
    }

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).expect("there").mode() & 0o777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
    }

    /// A file with one sign-in, in a folder that did not exist.
    fn written() -> (tempfile::TempDir, CredentialsFile) {
        let settings = tempfile::tempdir().expect("a folder");
        let file = CredentialsFile::within(&settings.path().join(".config"));
        let locked = file.lock().expect("free");
        let mut credentials = locked.read().expect("none yet");
        let tokens = Tokens { access_token: "sp_pat_1".to_owned(), refresh_token: None, expires_at: None };
        credentials.sign_in(&url(), tokens);
        locked.write(&credentials).expect("written");
        drop(locked);
        (settings, file)
    }

    #[test]
    fn it_is_its_owners_alone() {
        let (_settings, file) = written();
        assert_eq!(mode(&file.folder), 0o700);
        assert_eq!(mode(&file.path()), 0o600);
        let credentials = file.read().expect("read");
        assert_eq!(credentials.of(&url()).map(|tokens| &*tokens.access_token), Some("sp_pat_1"));
        for open in [0o640, 0o604, 0o620, 0o602] {
            set_mode(&file.path(), open);
            let error = file.read().err().expect("refused");
            assert!(error.contains("chmod 600"), "{error}");
        }
        set_mode(&file.path(), 0o600);
        set_mode(&file.folder, 0o777);
        assert!(file.lock().err().expect("refused").contains("chmod 700"));
    }

    #[test]
    fn a_link_is_not_followed() {
        let (settings, file) = written();
        let victim = settings.path().join("victim");
        fs::rename(file.path(), &victim).expect("moved");
        symlink(&victim, file.path()).expect("linked");
        assert!(file.read().err().expect("refused").contains("a link is in its place"));
        let before = fs::read_to_string(&victim).expect("read");
        file.lock().expect("free").write(&Credentials::default()).expect("written");
        assert_eq!(fs::read_to_string(&victim).expect("read"), before, "the link is replaced, not its target");
        assert!(file.read().expect("a file again").of(&url()).is_none());
    }

    #[test]
    fn what_a_killed_command_left_is_in_nobodys_way() {
        let (settings, file) = written();
        let victim = settings.path().join("victim");
        fs::write(&victim, "precious").expect("written");
        symlink(&victim, file.folder.join("credentials.json.new")).expect("linked");
        file.lock().expect("free").write(&Credentials::default()).expect("written");
        assert_eq!(fs::read_to_string(&victim).expect("read"), "precious");
        assert_eq!(mode(&file.path()), 0o600);
        assert!(!file.folder.join("credentials.json.new").exists());
    }

    #[test]
    fn a_damaged_file_is_named() {
        let (_settings, file) = written();
        fs::write(file.path(), "{").expect("written");
        assert!(file.read().err().expect("refused").contains("credentials.json is damaged"));
        fs::remove_file(file.path()).expect("removed");
        assert!(file.read().expect("none").default_portal().is_none());
    }

    #[test]
    fn one_command_at_a_time_changes_it() {
        let (_settings, file) = written();
        let held = file.lock().expect("free");
        let other = open_lock(&file.folder.join("credentials.lock")).expect("opened");
        assert!(other.try_lock().is_err());
        drop(held);
        assert!(other.try_lock().is_ok());
    }
}
