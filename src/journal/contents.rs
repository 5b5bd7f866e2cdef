//! Reading a journal's file as a whole.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use super::{
    Line,
    key::{JournalKey, Mac, START},
};

/// What was read.
#[derive(Clone, Debug)]
pub struct Contents {
    pub path: PathBuf,
    pub lines: Vec<Line>,
    /// Where a line is not what was written, if one is not: it and all that follow are not in `lines`.
    pub damage: Option<Damage>,
    pub(super) last: Mac,
    /// Where the last of `lines` begins.
    pub(super) last_at: u64,
    /// The bytes of `lines`. After them may be a part of a line: the process was killed while it wrote.
    pub(super) length: u64,
}

/// A part of a journal is not what was written. What is said of it here is not known to be true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    pub why: String,
    /// The newest change that it may have; the largest number if that can't be told.
    pub up_to: i64,
    /// Number and time of the last line of each damaged file; empty if that can't be told of all.
    pub ends: Vec<(i64, i64)>,
}

/// Reads a file as a whole; `None` if there is none.
pub fn read(path: &Path, key: &JournalKey) -> io::Result<Option<Contents>> {
    let mut bytes = Vec::new();
    match fs::symlink_metadata(path) {
        Ok(found) if !found.is_file() => return Err(io::Error::other("it is a link or a folder, not a file")),
        Ok(_) => File::open(path)?.read_to_end(&mut bytes)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut found =
        Contents { path: path.to_owned(), lines: Vec::new(), damage: None, last: START, last_at: 0, length: 0 };
    // The last piece has no end: it is empty, or a part of a line.
    let pieces: Vec<_> = bytes.split(|byte| *byte == b'\n').collect();
    let whole = &pieces[..pieces.len() - 1];
    for (n, piece) in whole.iter().enumerate() {
        let text = std::str::from_utf8(piece).ok();
        let Some((line, mac)) = text.and_then(|text| Line::read(key, &found.last, text)) else {
            let shown = path.display();
            found.damage = Some(Damage {
                why: if n == 0 {
                    format!("{shown} was written under another master key or by another installation, or is damaged")
                } else {
                    format!("{shown} is damaged in line {}", n + 1)
                },
                up_to: pieces[n..].iter().filter_map(|piece| Some(numbers(piece)?.0)).max().unwrap_or(i64::MAX),
                ends: whole.last().and_then(|last| numbers(last)).into_iter().collect(),
            });
            break;
        };
        found.last_at = found.length;
        found.length += piece.len() as u64 + 1;
        found.last = mac;
        found.lines.push(line);
    }
    Ok(Some(found))
}

/// Number and time of a line that is not trusted.
fn numbers(piece: &[u8]) -> Option<(i64, i64)> {
    let mut parts = std::str::from_utf8(piece).ok()?.split(' ').skip(1);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}
