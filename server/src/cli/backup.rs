//! `sallyport backup FILE`: a complete, verified copy of the SQLite database, or nothing.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Read},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use clap::Args;
use sallyport::{
    Clock,
    clock::SystemClock,
    store::{Holdings, Location, copy_sqlite, inspect_copy},
};
use url::Url;

use super::{backup_folder, out};
use crate::{
    config::DataLocation,
    data_dir::{key_path, location, missing_database},
};

#[derive(Args)]
pub struct BackupArgs {
    /// File for the copy; with --keep, a folder for copies
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Replace FILE, if it is an earlier backup
    #[arg(long)]
    force: bool,
    /// FILE is a folder: name the copy after the time, and delete all but this many of such copies there
    #[arg(long, value_name = "COUNT", conflicts_with = "force", value_parser = clap::value_parser!(u32).range(1..))]
    keep: Option<u32>,
}

/// The error for PostgreSQL, which has its own tool for backups.
pub fn not_for_postgres(place: &DataLocation, args: &BackupArgs) -> Option<String> {
    let url = place.database_url.as_deref().filter(|url| url.starts_with("postgres"))?;
    let (file, url) = (quoted(&args.file.to_string_lossy()), quoted(&without_password(url)?));
    Some(format!(
        "The data is in PostgreSQL, which has its own tool for this; it asks for the password, or takes it from \
         PGPASSWORD or ~/.pgpass:\n\n  pg_dump --format=custom --no-owner --file={file} --dbname={url}\n\n{}",
        where_the_master_key_is(place)
    ))
}

pub async fn run(place: &DataLocation, args: BackupArgs) -> Result<(), String> {
    let location = location(place)?;
    let Location::Sqlite(database) = &location else { return Err("The data is in PostgreSQL.".to_owned()) };
    if !database.exists() {
        return Err(missing_database(place, &location));
    }
    let file = &match args.keep {
        Some(_) if !args.file.is_dir() => {
            return Err(format!(
                "{} is no folder; create it first, as --keep names the copies in it.",
                args.file.display()
            ));
        }
        Some(_) => args.file.join(backup_folder::name(SystemClock.now())),
        None => args.file.clone(),
    };
    may_be_written(database, file, args.force)?;

    let part = Part::beside(file)?;
    let failed = |error: sallyport::Error| format!("{location} could not be copied: {error}");
    copy_sqlite(database, &part.0).await.map_err(failed)?;
    // SQLite leaves the write to the system; a backup must survive a power failure.
    let size = File::open(&part.0).and_then(|copy| copy.sync_all().and_then(|()| Ok(copy.metadata()?.len())));
    let size = size.map_err(|error| format!("The copy could not be written to the disk: {error}"))?;
    let (damages, holdings) = inspect_copy(&part.0).await.map_err(failed)?;
    if let Some(damage) = damages.first() {
        return Err(format!("{location} is damaged, so no backup was made: {damage}. Restore an earlier one."));
    }
    part.become_the(file, args.force)?;
    out::say(told(place, &location, file, size, holdings))?;
    // Once the new one is complete.
    if let Some(keep) = args.keep {
        let made = file.file_name().unwrap_or_default().to_string_lossy();
        for old in backup_folder::keep_newest(&args.file, keep as usize, &made)? {
            out::say(format_args!("Deleted {}.", old.display()))?;
        }
    }
    Ok(())
}

fn may_be_written(database: &Path, file: &Path, force: bool) -> Result<(), String> {
    let shown = file.display();
    let Ok(there) = fs::metadata(file) else { return Ok(()) };
    if there.is_dir() {
        return Err(format!(
            "{shown} is a folder; name a file in it, such as {}, or keep the newest copies there with --keep 14.",
            file.join("sallyport.db").display()
        ));
    }
    if !force {
        return Err(format!("{shown} exists already. Choose another name, or replace it with --force."));
    }
    let live = fs::metadata(database).is_ok_and(|live| (live.dev(), live.ino()) == (there.dev(), there.ino()));
    // An open database has a WAL file next to it; a backup does not.
    let in_use = PathBuf::from(format!("{shown}-wal")).exists();
    if live || in_use {
        return Err(format!("{shown} is a database in use, not a backup; choose another name."));
    }
    let mut head = [0; 16];
    let read = File::open(file).and_then(|mut file| file.read_exact(&mut head));
    if read.is_err() || &head != b"SQLite format 3\0" {
        return Err(format!("{shown} is not a backup, so it is not replaced; choose another name."));
    }
    Ok(())
}

