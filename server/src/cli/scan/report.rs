//! What was found, and what could not be read.

use sallyport::scan::Found;
use serde_json::{Value, json};

use super::{location::Location, text::printable};

/// More are counted, and not kept.
const MOST: usize = 10_000;

#[derive(Default)]
pub(super) struct Report {
    pub(super) locations: Vec<Location>,
    count: usize,
    faults: Vec<String>,
    more_faults: usize,
    files: usize,
    commits: usize,
}

impl Report {
    pub fn found(&mut self, path: &str, commit: Option<&str>, found: Found) {
        self.count += 1;
        if self.locations.len() < MOST {
            let (path, commit) = (path.to_owned(), commit.map(str::to_owned));
            self.locations.push(Location { path, commit, found });
        }
    }

    pub fn fault(&mut self, fault: &str) {
        match self.faults.len() < MOST {
            true => self.faults.push(printable(fault)),
            false => self.more_faults += 1,
        }
    }

    /// A file was read to its end.
    pub fn read_file(&mut self) {
        self.files += 1;
    }

    pub fn read_commit(&mut self) {
        self.commits += 1;
    }

    pub fn count(&self) -> usize {
        self.count
    }

    pub fn faults(&self) -> &[String] {
        &self.faults
    }

    pub fn as_text(&self) -> String {
        self.locations.iter().map(Location::as_text).collect::<Vec<_>>().join("\n")
    }

    pub fn as_json(&self) -> Value {
        json!({
            "count": self.count,
            "found": self.locations.iter().map(Location::as_json).collect::<Vec<_>>(),
            "files": self.files,
            "commits": self.commits,
            "faults": self.faults,
        })
    }

    /// One line for people, on standard error.
    pub fn summary(&self) -> String {
        let many = |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
        let read = match self.commits {
            0 => many(self.files, "file"),
            commits => many(commits, "commit"),
        };
        let left_out = match self.count.saturating_sub(self.locations.len()) {
            0 => String::new(),
            more => format!(" {more} more are not listed."),
        };
        let faults = match self.faults.len() + self.more_faults {
            0 => String::new(),
            faults => format!(" {} could not be read.", many(faults, "place")),
        };
        let fix = match self.count {
            0 => "",
            _ => " Revoke or rotate what is listed: removing it from the files is not enough.",
        };
        format!("{} found in {read}.{left_out}{faults}{fix}", many(self.count, "key"))
    }
}
