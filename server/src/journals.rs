//! The files of the revocation journal: read before a server or a restore goes on, then appended to.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use sallyport::{
    audit::Act,
    journal::{self, Contents, Damage, Entry, Gap, Journal, JournalFile, Line, first_hole},
    store::{HowToRestore, Reconciled, Store},
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
pub async fn read(folders: Vec<PathBuf>, store: &Store) -> Result<Found, String> {
    let key = store.journal_key();
    let reading = tokio::task::spawn_blocking(move || {
        let mut found = Found::default();
        for folder in folders {
            let path = folder.join(journal::FILE);
            match journal::read(&path, &key) {
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
    /// The lines of all files, each once.
    pub fn lines(&self) -> Vec<Line> {
        let all: BTreeSet<&Line> = self.contents().flat_map(|contents| &contents.lines).collect();
        all.into_iter().cloned().collect()
    }

    /// Whether there is a journal.
    pub fn is_any(&self) -> bool {
        self.contents().next().is_some() || !self.unreadable.is_empty()
    }

    fn contents(&self) -> impl Iterator<Item = &Contents> {
        self.files.iter().filter_map(|(_, contents)| contents.as_ref())
    }

    fn damages(&self) -> impl Iterator<Item = &Damage> {
        self.contents().filter_map(|contents| contents.damage.as_ref())
    }

    /// What is wrong, if no file is whole that is as new as all others.
    pub fn damage(&self) -> Option<Damage> {
        let whole = self.contents().filter(|contents| contents.damage.is_none() && !contents.lines.is_empty());
        let newest = whole.flat_map(|contents| &contents.lines).map(|line| line.revision).max();
        let up_to = self.damages().map(|damage| damage.up_to).max();
        // A whole one that ends before does not say what the damaged one had.
        if newest.is_some() && newest >= up_to {
            return None;
        }
        let is_told = self.damages().all(|damage| !damage.ends.is_empty());
        let of_all = |first: &Damage| Damage {
            why: first.why.clone(),
            up_to: up_to.unwrap_or(i64::MAX),
            ends: if is_told { self.damages().flat_map(|damage| damage.ends.clone()).collect() } else { Vec::new() },
        };
        let unreadable = |why: &String| Damage { why: why.clone(), up_to: i64::MAX, ends: Vec::new() };
        self.damages().next().map(of_all).or_else(|| self.unreadable.first().map(unreadable))
    }

    /// What is wrong with a file although others are whole.
    pub fn warnings(&self) -> impl Iterator<Item = &String> {
        self.damages().map(|damage| &damage.why).chain(&self.unreadable)
    }

    /// The first changes that no journal has, although the journals have older and newer ones.
    pub async fn hole(&self, store: &Store) -> Result<Option<Gap>, String> {
        let database = store.journal_database().await.map_err(|error| error.to_string())?;
        Ok(first_hole(&self.lines(), &database.forks))
    }

    /// The files that nobody can go on with.
    pub fn useless(&self) -> impl Iterator<Item = &Path> {
        let is_useless = |path: &Path, contents: &Option<Contents>| match contents {
            Some(contents) => contents.damage.is_some(),
            // It could not be read.
            None => fs::symlink_metadata(path).is_ok(),
        };
        self.files.iter().filter(move |(path, contents)| is_useless(path, contents)).map(|(path, _)| path.as_path())
    }
}

/// Compares the database with the journals, and applies what it lacks.
pub async fn reconcile(store: &Store, act: &Act, found: &Found, how: HowToRestore) -> Result<Reconciled, String> {
    let how = HowToRestore { damage: found.damage(), ..how };
    store.reconcile(act, &found.lines(), how).await.map_err(|error| error.to_string())
}

/// Whether the database lacks nothing, and no operator has to decide.
pub async fn is_settled(store: &Store, found: &Found) -> Result<bool, String> {
    let settled = store.is_settled(&found.lines(), found.damage().as_ref()).await;
    settled.map_err(|error| error.to_string())
}

/// Goes on with the files after they were compared, with the changes that they lack. Damaged ones are kept under another name.
/// From here on the store appends its changes.
pub async fn begin(store: &Store, found: Found) -> Result<(), String> {
    let key = store.journal_key();
    let database = store.journal_database().await.map_err(|error| error.to_string())?;
    // What the database has and no file: the process was killed, or another one committed it.
    let mut everything: BTreeSet<Line> = found.lines().into_iter().collect();
    if everything.is_empty() {
        let mut lines = store.journal_lines(0).await.map_err(|error| error.to_string())?;
        // What servers of an older version committed is not known.
        let known = lines.iter().rposition(|line| line.entries().is_none()).map_or(0, |last| last + 1);
        lines.drain(..known);
        let before = lines.first().map_or(database.revision, |line| line.revision - 1);
        let at = database.marks.get(&before).copied().unwrap_or(0);
        everything.insert(Line::new(before, at, &[Entry::Begin]));
        everything.extend(lines);
    }
    lacking(store, &mut everything).await?;
    let mut files = Vec::new();
    for (path, contents) in &found.files {
        let is_whole = |contents: &&Contents| contents.damage.is_none() && !contents.lines.is_empty();
        let Some(contents) = contents.as_ref().filter(is_whole) else {
            if contents.is_some() {
                set_aside(path, store)?;
            }
            let mut file = JournalFile::new(path.clone(), key.clone());
            file.owes(everything.iter().cloned());
            files.push(file);
            continue;
        };
        let mut file = JournalFile::after(contents, key.clone());
        let own: BTreeSet<_> = contents.lines.iter().collect();
        let is_begin = |line: &Line| line.entries().is_some_and(|entries| entries == [Entry::Begin]);
        file.owes(everything.iter().filter(|line| !own.contains(line) && !is_begin(line)).cloned());
        files.push(file);
    }
    let claimed = tokio::task::spawn_blocking(move || {
        for file in &mut files {
            file.claim().map_err(|error| format!("The revocation journal {}: {error}.", file.path().display()))?;
        }
        Ok::<_, String>(files)
    });
    let files = claimed.await.map_err(|error| error.to_string())??;
    // Threads of their own: a disk that hangs does not keep the server from starting.
    let journal = Journal::start(files).map_err(|error| format!("The revocation journal can't be started: {error}"))?;
    store.keep_journal(journal);
    // What was committed until then.
    let more = lacking(store, &mut everything).await?;
    store.journal_again(&more).await;
    Ok(())
}

/// Adds what the database has, as far as it is kept, and returns it. Of a change the number alone says nothing: a database that
/// lost changes may have used it again.
async fn lacking(store: &Store, everything: &mut BTreeSet<Line>) -> Result<Vec<Line>, String> {
    let Some(first) = everything.first().map(|line| line.revision) else { return Ok(Vec::new()) };
    let known: BTreeSet<_> = everything.iter().map(|line| (line.revision, line.at)).collect();
    let lines = store.journal_lines(first).await.map_err(|error| error.to_string())?;
    let more: Vec<_> = lines.into_iter().filter(|line| !known.contains(&(line.revision, line.at))).collect();
    everything.extend(more.iter().cloned());
    Ok(more)
}

/// Appends what the journal of this process lacks, after it was compared with a database that had lost changes.
pub async fn go_on(store: &Store, found: &Found) -> Result<(), String> {
    let mut everything: BTreeSet<Line> = found.lines().into_iter().collect();
    let more = lacking(store, &mut everything).await?;
    store.journal_again(&more).await;
    Ok(())
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