/// The copy in progress, deleted unless it becomes the backup.
struct Part(PathBuf);

impl Part {
    /// In the folder of the backup, so that renaming is atomic; private from the first byte.
    fn beside(file: &Path) -> Result<Self, String> {
        let mut name =
            file.file_name().ok_or_else(|| format!("{} is not the name of a file.", file.display()))?.to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let part = file.with_file_name(name);
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part).map_err(|error| {
            match error.kind() {
                ErrorKind::NotFound => format!("The folder of {} does not exist; create it first.", file.display()),
                _ => format!("{} can't be written: {error}", part.display()),
            }
        })?;
        Ok(Self(part))
    }

    fn become_the(self, file: &Path, force: bool) -> Result<(), String> {
        let named = if force { fs::rename(&self.0, file) } else { name_without_replacing(&self.0, file) };
        named.and_then(|()| File::open(folder(file))?.sync_all()).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => format!("{} was created meanwhile; choose another name.", file.display()),
            _ => format!("{} can't be written: {error}", file.display()),
        })
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// A rename replaces an existing file; a link does not.
fn name_without_replacing(part: &Path, file: &Path) -> io::Result<()> {
    match fs::hard_link(part, file) {
        // Some file systems have no links.
        Err(error) if error.kind() != ErrorKind::AlreadyExists && !file.exists() => fs::rename(part, file),
        linked => linked,
    }
}

fn folder(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn told(place: &DataLocation, location: &Location, file: &Path, size: u64, holdings: Holdings) -> String {
    let Holdings { orgs, apps, keys, people, events } = holdings;
    format!(
        "Copied {location} to {} ({}), and checked the copy: it is not damaged.\n\
         It contains organizations: {orgs}, apps: {apps}, keys: {keys}, people: {people}, events: {events}.\n{}",
        file.display(),
        shown(size),
        where_the_master_key_is(place)
    )
}

fn where_the_master_key_is(place: &DataLocation) -> String {
    let path = key_path(place);
    let lies = match (&place.master_key, path.exists()) {
        (Some(_), _) => "it is in the environment, SALLYPORT_MASTER_KEY".to_owned(),
        (None, true) => format!("it is in {}", path.display()),
        (None, false) => format!("it should be in {}, but is not there", path.display()),
    };
    format!("The master key is NOT in it: {lies}. Keep a copy of that elsewhere; to restore you need both.")
}

fn shown(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} KB", bytes.div_ceil(1000)),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}

/// A URL for libpq: only its own parameters, and no password.
fn without_password(url: &str) -> Option<String> {
    let mut url = Url::parse(url).ok()?;
    if url.password().is_some() {
        url.set_password(None).ok()?;
    }
    let known = ["host", "port", "dbname", "user", "sslmode", "sslrootcert", "sslcert", "sslkey"];
    let kept: Vec<_> = url.query_pairs().into_owned().filter(|(name, _)| known.contains(&name.as_str())).collect();
    url.set_query(None);
    if !kept.is_empty() {
        url.query_pairs_mut().extend_pairs(kept);
    }
    Some(url.into())
}

/// Quotes a text for a shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:@%+=,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_for_postgres_shows_no_password() {
        for (url, shown) in [
            ("postgres://ada:s3cret@db:5433/keys", "postgres://ada@db:5433/keys"),
            (
                "postgresql://ada@db/keys?password=s3cret&sslmode=require&statement-cache-capacity=0",
                "postgresql://ada@db/keys?sslmode=require",
            ),
            ("postgres:///keys?host=%2Frun%2Fpg", "postgres:///keys?host=%2Frun%2Fpg"),
        ] {
            assert_eq!(without_password(url).as_deref(), Some(shown));
        }
    }

    #[test]
    fn names_are_quoted_for_a_shell() {
        assert_eq!(quoted("/var/backups/a-b.dump"), "/var/backups/a-b.dump");
        assert_eq!(quoted("Ada's copy"), r"'Ada'\''s copy'");
    }

    #[test]
    fn sizes_are_rounded() {
        assert_eq!([shown(1), shown(212_992), shown(12_345_678)], ["1 KB", "213 KB", "12.3 MB"]);
    }
}
