//! The data folder: the database, its master key, and the server's lock.

mod folder;
mod lock;
mod master_key;
mod permission;
mod postgres_url;

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use sallyport::{
    Clock, Entropy,
    profile::Profile,
    store::{Location, Moved, Store, Tools, move_to_postgres},
    vault::{MasterKey, Vault},
};

use crate::{
    config::{DataLocation, blaming},
    profile_file,
};
use folder::Traces;

pub use lock::ServerLock;
pub use master_key::{
    key_path, new_key_path, old_key_path, put_new_key, read_key, read_keys, would_lose_a_key, write_whole,
};

/// Whether a start may create a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// If there are no traces of an earlier one.
    Known,
    /// Even if there is the master key of an earlier one: requested explicitly.
    New,
}

/// A prepared data folder, and what was created.
pub struct DataDir {
    pub location: Location,
    /// At least one.
    keys: Vec<MasterKey>,
    place: DataLocation,
    profile: Arc<Profile>,
    /// Messages for the operator.
    pub made: Vec<String>,
    /// Files that this start created; deleted if the database can't be used.
    fresh: Vec<PathBuf>,
}

impl DataDir {
    /// Creates the folder and the master key if they are missing, after checking that they should be.
    pub async fn prepare(place: &DataLocation, entropy: &dyn Entropy, wanted: Wanted) -> Result<Self, String> {
        let profile = profile(place)?;
        let location = location(place)?;
        check_permission(place, &location)?;
        let path = key_path(place);
        let mut made: Vec<String> = folder::check(&place.data).into_iter().collect();
        let mut keys = read_keys(place)?;
        let is_kept = place.master_key.is_none() && !keys.is_empty();
        let has_database = match &location {
            Location::Sqlite(database) => {
                if let Some(traces) = folder::traces(database, &path) {
                    expected(place, database, &traces, wanted)?;
                }
                database.exists()
            }
            Location::Postgres(_) => location.is_made().await.map_err(|error| error.to_string())?,
        };
        match (has_database, !keys.is_empty()) {
            (true, false) => return Err(no_key(&path, &location)),
            (true, true) if wanted == Wanted::New && !is_empty_file(&location) => {
                return Err(format!("There is a database already ({location}); leave --new out."));
            }
            (false, true) if is_kept && matches!(location, Location::Postgres(_)) && wanted == Wanted::Known => {
                return Err(emptied(&path, &location));
            }
            _ => {}
        }

        if folder::make(&place.data).map_err(|error| blaming(error, place.set_by.data.as_deref()))? {
            made.push(format!("Made the data folder {}.", place.data.display()));
        }
        let mut fresh = Vec::new();
        if let Location::Sqlite(database) = &location {
            if !database.exists() {
                // SQLite creates its WAL with the mode of the database, and the folder may have been created with a
                // permissive umask.
                let options = OpenOptions::new().write(true).create_new(true).mode(0o600).open(database);
                options.map_err(|error| format!("The database {} can't be made: {error}", database.display()))?;
                made.push(format!("Made the database {}.", database.display()));
                fresh.push(database.clone());
            }
            close_to_others(database);
        }
        let lock = lock::path(&place.data);
        if !lock.exists() {
            fresh.push(lock);
        }
        if keys.is_empty() {
            let key = MasterKey::mint(entropy);
            let written = master_key::write_whole(&path, &key.expose());
            written.map_err(|error| {
                remove(&fresh);
                format!("The master key {} can't be written: {error}", path.display())
            })?;
            made.push(format!(
                "Made the master key {}. Keep a copy of it away from the database's backups: without it nothing that is encrypted can be read.",
                path.display()
            ));
            fresh.push(path);
            keys.push(key);
        }
        Ok(Self { location, keys, place: place.clone(), profile, made, fresh })
    }

    /// Finds what `serve` or `migrate` created. Creates nothing: a command in the wrong folder must not create a
    /// second, empty portal.
    pub async fn find(place: &DataLocation) -> Result<Self, String> {
        let location = location(place)?;
        check_permission(place, &location)?;
        if !location.is_made().await.map_err(|error| error.to_string())? {
            return Err(missing_database(place, &location));
        }
        Self::with_database(place, location)
    }

    /// Another database under the same master key: a backup that is being restored.
    pub fn with_database(place: &DataLocation, location: Location) -> Result<Self, String> {
        let keys = read_keys(place)?;
        if keys.is_empty() {
            return Err(no_key(&key_path(place), &location));
        }
        let (place, profile) = (place.clone(), profile(place)?);
        Ok(Self { location, keys, place, profile, made: Vec::new(), fresh: Vec::new() })
    }

