//! Appends lines on threads of their own, one for each file: a disk that hangs delays a revocation for a moment only.

use std::{
    io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

use tokio::{
    sync::oneshot,
    time::{Instant, timeout_at},
};

use super::{JournalFile, Line};
use crate::Timestamp;

/// How long a commit waits for the disks.
const LIMIT: Duration = Duration::from_secs(2);
/// How often what could not be written is tried again.
const AGAIN: Duration = Duration::from_secs(1);
/// A disk that takes longer hangs.
const HANGS: Duration = Duration::from_secs(5);
/// The most commits that wait for a disk that hangs. More are left out of this file until the server starts again.
const MOST_QUEUED: usize = 10_000;

/// The journal of this process.
pub struct Journal {
    writers: Vec<Writer>,
    /// Number and time of the newest change that it was given.
    newest: Mutex<Option<(i64, i64)>>,
}

struct Writer {
    path: PathBuf,
    tell: mpsc::SyncSender<Told>,
    state: Arc<Mutex<State>>,
}

struct Told {
    lines: Vec<Line>,
    written: oneshot::Sender<bool>,
}

#[derive(Default)]
struct State {
    last_revision: i64,
    /// The newest that it was given.
    given: i64,
    error: Option<String>,
    /// When the oldest line was committed that is not written.
    since: Option<i64>,
    /// Its disk did not answer in time: nobody waits for it until it does.
    is_stuck: bool,
    /// Lines were left out of the file, since too many waited.
    has_lost: bool,
}

/// Whether a file has all lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileStatus {
    pub path: PathBuf,
    /// The newest change in it.
    pub last_revision: i64,
    /// Why it can't be written, if it can't.
    pub error: Option<String>,
    /// When the oldest change was committed that it lacks, in microseconds.
    pub since: Option<i64>,
}

/// Whether all files have all lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JournalStatus {
    pub files: Vec<FileStatus>,
}

impl JournalStatus {
    /// When the oldest change was committed that a file lacks.
    pub fn lacks_since(&self) -> Option<i64> {
        self.files.iter().filter_map(|file| file.since).min()
    }

    /// What keeps a file from having all lines, if something does.
    pub fn wrong(&self, now: Timestamp) -> Option<String> {
        self.files.iter().find_map(|file| {
            let late = file.since.map(|since| now.since(Timestamp::from_micros(since)));
            let why = match (&file.error, late) {
                (Some(error), _) => format!("can't be written: {error}"),
                (None, Some(late)) if late > HANGS => format!("was not written for {} seconds", late.as_secs()),
                _ => return None,
            };
            Some(format!("the revocation journal {} {why}", file.path.display()))
        })
    }
}

impl Journal {
    /// Starts a thread for each file.
    pub fn start(files: Vec<JournalFile>) -> io::Result<Self> {
        let newest = files.iter().filter_map(JournalFile::newest).max();
        let writers = files.into_iter().map(Writer::start).collect::<io::Result<_>>()?;
        Ok(Self { writers, newest: Mutex::new(newest) })
    }

    /// Appends lines to all files; returns whether they, and all before them, are on all disks. If not, they are tried again.
    pub async fn append(&self, lines: &[Line]) -> bool {
        if let Some(line) = lines.iter().max_by_key(|line| line.revision) {
            let mut newest = lock(&self.newest);
            *newest = (*newest).max(Some((line.revision, line.at)));
        }
        let waits: Vec<_> = self.writers.iter().map(|writer| (writer, writer.tell(lines.to_vec()))).collect();
        let mut is_written = !waits.is_empty();
        let until = Instant::now() + LIMIT;
        for (writer, wait) in waits {
            is_written &= match wait {
                Some(wait) => match timeout_at(until, wait).await {
                    Ok(written) => written.unwrap_or(false),
                    Err(_) => {
                        lock(&writer.state).is_stuck = true;
                        false
                    }
                },
                None => false,
            };
        }
        is_written
    }

    /// Number and time of the newest change that it was given.
    pub fn newest(&self) -> Option<(i64, i64)> {
        *lock(&self.newest)
    }

    /// Whether all files have all changes up to this one.
    pub fn has(&self, revision: i64) -> bool {
        self.writers.iter().all(|writer| lock(&writer.state).last_revision >= revision)
    }

    pub fn status(&self) -> JournalStatus {
        JournalStatus { files: self.writers.iter().map(Writer::status).collect() }
    }
}

impl Writer {
    fn start(file: JournalFile) -> io::Result<Self> {
        let (tell, told) = mpsc::sync_channel(MOST_QUEUED);
        let state = State { last_revision: file.last_revision(), ..State::default() };
        let (path, state) = (file.path().to_owned(), Arc::new(Mutex::new(state)));
        let shared = Arc::clone(&state);
        thread::Builder::new().name("journal".to_owned()).spawn(move || run(file, &told, &shared))?;
        Ok(Self { path, tell, state })
    }

    /// What to wait for; nothing if the disk hangs.
    fn tell(&self, lines: Vec<Line>) -> Option<oneshot::Receiver<bool>> {
        let (written, wait) = oneshot::channel();
        // Also while its disk hangs, the oldest that is missing is known.
        let mut state = lock(&self.state);
        let newest = lines.iter().map(|line| line.revision).max().unwrap_or(0);
        state.given = state.given.max(newest);
        if let (None, Some(first)) = (state.since, lines.first()) {
            state.since = Some(first.at);
        }
        let has_lines = !lines.is_empty();
        if self.tell.try_send(Told { lines, written }).is_err() {
            state.has_lost |= has_lines;
            return None;
        }
        (!state.is_stuck).then_some(wait)
    }

    fn status(&self) -> FileStatus {
        let state = lock(&self.state);
        FileStatus {
            path: self.path.clone(),
            last_revision: state.last_revision,
            error: match state.has_lost {
                true => Some("it lacks changes, since too many waited; restart the server".to_owned()),
                false => state.error.clone(),
            },
            since: state.since,
        }
    }
}

/// Until the journal is dropped. Everything that waits is written at once, with one sync.
fn run(mut file: JournalFile, told: &mpsc::Receiver<Told>, state: &Mutex<State>) {
    loop {
        let first = match told.recv_timeout(AGAIN) {
            Ok(first) => Some(first),
            Err(mpsc::RecvTimeoutError::Timeout) => None,
            Err(mpsc::RecvTimeoutError::Disconnected) => return drop(file.flush()),
        };
        let mut waits = Vec::new();
        for Told { lines, written } in first.into_iter().chain(told.try_iter()) {
            lines.into_iter().for_each(|line| file.push(line));
            waits.push(written);
        }
        if file.waiting().is_empty() {
            lock(state).is_stuck = false;
            for written in waits {
                let _ = written.send(true);
            }
            continue;
        }
        let flushed = file.flush();
        {
            let mut state = lock(state);
            state.last_revision = file.last_revision();
            (state.is_stuck, state.has_lost) = (false, state.has_lost || file.has_lost());
            match (&flushed, &state.error) {
                (Ok(()), Some(_)) => {
                    tracing::info!(file = %file.path().display(), "the revocation journal is written again")
                }
                (Err(error), None) => {
                    tracing::error!(file = %file.path().display(), %error, "the revocation journal can't be written");
                }
                _ => {}
            }
            state.error = flushed.as_ref().err().map(ToString::to_string);
            state.since = match file.waiting().front() {
                Some(line) => Some(line.at),
                None if state.given > state.last_revision => state.since,
                None => None,
            };
        }
        for written in waits {
            let _ = written.send(flushed.is_ok());
        }
    }
}

fn lock<T>(state: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
