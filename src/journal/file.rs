//! A journal's file: reading it as a whole, and appending to it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use super::{
    Entry, Line,
    line::{Mac, START},
};
use crate::vault::Vault;

/// The most lines that wait in memory for a file that can't be written.
const MOST_WAITING: usize = 100_000;

/// What was read.
#[derive(Clone, Debug)]
pub struct Contents {
    pub path: PathBuf,
    pub lines: Vec<Line>,
    /// Where a line is not what was written, if one is not: it and all that follow are not in `lines`.
    pub damage: Option<String>,
    /// The newest change that a line has which is not in `lines`. Whether that is true is not known.
    pub damaged_up_to: i64,
    last: Mac,
    /// The bytes of `lines`. After them may be a part of a line: the process was killed while it wrote.
    length: u64,
}

/// Reads a file as a whole; `None` if there is none.
pub fn read(path: &Path, vault: &Vault) -> io::Result<Option<Contents>> {
    let mut bytes = Vec::new();
    match File::open(path) {
        Ok(mut file) => file.read_to_end(&mut bytes)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut found =
        Contents { path: path.to_owned(), lines: Vec::new(), damage: None, damaged_up_to: 0, last: START, length: 0 };
    // The last piece has no end: it is empty, or a part of a line.
    let pieces: Vec<_> = bytes.split(|byte| *byte == b'\n').collect();
    for (n, piece) in pieces[..pieces.len() - 1].iter().enumerate() {
        let text = std::str::from_utf8(piece).ok();
        let Some((line, mac)) = text.and_then(|text| Line::read(vault, &found.last, text)) else {
            found.damage = Some(if n == 0 {
                format!("{} was written under another master key, or is damaged", path.display())
            } else {
                format!("{} is damaged in line {}", path.display(), n + 1)
            });
            found.damaged_up_to = pieces[n..].iter().filter_map(|piece| revision(piece)).max().unwrap_or(0);
            break;
        };
        found.length += piece.len() as u64 + 1;
        found.last = mac;
        found.lines.push(line);
    }
    Ok(Some(found))
}

/// Of a line that is not trusted.
fn revision(piece: &[u8]) -> Option<i64> {
    std::str::from_utf8(piece).ok()?.split(' ').nth(1)?.parse().ok()
}

/// A file to which lines are appended.
pub struct JournalFile {
    path: PathBuf,
    vault: Vault,
    last: Mac,
    length: u64,
    last_revision: i64,
    /// Lines that are not written yet.
    waiting: Vec<Line>,
    /// Whether this made the file, or read it before.
    is_own: bool,
    file: Option<File>,
}

impl JournalFile {
    /// Goes on after what was read, which is not damaged.
    pub fn after(found: &Contents, vault: Vault) -> Self {
        let last_revision = found.lines.iter().map(|line| line.revision).max().unwrap_or(0);
        Self {
            last: found.last,
            length: found.length,
            last_revision,
            is_own: true,
            ..Self::new(found.path.clone(), vault)
        }
    }

    /// A file that is not there yet.
    pub fn new(path: PathBuf, vault: Vault) -> Self {
        Self { path, vault, last: START, length: 0, last_revision: 0, waiting: Vec::new(), is_own: false, file: None }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The newest change that is in the file.
    pub fn last_revision(&self) -> i64 {
        self.last_revision
    }

    pub fn waiting(&self) -> &[Line] {
        &self.waiting
    }

    /// Notes a line, which [`JournalFile::flush`] writes.
    pub fn push(&mut self, line: Line) {
        if self.waiting.len() >= MOST_WAITING {
            self.waiting.remove(0);
        }
        self.waiting.push(line);
    }

    /// Writes what waits, to the disk.
    pub fn flush(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let written = self.write();
        if written.is_err() {
            // Opened anew the next time, and cut to what is known to be whole.
            self.file = None;
        }
        written
    }

    fn write(&mut self) -> io::Result<()> {
        if !self.is_open() {
            self.open()?;
        }
        let Some(file) = &mut self.file else { return Err(io::Error::other("it is not open")) };
        let (mut text, mut last) = (String::new(), self.last);
        for line in &self.waiting {
            last = line.write(&self.vault, &last, &mut text);
        }
        file.write_all(text.as_bytes())?;
        file.sync_data()?;
        self.last = last;
        self.length += text.len() as u64;
        let newest = self.waiting.iter().map(|line| line.revision).max().unwrap_or(0);
        self.last_revision = self.last_revision.max(newest);
        self.waiting.clear();
        Ok(())
    }

    /// Whether the open file is still the one of that name: it may have been moved or deleted.
    fn is_open(&self) -> bool {
        let Some(file) = &self.file else { return false };
        match (file.metadata(), fs::metadata(&self.path)) {
            (Ok(open), Ok(named)) => (open.dev(), open.ino()) == (named.dev(), named.ino()),
            _ => false,
        }
    }

    fn open(&mut self) -> io::Result<()> {
        self.file = None;
        let is_missing = match fs::metadata(&self.path) {
            Ok(found) if found.len() < self.length => {
                return Err(io::Error::other("somebody else shortened it; move it away, and another is made"));
            }
            Ok(found) if self.length == 0 && found.len() > 0 && !self.is_own => {
                return Err(io::Error::other(
                    "it is there, but was not read when the server started; restart the server",
                ));
            }
            Ok(_) => false,
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) => return Err(error),
        };
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(false).mode(0o600).open(&self.path)?;
        if is_missing {
            (self.last, self.length, self.is_own) = (START, 0, true);
            let first = self.waiting.first().map_or(0, |line| line.revision);
            let has_begin = self.waiting.first().is_some_and(|line| line.entries() == Some(vec![Entry::Begin]));
            if !has_begin {
                // Nothing is known of the time before it.
                self.waiting.insert(0, Line::new(first - 1, 0, &[Entry::Begin]));
            }
            let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        }
        file.set_len(self.length)?;
        file.seek(SeekFrom::Start(self.length))?;
        self.file = Some(file);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{testing::SeededEntropy, vault::MasterKey};

    fn vault(seed: u64) -> Vault {
        Vault::new(&MasterKey::mint(&SeededEntropy::new(seed)))
    }

    fn line(revision: i64) -> Line {
        Line::new(revision, revision * 10, &[Entry::RootTokenRevoked { id: format!("token_{revision}") }])
    }

    fn written(path: &Path, revisions: std::ops::RangeInclusive<i64>) -> JournalFile {
        let mut file = JournalFile::new(path.to_owned(), vault(1));
        file.push(Line::new(revisions.start() - 1, 0, &[Entry::Begin]));
        revisions.for_each(|revision| file.push(line(revision)));
        file.flush().expect("written");
        file
    }

    fn found(path: &Path) -> Contents {
        read(path, &vault(1)).expect("readable").expect("there")
    }

    #[test]
    fn what_is_written_is_read_again_and_goes_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(super::super::FILE);
        assert!(read(&path, &vault(1)).expect("no error").is_none());
        written(&path, 1..=3);
        let mut again = JournalFile::after(&found(&path), vault(1));
        assert_eq!(again.last_revision(), 3);
        again.push(line(4));
        again.flush().expect("written");
        let all = found(&path);
        assert_eq!(all.lines[1..], [line(1), line(2), line(3), line(4)]);
        assert_eq!(all.damage, None);
        assert!(read(&path, &vault(2)).expect("readable").expect("there").damage.is_some(), "another master key");
    }

    #[test]
    fn a_file_that_vanished_is_made_anew_and_says_that_it_begins() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(super::super::FILE);
        let mut file = written(&path, 1..=3);
        fs::remove_file(&path).expect("removed");
        file.push(line(4));
        file.flush().expect("written");
        assert_eq!(found(&path).lines, [Line::new(3, 0, &[Entry::Begin]), line(4)]);
    }

    #[test]
    fn what_could_not_be_written_is_written_later() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("elsewhere").join(super::super::FILE);
        let mut file = JournalFile::new(path.clone(), vault(1));
        file.push(line(7));
        assert!(file.flush().is_err());
        assert_eq!(file.waiting(), [line(7)]);
        fs::create_dir(path.parent().expect("a folder")).expect("made");
        file.push(line(8));
        file.flush().expect("written");
        assert_eq!(found(&path).lines[1..], [line(7), line(8)]);
    }

    proptest! {
        /// A kill leaves a beginning of the file; anything else is found.
        #[test]
        fn a_cut_is_no_damage_and_a_flipped_bit_is(cut in 0_usize..700, at in 0_usize..700, bit in 0_u8..8) {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join(super::super::FILE);
            written(&path, 1..=6);
            let whole = found(&path).lines;
            let bytes = fs::read(&path).expect("there");
            fs::write(&path, &bytes[..cut.min(bytes.len())]).expect("written");
            let kept = found(&path);
            prop_assert!(kept.damage.is_none() && whole.starts_with(&kept.lines));
            let mut file = JournalFile::after(&kept, vault(1));
            file.push(line(9));
            file.flush().expect("written");
            let after = found(&path);
            prop_assert!(after.damage.is_none() && after.lines.last() == Some(&line(9)));

            let mut flipped = bytes.clone();
            flipped[at % bytes.len()] ^= 1 << bit;
            fs::write(&path, &flipped).expect("written");
            let kept = found(&path);
            prop_assert!(whole.starts_with(&kept.lines) && kept.lines.len() < whole.len());
        }
    }
}
