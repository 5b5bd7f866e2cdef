//! A file of breached passwords that an operator provides, in one of two forms, by its first line:
//!
//! - SHA-1 in hexadecimal, a line for each password, sorted: `5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:10437277`, with or without a
//!   count. This is how *Pwned Passwords* are published, ordered by hash. It stays on disk, however large it is.
//! - The passwords themselves, one in a line, in any order: at most 64 MiB, of which 64 bits of each hash are held in memory.
//!   Upper and lower case are the same.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use sha2::{Digest, Sha256};

/// The most bytes of a file of passwords.
const MOST: u64 = 64 * 1024 * 1024;

/// Hexadecimal digits of SHA-1.
const HASH: usize = 40;

/// More than a line with a hash and a count has.
const LINE: usize = 80;

/// Lines of which it is looked whether they are sorted.
const PROBES: u64 = 64;

#[derive(Debug)]
pub struct BreachedFile(Form);

#[derive(Debug)]
enum Form {
    /// Sorted hashes on disk, in so many bytes.
    Hashes(PathBuf),
    /// Sorted.
    Passwords(Vec<u64>),
}

impl BreachedFile {
    /// Opens the file; the error says what is wrong with it.
    pub fn open(path: &Path) -> Result<Self, String> {
        let unreadable = |error: io::Error| format!("{} can't be read: {error}", path.display());
        let mut file = File::open(path).map_err(unreadable)?;
        let length = file.metadata().map_err(unreadable)?.len();
        let first = line_from(&mut file, 0, length).map_err(unreadable)?;
        if first.is_some_and(|(_, line)| hash_of(&line).is_some()) {
            needs_sorted(&mut file, length).map_err(|why| match why {
                Some(error) => unreadable(error),
                None => format!(
                    "{} is not sorted by hash: use the file of Pwned Passwords that is ordered by hash, or sort it",
                    path.display()
                ),
            })?;
            return Ok(Self(Form::Hashes(path.to_owned())));
        }
        if length > MOST {
            return Err(format!(
                "{} has more than 64 MiB of passwords: use their SHA-1 in hexadecimal, sorted, one in a line",
                path.display()
            ));
        }
        file.rewind().map_err(unreadable)?;
        let mut hashes = Vec::new();
        for line in BufReader::new(file).split(b'\n') {
            let line = line.map_err(unreadable)?;
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end_matches('\r');
            if !text.is_empty() {
                hashes.push(short_hash(text));
            }
        }
        hashes.sort_unstable();
        hashes.dedup();
        Ok(Self(Form::Passwords(hashes)))
    }

    /// Whether a password is in it. The file of hashes is opened again, so that it can be replaced.
    pub fn contains(&self, password: &str) -> io::Result<bool> {
        match &self.0 {
            Form::Passwords(hashes) => Ok(hashes.binary_search(&short_hash(password)).is_ok()),
            Form::Hashes(path) => {
                let mut file = File::open(path)?;
                let length = file.metadata()?.len();
                is_among(&mut file, length, &sha1(password.as_bytes()))
            }
        }
    }
}