    /// Refuses a database with an older or newer schema.
    pub async fn open(&self, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Result<Store, String> {
        let store = Store::open(self.location.clone(), self.tools(clock, entropy)).await;
        store.map_err(|error| error.to_string())
    }

    /// Migrates the database first. Only for the process that holds the [`ServerLock`].
    pub async fn open_and_migrate(&self, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Result<Store, String> {
        match Store::open_and_migrate(self.location.clone(), self.tools(clock, entropy)).await {
            Ok(store) => Ok(store),
            Err(error) => {
                self.take_back().await;
                Err(error.to_string())
            }
        }
    }

    /// Copies everything to an empty PostgreSQL database. Only for the process that holds the [`ServerLock`].
    pub async fn move_to_postgres(
        &self,
        to: Location,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Moved, String> {
        let Location::Sqlite(from) = &self.location else { return Err("The data is not in SQLite.".to_owned()) };
        move_to_postgres(from, to, self.tools(clock, entropy)).await.map_err(|error| error.to_string())
    }

    fn tools(&self, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Tools {
        // A server reads the files again when the database names a key that it has not read.
        let place = self.place.clone();
        let vault = Vault::of(&self.keys, Some(Box::new(move || read_again(&place))));
        Tools { clock, entropy, vault, profile: self.profile.clone() }
    }

    /// Deletes the master key of a refused start: the next start would expect its database.
    async fn take_back(&self) {
        let is_used = match &self.location {
            // Its header is written before the first table.
            Location::Sqlite(path) => fs::metadata(path).is_ok_and(|found| found.len() > HEAD),
            // If that is unknown, the key may be in use.
            Location::Postgres(_) => self.location.is_made().await.unwrap_or(true),
        };
        if !is_used {
            remove(&self.fresh);
        }
    }
}

/// What of the keys can be read; why not is said.
fn read_again(place: &DataLocation) -> Vec<MasterKey> {
    read_keys(place).unwrap_or_else(|error| {
        master_key::warn_once(error);
        Vec::new()
    })
}

/// The size of a SQLite database without tables.
const HEAD: u64 = 4096;

fn remove(files: &[PathBuf]) {
    for file in files {
        let _ = fs::remove_file(file);
    }
}

fn is_empty_file(location: &Location) -> bool {
    matches!(location, Location::Sqlite(path) if fs::metadata(path).is_ok_and(|found| found.len() == 0))
}

/// Files of older versions may be readable by others. Links next to the database are not followed. By name: opening
/// and closing them would release the locks of SQLite in this process (POSIX).
fn close_to_others(database: &Path) {
    let _ = fs::set_permissions(database, fs::Permissions::from_mode(0o600));
    for file in ["-wal", "-shm"].map(|end| format!("{}{end}", database.display())) {
        if fs::symlink_metadata(&file).is_ok_and(|found| found.is_file()) {
            let _ = fs::set_permissions(file, fs::Permissions::from_mode(0o600));
        }
    }
}

/// The configured profile, or the built-in one.
pub fn profile(place: &DataLocation) -> Result<Arc<Profile>, String> {
    let Some(path) = &place.profile else { return Ok(Profile::standard()) };
    let parsed = profile_file::read(path).map_err(|error| {
        let unreadable = format!("The profile {} can't be read: {error}.", path.display());
        blaming(unreadable, place.set_by.profile.as_deref())
    })?;
    parsed.map(Arc::new).map_err(|error| format!("The profile {} is wrong:\n{error}", path.display()))
}

/// The location of the database, whether or not it exists.
pub fn location(place: &DataLocation) -> Result<Location, String> {
    match &place.database_url {
        Some(url) => postgres_url::checked(url)
            .map(Location::Postgres)
            .map_err(|error| blaming(error, place.set_by.database_url.as_deref())),
        None => Ok(Location::Sqlite(place.data.join("sallyport.db"))),
    }
}

/// Fails for a user without permission on the folder, and names the one who has it.
fn check_permission(place: &DataLocation, location: &Location) -> Result<(), String> {
    let database = match location {
        Location::Sqlite(database) => Some(&**database),
        Location::Postgres(_) => None,
    };
    permission::check(&place.data, &key_path(place), database)
}

/// The error for a missing database, with a suggested fix.
pub fn missing_database(place: &DataLocation, location: &Location) -> String {
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

fn no_key(path: &Path, location: &Location) -> String {
    format!(
        "There is a database ({location}) but no master key at {}: put back the file, name its folder with --data, or \
         set SALLYPORT_MASTER_KEY. A new key could not decrypt what is in it.",
        path.display()
    )
}

/// Refuses to create a database where there was one: its disk may not be mounted.
fn expected(place: &DataLocation, database: &Path, traces: &Traces, wanted: Wanted) -> Result<(), String> {
    let names = |paths: &[PathBuf]| {
        let names: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
        names.join(" and ")
    };
    let missing = format!(
        "There is no database at {}, but there was one: {{}} is still there. Is its disk mounted, and do --data and \
         --database-url say where it is? Put the database back, from a backup if need be.",
        database.display()
    );
    if !traces.of_database.is_empty() {
        let names = names(&traces.of_database);
        return Err(format!(
            "{} For a new, empty portal move {names} out of {} first.",
            missing.replace("{}", &names),
            place.data.display()
        ));
    }
    if wanted == Wanted::New || traces.of_server.is_empty() {
        return Ok(());
    }
    Err(format!("{} {NEW}", missing.replace("{}", &names(&traces.of_server))))
}

/// How to create it anyway.
const NEW: &str = "If a new, empty portal is wanted here, make it with: sallyport migrate --new";

fn emptied(key: &Path, location: &Location) -> String {
    format!(
        "The database ({location}) contains no Sallyport, but the master key {} shows that there was one. Does \
         --database-url name the right one? Restore it from a backup. {NEW}",
        key.display()
    )
}

#[cfg(test)]
mod tests;
