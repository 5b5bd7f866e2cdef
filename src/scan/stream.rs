//! Reads a text of any length piece by piece, and keeps no more of it than the longest secret has characters.

use super::{Finder, Kind};

/// A secret in a text, never in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub kind: Kind,
    /// Prefix, first four and last four characters.
    pub shown: String,
    /// From 1.
    pub line: u64,
    /// In characters, from 1.
    pub column: u64,
    /// In characters.
    pub length: usize,
}

pub struct Stream<'a> {
    finder: &'a Finder,
    /// What a secret may begin in whose end was not read yet, and the piece that is searched.
    kept: Vec<u8>,
    line: u64,
    column: u64,
}

impl<'a> Stream<'a> {
    pub fn new(finder: &'a Finder) -> Self {
        Self::at_line(finder, 1)
    }

    /// For a text that begins with a later line of a file.
    pub fn at_line(finder: &'a Finder, line: u64) -> Self {
        Self { finder, kept: Vec::new(), line, column: 1 }
    }

    /// Searches the next piece; a secret that continues in the one after it is found then.
    pub fn feed(&mut self, piece: &[u8], found: impl FnMut(Found)) {
        self.kept.extend_from_slice(piece);
        let decided = (self.kept.len() + 1).saturating_sub(self.finder.longest());
        self.search(decided, found);
    }

    /// Searches the rest, after the last piece.
    pub fn end(mut self, found: impl FnMut(Found)) {
        let rest = self.kept.len();
        self.search(rest, found);
    }

    /// Searches for secrets that begin in the first `count` bytes, and forgets these.
    fn search(&mut self, count: usize, mut found: impl FnMut(Found)) {
        for at in 0..count {
            if let Some((kind, shown, length)) = self.finder.at_start(&self.kept[at..]) {
                found(Found { kind, shown, line: self.line, column: self.column, length });
            }
            match self.kept[at] {
                b'\n' => (self.line, self.column) = (self.line + 1, 1),
                // A character of several bytes is counted once.
                byte if byte & 0xC0 != 0x80 => self.column += 1,
                _ => {}
            }
        }
        self.kept.drain(..count);
    }
}