fn short_hash(password: &str) -> u64 {
    let digest = Sha256::digest(password.to_lowercase().as_bytes());
    digest[..8].iter().fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

fn sha1(bytes: &[u8]) -> String {
    digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref().iter().map(|byte| format!("{byte:02X}")).collect()
}

/// The hash at the beginning of a line, in upper case.
fn hash_of(line: &str) -> Option<String> {
    let hash = line.get(..HASH)?;
    let ends = matches!(line.as_bytes().get(HASH), None | Some(b':' | b'\r'));
    (ends && hash.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| hash.to_ascii_uppercase())
}

/// The first line that begins at this byte or later, and where it begins; `None` at the end. Longer lines than those of hashes are
/// cut.
fn line_from(file: &mut File, at: u64, length: u64) -> io::Result<Option<(u64, String)>> {
    // One byte before: a line begins after its newline.
    let from = at.saturating_sub(1);
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::with_capacity(2 * LINE);
    file.take(2 * LINE as u64).read_to_end(&mut bytes)?;
    let start = match at {
        0 => 0,
        _ => match bytes.iter().position(|byte| *byte == b'\n') {
            Some(newline) => newline + 1,
            None => return Ok(None),
        },
    };
    if from + start as u64 >= length {
        return Ok(None);
    }
    let line = bytes[start..].split(|byte| *byte == b'\n').next().unwrap_or_default();
    Ok(Some((from + start as u64, String::from_utf8_lossy(line).into_owned())))
}

/// A binary search over the bytes of the file.
fn is_among(file: &mut File, length: u64, hash: &str) -> io::Result<bool> {
    let (mut low, mut high) = (0, length);
    while low < high {
        let middle = low.midpoint(high);
        match line_from(file, middle, length)? {
            Some((start, line)) if start < high => match hash_of(&line) {
                Some(found) if found == hash => return Ok(true),
                Some(found) if *found < *hash => low = start + line.len() as u64 + 1,
                Some(_) => high = middle,
                None => return Err(io::Error::new(io::ErrorKind::InvalidData, "a line has no hash")),
            },
            _ => high = middle,
        }
    }
    Ok(false)
}

/// Fails with `None` if some of its lines are not sorted.
fn needs_sorted(file: &mut File, length: u64) -> Result<(), Option<io::Error>> {
    let mut before = String::new();
    for probe in 0..PROBES {
        let at = length / PROBES * probe;
        let Some((_, line)) = line_from(file, at, length).map_err(Some)? else { break };
        let hash = hash_of(&line).ok_or(None)?;
        if hash < before {
            return Err(None);
        }
        before = hash;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(text: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), text).expect("written");
        file
    }

    fn hashes(passwords: &[String], newline: &str, counted: bool) -> Vec<u8> {
        let mut lines: Vec<_> = passwords.iter().map(|password| sha1(password.as_bytes())).collect();
        lines.sort();
        lines.dedup();
        let count = |at: usize| {
            if counted { format!(":{}", 10_u64.pow(u32::try_from(at % 9).expect("few"))) } else { String::new() }
        };
        let lines: Vec<_> =
            lines.iter().enumerate().map(|(at, hash)| format!("{hash}{}{newline}", count(at))).collect();
        lines.concat().into_bytes()
    }

    #[test]
    fn passwords_are_found_in_either_case() {
        let file = file("correct horse battery staple\r\n\r\npaßwort mit umlaut: ä\nlast one".as_bytes());
        let breached = BreachedFile::open(file.path()).expect("good");
        for there in
            ["correct horse battery staple", "Correct Horse Battery Staple", "Paßwort mit Umlaut: Ä", "last one"]
        {
            assert!(breached.contains(there).expect("read"), "{there}");
        }
        for absent in ["", "correct horse battery", "another one"] {
            assert!(!breached.contains(absent).expect("read"), "{absent}");
        }
    }

    #[test]
    fn a_file_that_is_no_list_says_why() {
        let missing = BreachedFile::open(Path::new("/nowhere/at/all")).expect_err("missing");
        assert!(missing.contains("can't be read"), "{missing}");
        let mut lines: Vec<_> = (0..200).map(|number| sha1(&[number])).collect();
        lines.sort();
        lines.reverse();
        let unsorted = BreachedFile::open(file(lines.join("\n").as_bytes()).path()).expect_err("unsorted");
        assert!(unsorted.contains("not sorted by hash"), "{unsorted}");
        assert!(!BreachedFile::open(file(b"").path()).expect("empty").contains("x").expect("read"));
    }

    proptest! {
        #[test]
        fn each_hash_is_found_and_no_other(
            passwords in prop::collection::vec("[a-z]{1,8}", 1..60), others in prop::collection::vec("[A-Z]{1,8}", 20),
            windows: bool, counted: bool,
        ) {
            let file = file(&hashes(&passwords, if windows { "\r\n" } else { "\n" }, counted));
            let breached = BreachedFile::open(file.path()).expect("good");
            for password in &passwords {
                prop_assert!(breached.contains(password).expect("read"), "{password}");
            }
            for other in &others {
                prop_assert!(!breached.contains(other).expect("read"), "{other}");
            }
        }

        #[test]
        fn any_file_is_answered(bytes in prop::collection::vec(any::<u8>(), 0..400), password in ".{0,20}") {
            if let Ok(breached) = BreachedFile::open(file(&bytes).path()) {
                let _ = breached.contains(&password);
            }
        }
    }
}
