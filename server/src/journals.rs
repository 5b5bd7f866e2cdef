//! The files of the revocation journal: read before a server or a restore goes on, then appended to.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use sallyport::{
    audit::Act,
    journal::{self, Compared, Contents, Entry, Journal, JournalFile, Line, compare},
    store::{HowToRestore, Reconciled, Store},
    vault::Vault,
};

use crate::config::DataLocation;

/// The folders in which this installation keeps it.
pub fn folders(place: &DataLocation) -> Vec<PathBuf> {
    let second = place.journal.clone().filter(|second| *second != place.data);
    [place.data.clone()].into_iter().chain(second).collect()
}

/// What was found in some folders.
#[derive(Debug, Default)]
pub struct Found {
    /// Each file's path, and what is in it.
    files: Vec<(PathBuf, Option<Contents>)>,
    /// Files that could not be read.
    unreadable: Vec<String>,
}

/// Reads the journals in these folders.
pub async fn read(folders: Vec<PathBuf>, vault: Vault) -> Result<Found, String> {
    let reading = tokio::task::spawn_blocking(move || {
        let mut found = Found::default();
        for folder in folders {
            let path = folder.join(journal::FILE);
            match journal::read(&path, &vault) {
                Ok(contents) => found.files.push((path, contents)),
                Err(error) => {
                    found.unreadable.push(format!("{}: {error}", path.display()));
                    // Tried again, and alarmed about.
                    found.files.push((path, None));
                }
            }
        }
        found
    });
    reading.await.map_err(|error| format!("The revocation journal can't be read: {error}"))
}

impl Found {
    /// The lines of all files.
    pub fn lines(&self) -> Vec<Line> {
        self.contents().flat_map(|contents| contents.lines.clone()).collect()
    }

    /// Whether there is a journal.
    pub fn is_any(&self) -> bool {
        self.contents().next().is_some() || !self.unreadable.is_empty()
    }

    fn contents(&self) -> impl Iterator<Item = &Contents> {
        self.files.iter().filter_map(|(_, contents)| contents.as_ref())
    }

    /// What is wrong, if no file is whole that is as new as all others.
    pub fn damage(&self) -> Option<String> {
        let whole = self.contents().filter(|contents| contents.damage.is_none() && !contents.lines.is_empty());
        let newest = whole.flat_map(|contents| &contents.lines).map(|line| line.revision).max();
        // A whole one that ends before does not say what the damaged one had.
        let lost = self.contents().map(|contents| contents.damaged_up_to).max();
        if newest.is_some() && newest >= lost {
            return None;
        }
        let damaged = self.contents().find_map(|contents| contents.damage.clone());
        damaged.or_else(|| self.unreadable.first().cloned())
    }

    /// What is wrong with a file although others are whole.
    pub fn warnings(&self) -> impl Iterator<Item = &String> {
        self.contents().filter_map(|contents| contents.damage.as_ref()).chain(&self.unreadable)
    }
}

/// Compares the database with the journals, and applies what it lacks.
pub async fn reconcile(store: &Store, act: &Act, found: &Found, how: HowToRestore) -> Result<Reconciled, String> {
    let how = HowToRestore { damage: found.damage(), ..how };
    store.reconcile(act, &found.lines(), how).await.map_err(|error| error.to_string())
}

/// Whether the database lacks nothing, and no operator has to decide.
pub async fn is_settled(store: &Store, found: &Found) -> Result<bool, String> {
    let database = store.journal_database().await.map_err(|error| error.to_string())?;
    Ok(found.damage().is_none() && compare(&found.lines(), &database) == Compared::Same)
}

/// Goes on with the files after they were compared, with the changes that they lack. Damaged ones are kept under another name.
pub async fn begin(store: &Store, found: Found) -> Result<Journal, String> {
    let database = store.journal_database().await.map_err(|error| error.to_string())?;
    // What the database has and no file: the process was killed, or another one committed it.
    let mut everything: BTreeSet<Line> = found.lines().into_iter().collect();
    if let Some(first) = everything.first().map(|line| line.revision) {
        let known: BTreeSet<_> = everything.iter().map(|line| line.revision).collect();
        let lines = store.journal_lines(first).await.map_err(|error| error.to_string())?;
        everything.extend(lines.into_iter().filter(|line| !known.contains(&line.revision)));
    } else {
        let at = database.marks.get(&database.revision).copied().unwrap_or(0);
        everything.insert(Line::new(database.revision, at, &[Entry::Begin]));
        everything.extend(store.journal_lines(database.revision).await.map_err(|error| error.to_string())?);
    }
    let mut files = Vec::new();
    for (path, contents) in &found.files {
        let is_whole = |contents: &&Contents| contents.damage.is_none() && !contents.lines.is_empty();
        let Some(contents) = contents.as_ref().filter(is_whole) else {
            if contents.is_some() {
                set_aside(path, store)?;
            }
            let mut file = JournalFile::new(path.clone(), store.vault().clone());
            everything.iter().for_each(|line| file.push(line.clone()));
            files.push(file);
            continue;
        };
        let mut file = JournalFile::after(contents, store.vault().clone());
        let own: BTreeSet<_> = contents.lines.iter().collect();
        let is_begin = |line: &Line| line.entries().is_some_and(|entries| entries == [Entry::Begin]);
        let lacks = everything.iter().filter(|line| !own.contains(line) && !is_begin(line));
        lacks.for_each(|line| file.push(line.clone()));
        files.push(file);
    }
    // Threads of their own: a disk that hangs does not keep the server from starting.
    let journal = Journal::start(files).map_err(|error| format!("The revocation journal can't be started: {error}"))?;
    journal.append(&[]).await;
    Ok(journal)
}

/// Renames a file that nobody goes on with.
pub fn set_aside(path: &Path, store: &Store) -> Result<(), String> {
    let to = PathBuf::from(format!("{}.aside-{}", path.display(), store.now().micros()));
    match fs::rename(path, &to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(format!("{} can't be renamed to {}: {error}", path.display(), to.display()))
        }
        _ => Ok(()),
    }
}
