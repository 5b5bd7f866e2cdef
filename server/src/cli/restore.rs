//! `sallyport restore FILE`: puts a backup back, takes away again what was taken away since, and only then replaces the
//! database.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use sallyport::{
    clock::SystemClock,
    entropy::OsEntropy,
    journal::Line,
    store::{HowToRestore, Location, Reconciled, Restored, Store, inspect_copy, lines_of_sqlite},
};

use super::{
    act,
    restored::{portal, tell},
    said,
};
use crate::{
    config::{DataLocation, Where},
    data_dir::{DataDir, ServerLock, location},
    journals,
};

#[derive(Args)]
pub struct RestoreArgs {
    /// A backup that `sallyport backup` made
    #[arg(value_name = "FILE", required_unless_present = "after_pg_restore")]
    file: Option<PathBuf>,
    /// The database is in PostgreSQL, and pg_restore put the backup into it
    #[arg(long, conflicts_with = "file")]
    after_pg_restore: bool,
    /// Another folder with a revocation journal, such as that of another node
    #[arg(long, value_name = "DIR")]
    journal: Vec<PathBuf>,
    /// There is no journal: keys that were revoked since the backup are valid again
    #[arg(long)]
    without_journal: bool,
    /// Go on although changes are in no journal, and say why for the activity
    #[arg(long, value_name = "REASON")]
    accept: Option<String>,
}

pub async fn run(settings: &Where, args: RestoreArgs) -> Result<(), String> {
    let place = settings.place()?;
    match (location(&place)?, &args.file) {
        (Location::Sqlite(database), Some(file)) => {
            let file = file.clone();
            into_sqlite(settings, &place, &database, &file, args).await
        }
        (Location::Sqlite(_), None) => {
            Err("The data is in SQLite: name a backup, as in `sallyport restore FILE`.".to_owned())
        }
        (Location::Postgres(_), None) => into_postgres(settings, &place, args).await,
        (Location::Postgres(_), Some(file)) => Err(format!(
            "The data is in PostgreSQL, which has its own tool for this. End all servers, restore into a new database, then let \
             Sallyport compare it with the revocation journals:\n\n  pg_restore --no-owner --exit-on-error --dbname=URL {}\n  \
             sallyport restore --after-pg-restore",
            file.display()
        )),
    }
}

async fn into_sqlite(
    settings: &Where,
    place: &DataLocation,
    database: &Path,
    file: &Path,
    args: RestoreArgs,
) -> Result<(), String> {
    say!("1/5 Checking {} …", file.display());
    if !file.is_file() {
        return Err(format!("{} is not a file.", file.display()));
    }
    for end in ["-wal", "-journal"] {
        let more = beside(file, end);
        if fs::metadata(&more).is_ok_and(|found| found.len() > 0) {
            return Err(format!(
                "{} holds commits that are not in {} yet: this is a database that was in use, no backup. Copy both files to an empty \
                 folder, make a backup there (`sallyport backup --data FOLDER FILE`), and restore that. Nothing was changed.",
                more.display(),
                file.display()
            ));
        }
    }
    let unreadable = |error: sallyport::Error| format!("{} is not a backup of Sallyport: {error}", file.display());
    let (damages, holdings) = inspect_copy(file).await.map_err(unreadable)?;
    if let Some(damage) = damages.first() {
        return Err(format!("{} is damaged: {damage}. Nothing was changed; try an earlier backup.", file.display()));
    }
    say!("    organizations: {}, keys: {}, people: {}", holdings.orgs, holdings.keys, holdings.people);
    if !place.data.exists() {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&place.data);
        made.map_err(|error| format!("The data folder {} can't be made: {error}", place.data.display()))?;
    }
    let _lock = ServerLock::take(&place.data)?;

    say!("2/5 Copying it into {} …", place.data.display());
    let part = Part::copy(file, database)?;
    let data = DataDir::with_database(place, Location::Sqlite(part.0.clone()))?;
    let store = data.open_and_migrate(Arc::new(SystemClock), Arc::new(OsEntropy)).await?;

    say!("3/5 Reading the revocation journal …");
    let mut of_replaced = Vec::new();
    if fs::metadata(database).is_ok_and(|found| found.len() > 0) {
        match lines_of_sqlite(database).await {
            Ok(lines) => of_replaced = lines,
            Err(error) => say!("    The database that is replaced can't be read ({error}); the journal alone counts."),
        }
    }
    let compared = restored(settings, place, &store, of_replaced, args).await;
    store.close().await;
    let (restored, useless) = compared?;

    say!("5/5 Replacing the database …");
    let kept = part.replace(database, store.now().micros())?;
    tell(&restored)?;
    set_aside(&useless, &store)?;
    if let Some(kept) = kept {
        say!("The database from before is in {}; delete it when you don't need it any more.", kept.display());
    }
    say!("Done. Start the server.");
    Ok(())
}

