//! Appending to a journal's file.

use std::{
    collections::VecDeque,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use super::{
    Contents, Entry, Line,
    key::{JournalKey, Mac, START},
};
use crate::audit::hex;

/// The most lines that wait in memory for a file that can't be written, but for those that it lacked at the start.
const MOST_WAITING: usize = 100_000;
/// So many lines are written with one sync.
const AT_ONCE: usize = 10_000;

/// A file to which lines are appended. It is locked while it is open: no other process writes to it.
pub struct JournalFile {
    path: PathBuf,
    key: JournalKey,
    last: Mac,
    /// Where the last line begins.
    last_at: u64,
    length: u64,
    last_revision: i64,
    /// Number and time of the newest change that was read.
    newest: Option<(i64, i64)>,
    /// Lines that are not written yet.
    waiting: VecDeque<Line>,
    most: usize,
    /// Whether lines were left out, since too many waited.
    has_lost: bool,
    /// Whether this made the file, or read it before.
    is_own: bool,
    file: Option<File>,
}

impl JournalFile {
    /// Goes on after what was read, which is not damaged.
    pub fn after(found: &Contents, key: JournalKey) -> Self {
        let newest = found.lines.iter().max_by_key(|line| line.revision);
        Self {
            last: found.last,
            last_at: found.last_at,
            length: found.length,
            last_revision: newest.map_or(0, |line| line.revision),
            newest: newest.filter(|line| line.at != 0).map(|line| (line.revision, line.at)),
            is_own: true,
            ..Self::new(found.path.clone(), key)
        }
    }

    /// A file that is not there yet.
    pub fn new(path: PathBuf, key: JournalKey) -> Self {
        Self {
            path,
            last: START,
            key,
            last_at: 0,
            length: 0,
            last_revision: 0,
            newest: None,
            waiting: VecDeque::new(),
            most: MOST_WAITING,
            has_lost: false,
            is_own: false,
            file: None,
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The newest change that is in the file.
    pub fn last_revision(&self) -> i64 {
        self.last_revision
    }

    /// Number and time of the newest change that was in it when it was read.
    pub fn newest(&self) -> Option<(i64, i64)> {
        self.newest
    }

    pub fn waiting(&self) -> &VecDeque<Line> {
        &self.waiting
    }

    /// Whether lines were left out, since too many waited: they come back with the next start.
    pub fn has_lost(&self) -> bool {
        self.has_lost
    }

    /// Opens and locks a file that was read before. It is an error only if another process has it: whatever else is wrong may end
    /// by itself.
    pub fn claim(&mut self) -> io::Result<()> {
        if !self.is_own || self.is_open() {
            return Ok(());
        }
        match self.open() {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => Err(error),
            _ => Ok(()),
        }
    }

    /// Notes lines that the file lacked at the start, however many: they are in memory anyway.
    pub fn owes(&mut self, lines: impl IntoIterator<Item = Line>) {
        self.waiting.extend(lines);
        self.most = MOST_WAITING + self.waiting.len();
    }

    /// Notes a line, which [`JournalFile::flush`] writes.
    pub fn push(&mut self, line: Line) {
        if self.waiting.len() >= self.most {
            self.waiting.pop_front();
            self.has_lost = true;
        }
        self.waiting.push_back(line);
    }

    /// Writes what waits, to the disk.
    pub fn flush(&mut self) -> io::Result<()> {
        while !self.waiting.is_empty() {
            if let Err(error) = self.write() {
                // Opened anew the next time, and cut to what is known to be whole.
                self.file = None;
                return Err(error);
            }
        }
        self.most = MOST_WAITING;
        Ok(())
    }

    fn write(&mut self) -> io::Result<()> {
        if !self.is_open() {
            self.open()?;
        }
        let (text, last, last_at) = self.text();
        let Some(file) = &mut self.file else { return Err(io::Error::other("it is not open")) };
        file.write_all(text.as_bytes())?;
        file.sync_data()?;
        (self.last, self.last_at) = (last, self.length + last_at);
        self.length += text.len() as u64;
        let written = self.waiting.drain(..self.waiting.len().min(AT_ONCE));
        self.last_revision = written.map(|line| line.revision).max().unwrap_or(0).max(self.last_revision);
        Ok(())
    }

    /// What is written next, the MAC of its last line, and where in it this begins.
    fn text(&self) -> (String, Mac, u64) {
        let (mut text, mut last, mut last_at) = (String::new(), self.last, 0);
        for line in self.waiting.iter().take(AT_ONCE) {
            last_at = text.len() as u64;
            last = line.write(&self.key, &last, &mut text);
        }
        (text, last, last_at)
    }

    /// Whether the open file is still the one of that name: it may have been moved or deleted.
    fn is_open(&self) -> bool {
        self.file.as_ref().is_some_and(|file| self.is_named(file).unwrap_or(false))
    }

    fn is_named(&self, file: &File) -> io::Result<bool> {
        // Of a link this is the link itself, which is no file of ours.
        let (open, named) = (file.metadata()?, fs::symlink_metadata(&self.path)?);
        Ok((open.dev(), open.ino()) == (named.dev(), named.ino()))
    }

    fn open(&mut self) -> io::Result<()> {
        self.file = None;
        let is_missing = match fs::symlink_metadata(&self.path) {
            Ok(found) if !found.is_file() => return Err(io::Error::other("it is a link or a folder, not a file")),
            Ok(found) if found.len() < self.length => {
                return Err(io::Error::other("somebody else shortened it; move it away, and another is made"));
            }
            Ok(found) if found.len() > 0 && !self.is_own => {
                return Err(io::Error::other(
                    "it is there, but was not read when the server started; restart the server",
                ));
            }
            Ok(_) => false,
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) => return Err(error),
        };
        let mut options = OpenOptions::new();
        let mut file = options.read(true).write(true).create_new(is_missing).mode(0o600).open(&self.path)?;
        if !self.is_named(&file)? {
            return Err(io::Error::other("it was replaced while it was opened"));
        }
        lock(&file)?;
        if is_missing {
            (self.last, self.last_at, self.length, self.is_own) = (START, 0, 0, true);
            let first = self.waiting.front().map_or(0, |line| line.revision);
            let has_begin = self.waiting.front().is_some_and(|line| line.entries() == Some(vec![Entry::Begin]));
            if !has_begin {
                // Nothing is known of the time before it.
                self.waiting.push_front(Line::new(first - 1, 0, &[Entry::Begin]));
            }
            let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        } else {
            self.recognise(&mut file)?;
        }
        // A part of a line at most, or what is written again.
        file.set_len(self.length)?;
        file.seek(SeekFrom::Start(self.length))?;
        self.is_own = true;
        self.file = Some(file);
        Ok(())
    }

    /// Fails unless a file is the one that was written here, and ends where it ended: another may have been brought under its name,
    /// or a disk mounted over it, and nothing is cut off that.
    fn recognise(&self, file: &mut File) -> io::Result<()> {
        if self.length > 0 {
            let mut mac = [0; 32];
            file.seek(SeekFrom::Start(self.last_at))?;
            file.read_exact(&mut mac)?;
            if mac != *hex(&self.last).as_bytes() {
                return Err(io::Error::other(
                    "another file was put under its name; restart the server, which reads it",
                ));
            }
        }
        let mut tail = Vec::new();
        file.seek(SeekFrom::Start(self.length))?;
        file.read_to_end(&mut tail)?;
        // Whole lines that were written here, but maybe not to the disk, are written again.
        if tail.contains(&b'\n') && !self.text().0.as_bytes().starts_with(&tail) {
            return Err(io::Error::other("somebody else wrote to it; restart the server, which reads it"));
        }
        Ok(())
    }
}

fn lock(file: &File) -> io::Result<()> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(io::Error::new(
            io::ErrorKind::ResourceBusy,
            "another server writes to it; each server needs a folder of its own for its journal",
        )),
        Err(TryLockError::Error(error)) => {
            tracing::warn!(%error, "the revocation journal can't be locked on this file system");
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests;
