//! The data folder: the database, the master key that opens it, and the lock of the one server on it.

mod permission;

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use sallyport::{
    Clock, Entropy,
    profile::Profile,
    store::{Location, Store, Tools},
    vault::{MasterKey, Vault},
};

use crate::config::Place;

/// A data folder that is ready, and what was made on the way.
pub struct DataDir {
    pub location: Location,
    master_key: MasterKey,
    profile: Arc<Profile>,
    /// Sentences for whoever started it.
    pub made: Vec<String>,
}

impl DataDir {
    /// Makes the folder and the master key where they are missing.
    pub fn prepare(place: &Place, entropy: &dyn Entropy) -> Result<Self, String> {
        // First, so that nothing is made where it can't be used.
        let profile = profile(place)?;
        let mut made = Vec::new();
        let folder = &place.data;
        if !folder.exists() {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)
                .map_err(|error| format!("The data folder {} can't be made: {error}", folder.display()))?;
            made.push(format!("Made the data folder {}.", folder.display()));
        }
        let location = location(place)?;
        check_permission(place, &location)?;
        let master_key = match given_key(place)? {
            Some(key) => key,
            None => key_file(&key_path(place), &location, entropy, &mut made)?,
        };
        if let Location::Sqlite(path) = &location
            && !path.exists()
        {
            // SQLite gives its WAL the mode of the database; the folder may have been made by somebody with another umask.
            let options = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
            options.map_err(|error| format!("The database {} can't be made: {error}", path.display()))?;
            made.push(format!("Made the database {}.", path.display()));
        }
        if let Location::Sqlite(path) = &location {
            for file in ["", "-wal", "-shm"].map(|end| format!("{}{end}", path.display())) {
                // One that an older version made may be readable by others.
                let _ = fs::set_permissions(file, fs::Permissions::from_mode(0o600));
            }
        }
        Ok(Self { location, master_key, profile, made })
    }

    /// What `serve` or `migrate` made before. Makes nothing: a command in the wrong folder would leave a second, empty
    /// portal there.
    pub async fn find(place: &Place) -> Result<Self, String> {
        let location = location(place)?;
        check_permission(place, &location)?;
        if !location.is_made().await.map_err(|error| error.to_string())? {
            return Err(absent(place, &location));
        }
        let master_key = match given_key(place)? {
            Some(key) => key,
            None => {
                let path = key_path(place);
                read_key(&path)?.ok_or_else(|| no_key(&path, &location))?
            }
        };
        Ok(Self { location, master_key, profile: profile(place)?, made: Vec::new() })
    }

    /// Refuses a database of an older or newer version.
    pub async fn open(&self, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Result<Store, String> {
        let store = Store::open(self.location.clone(), self.tools(clock, entropy)).await;
        store.map_err(|error| error.to_string())
    }

    /// Brings the database up to date first. For the one process that holds the [`ServerLock`].
    pub async fn open_and_migrate(&self, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Result<Store, String> {
        let store = Store::open_and_migrate(self.location.clone(), self.tools(clock, entropy)).await;
        store.map_err(|error| error.to_string())
    }

    fn tools(&self, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Tools {
        Tools { clock, entropy, vault: Vault::new(&self.master_key), profile: self.profile.clone() }
    }
}

/// The profile that the settings name, or the one inside.
fn profile(place: &Place) -> Result<Arc<Profile>, String> {
    let Some(path) = &place.profile else { return Ok(Profile::standard()) };
    let text = fs::read_to_string(path);
    let text = text.map_err(|error| format!("The profile {} can't be read: {error}", path.display()))?;
    let parsed = Profile::parse(&text);
    parsed.map(Arc::new).map_err(|error| format!("The profile {} is wrong:\n{error}", path.display()))
}

/// Where the database is, or would be.
pub fn location(place: &Place) -> Result<Location, String> {
    match &place.database_url {
        Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
            Ok(Location::Postgres(url.clone()))
        }
        Some(_) => Err("The database URL should begin with postgres://; leave it out for SQLite.".to_owned()),
        None => Ok(Location::Sqlite(place.data.join("sallyport.db"))),
    }
}

/// Refuses to go on as a user who may not use the folder, and says which user may.
fn check_permission(place: &Place, location: &Location) -> Result<(), String> {
    let database = match location {
        Location::Sqlite(database) => Some(&**database),
        Location::Postgres(_) => None,
    };
    permission::check(&place.data, &key_path(place), database)
}

/// Where the master key lies, if the environment holds none.
pub fn key_path(place: &Place) -> PathBuf {
    place.data.join("master.key")
}

/// There is no database, and the mend.
pub fn absent(place: &Place, location: &Location) -> String {
    match location {
        Location::Sqlite(_) => format!(
            "There is no Sallyport database in {}; run `sallyport serve` there first, or name the folder with --data.",
            place.data.display()
        ),
        Location::Postgres(_) => format!(
            "There is no Sallyport database yet ({location}); run `sallyport serve` on it first, or name another with \
             --database-url."
        ),
    }
}

fn given_key(place: &Place) -> Result<Option<MasterKey>, String> {
    let Some(text) = &place.master_key else { return Ok(None) };
    let key = MasterKey::parse(&text.0);
    let wrong = || "SALLYPORT_MASTER_KEY should be 32 bytes in base64: openssl rand -base64 32".to_owned();
    key.ok_or_else(wrong).map(Some)
}

fn no_key(path: &Path, location: &Location) -> String {
    format!(
        "There is a database ({location}) but no master key at {}: put back the file, name its folder with --data, or \
         set SALLYPORT_MASTER_KEY. A new key could not open what is sealed in it.",
        path.display()
    )
}

fn read_key(path: &Path) -> Result<Option<MasterKey>, String> {
    match fs::read_to_string(path) {
        Ok(text) => {
            let mode = fs::metadata(path).map_or(0, |meta| meta.permissions().mode());
            if mode & 0o077 != 0 {
                return Err(format!(
                    "The master key {} can be read by others on this machine. Run: chmod 600 {}",
                    path.display(),
                    path.display()
                ));
            }
            let damaged =
                || format!("The master key {} is damaged; put back the file from your backup.", path.display());
            MasterKey::parse(&text).ok_or_else(damaged).map(Some)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("The master key {} can't be read: {error}", path.display())),
    }
}

fn key_file(
    path: &Path,
    location: &Location,
    entropy: &dyn Entropy,
    made: &mut Vec<String>,
) -> Result<MasterKey, String> {
    if let Some(key) = read_key(path)? {
        return Ok(key);
    }
    if let Location::Sqlite(database) = location
        && database.exists()
    {
        return Err(no_key(path, location));
    }
    let key = MasterKey::mint(entropy);
    write_whole(path, &key.expose()).map_err(|error| format!("The master key can't be written: {error}"))?;
    made.push(format!(
        "Made the master key {}. Keep a copy of it away from the database's backups: without it nothing sealed can be \
         opened.",
        path.display()
    ));
    Ok(key)
}

/// Whole or not at all: half a master key would leave a database that nobody can open. For its owner's eyes alone.
pub fn write_whole(path: &Path, line: &str) -> std::io::Result<()> {
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

/// Held while a server runs: a second one on the same database would not hear of the first one's revocations.
pub struct ServerLock {
    _file: File,
}

impl ServerLock {
    pub fn take(folder: &Path) -> Result<Self, String> {
        let path: PathBuf = folder.join("sallyport.lock");
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = file.map_err(|error| format!("The lock {} can't be opened: {error}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(format!(
                "Another sallyport serves the data in {} already. End it, or choose another folder with --data.",
                folder.display()
            )),
            Err(TryLockError::Error(error)) => Err(format!("The lock {} can't be taken: {error}", path.display())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sallyport::testing::SeededEntropy;

    fn place(folder: &Path) -> Place {
        Place { data: folder.to_owned(), ..Place::default() }
    }

    #[test]
    fn a_missing_key_beside_a_database_is_not_made_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("sallyport.db"), "").expect("written");
        let error = DataDir::prepare(&place(folder.path()), &SeededEntropy::new(1)).err().expect("refused");
        assert!(error.contains("no master key"), "{error}");
    }

    #[test]
    fn key_and_database_are_the_owners_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        DataDir::prepare(&place(folder.path()), &SeededEntropy::new(1)).expect("made");
        let key = folder.path().join("master.key");
        for file in [&key, &folder.path().join("sallyport.db")] {
            let mode = std::fs::metadata(file).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", file.display());
        }
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).expect("set");
        let error = DataDir::prepare(&place(folder.path()), &SeededEntropy::new(1)).err().expect("refused");
        assert!(error.contains("chmod 600"), "{error}");
    }

    #[test]
    fn one_server_at_a_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = ServerLock::take(folder.path()).expect("free");
        assert!(ServerLock::take(folder.path()).is_err());
        drop(first);
        assert!(ServerLock::take(folder.path()).is_ok());
    }
}