async fn into_postgres(settings: &Where, place: &DataLocation, args: RestoreArgs) -> Result<(), String> {
    say!("1/3 Opening the database …");
    let data = DataDir::find(place).await?;
    let _lock = ServerLock::take(&place.data)?;
    let store = data.open_and_migrate(Arc::new(SystemClock), Arc::new(OsEntropy)).await?;
    let nodes = store.nodes().await.map_err(said)?;
    if let Some(node) = nodes.iter().find(|node| node.lease.is_some_and(|lease| !lease.is_zero())) {
        let error = format!(
            "A server serves this database ({}): end all servers first. Nothing was taken away again.",
            node.address
        );
        store.close().await;
        return Err(error);
    }
    say!("2/3 Reading the revocation journal …");
    let compared = restored(settings, place, &store, Vec::new(), args).await;
    store.close().await;
    let (restored, useless) = compared?;
    tell(&restored)?;
    set_aside(&useless, &store)?;
    say!("Done. Start the servers.");
    Ok(())
}

/// A server that starts with a file that it can't read would ask for a decision again.
fn set_aside(useless: &[PathBuf], store: &Store) -> Result<(), String> {
    for path in useless {
        journals::set_aside(path, store)?;
        say!("{} can't be gone on with, and is kept beside it under another name.", path.display());
    }
    Ok(())
}

/// Compares, and applies what is missing. Also returns the files of this installation that an operator decided to go on without.
async fn restored(
    settings: &Where,
    place: &DataLocation,
    store: &Store,
    more: Vec<Line>,
    args: RestoreArgs,
) -> Result<(Restored, Vec<PathBuf>), String> {
    let own = journals::folders(place);
    let folders = own.iter().cloned().chain(args.journal).collect();
    let found = journals::read(folders, store).await?;
    for warning in found.warnings() {
        say!("    {warning}");
    }
    if !found.is_any() && more.is_empty() && !args.without_journal {
        return Err(format!(
            "There is no revocation journal in {}, so keys that were revoked after the backup would be valid again. Put the \
             journal there, name its folder with --journal, or go on with --without-journal. Nothing was changed.",
            place.data.display()
        ));
    }
    if found.is_any() && args.without_journal {
        return Err("There is a revocation journal, so leave out --without-journal. If it is damaged or has a gap, the restore says so, \
                    and goes on with --accept REASON. Nothing was changed."
            .to_owned());
    }
    let lines: Vec<_> = found.lines().into_iter().chain(more).collect();
    say!("4/5 Taking away again what was taken away since …");
    let how = HowToRestore {
        portal: portal(settings, store).await?,
        is_restore: true,
        accepted: args.accept.or(args.without_journal.then(|| "restored without a journal".to_owned())),
        damage: found.damage(),
    };
    // Those of other folders stay as they are.
    let is_own = |path: &&Path| own.iter().any(|folder| path.parent() == Some(folder.as_path()));
    let useless = found.useless().filter(is_own).filter(|_| how.accepted.is_some()).map(Path::to_path_buf).collect();
    match store.reconcile(&act(), &lines, how).await.map_err(said)? {
        Reconciled::Restored(restored) => Ok((restored, useless)),
        Reconciled::Same => Ok((Restored::default(), useless)),
        Reconciled::Quarantined { why } => {
            let done = match args.file {
                Some(_) => "The database was not replaced.",
                None => "What is known was taken away again; no server judges keys with this database until then.",
            };
            Err(format!(
                "{why} Name a folder with a journal that has them with --journal, or go on with --accept REASON if nothing was taken \
                 away by them. {done}"
            ))
        }
    }
}

/// The files of a SQLite database.
const ENDS: [&str; 4] = ["", "-wal", "-shm", "-journal"];

/// The copy, until it is the database.
struct Part(PathBuf);

impl Part {
    fn copy(file: &Path, database: &Path) -> Result<Self, String> {
        let part = PathBuf::from(format!("{}.restoring", database.display()));
        let failed = |error: io::Error| format!("{} can't be written: {error}", part.display());
        // Left by a restore that was killed.
        let kept = Self(part.clone());
        kept.remove();
        let mut to = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part).map_err(failed)?;
        let mut from = File::open(file).map_err(|error| format!("{} can't be read: {error}", file.display()))?;
        io::copy(&mut from, &mut to).and_then(|_| to.flush()).and_then(|()| to.sync_all()).map_err(failed)?;
        Ok(kept)
    }

    /// The files of the database before are kept in a folder, which is returned. Whenever this is killed, there is either that
    /// database or this one, or the server does not start and says why.
    fn replace(self, database: &Path, now: i64) -> Result<Option<PathBuf>, String> {
        let failed = |error: io::Error| format!("The database can't be replaced: {error}");
        let folder = database.parent().unwrap_or(Path::new("."));
        if fs::metadata(beside(&self.0, "-wal")).is_ok_and(|left| left.len() > 0) {
            return Err("The copy could not be closed. Nothing was replaced; try again.".to_owned());
        }
        for end in ["-wal", "-shm"] {
            let _ = fs::remove_file(beside(&self.0, end));
        }
        File::open(&self.0).and_then(|part| part.sync_all()).map_err(failed)?;
        // A log of the database before would be read as one of this one. The database first: until its log is away, too, a server
        // that is started says that it is missing.
        let mut kept: Option<PathBuf> = None;
        for end in ENDS {
            let from = beside(database, end);
            if fs::symlink_metadata(&from).is_err() {
                continue;
            }
            if kept.is_none() {
                let to = folder.join(format!("replaced-{now}"));
                fs::DirBuilder::new().mode(0o700).create(&to).map_err(failed)?;
                kept = Some(to);
            }
            let Some(to) = &kept else { continue };
            let Some(name) = from.file_name() else { continue };
            fs::rename(&from, to.join(name)).map_err(failed)?;
        }
        if let Some(kept) = &kept {
            File::open(kept).and_then(|kept| kept.sync_all()).map_err(failed)?;
        }
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        if let Some(left) = ENDS.iter().map(|end| beside(database, end)).find(|left| fs::symlink_metadata(left).is_ok())
        {
            return Err(format!("Somebody made {} meanwhile; end whatever uses it, and try again.", left.display()));
        }
        // What was moved is away before the copy takes its place.
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        fs::rename(&self.0, database).and_then(|()| File::open(folder)?.sync_all()).map_err(failed)?;
        Ok(kept)
    }

    fn remove(&self) {
        for end in ENDS {
            let _ = fs::remove_file(beside(&self.0, end));
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.remove();
    }
}

fn beside(path: &Path, end: &str) -> PathBuf {
    PathBuf::from(format!("{}{end}", path.display()))
}
