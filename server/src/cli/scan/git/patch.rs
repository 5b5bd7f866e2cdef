//! Follows a patch: which commit, which file, which of its lines are new.

use sallyport::scan::{Finder, Stream};

use super::super::report::Report;

pub(super) struct Patch<'a> {
    finder: &'a Finder,
    commit: String,
    path: String,
    state: State,
    /// The number that the next line has in the new file.
    line: u64,
    /// The new lines that follow each other.
    added: Option<Stream<'a>>,
    /// Whether the current line is one of these.
    is_added: bool,
}

/// No line within a hunk begins with a letter or `@`, so that no content can pass for a header.
enum State {
    /// Before the hunks of a file.
    Header,
    /// In a hunk, whose lines begin with so many signs: one for each parent.
    Hunk(usize),
}

impl<'a> Patch<'a> {
    pub fn new(finder: &'a Finder) -> Self {
        let (commit, path) = (String::new(), String::new());
        Self { finder, commit, path, state: State::Header, line: 0, added: None, is_added: false }
    }

    /// The beginning of a line, or all of it.
    pub fn line(&mut self, line: &[u8], report: &mut Report) {
        self.is_added = false;
        match self.state {
            State::Hunk(parents) if matches!(line.first(), Some(b'+' | b'-' | b' ')) => {
                let (signs, content) = line.split_at(parents.min(line.len()));
                if signs.iter().all(|sign| *sign == b'+') {
                    self.is_added = true;
                    self.add(content, report);
                    self.line += 1;
                } else {
                    self.close(report);
                    self.line += u64::from(!signs.contains(&b'-'));
                }
            }
            _ => self.header(line, report),
        }
    }

    /// More of the line before.
    pub fn rest(&mut self, piece: &[u8], report: &mut Report) {
        if self.is_added {
            self.add(piece, report);
        }
    }

    pub fn end(mut self, report: &mut Report) {
        self.close(report);
    }

    fn header(&mut self, line: &[u8], report: &mut Report) {
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end_matches(['\n', '\r']);
        if text.starts_with('\\') {
            // "No newline at end of file".
            return;
        }
        self.close(report);
        if let Some(commit) = text.strip_prefix("commit ") {
            self.commit = commit.to_owned();
            self.state = State::Header;
            report.read_commit();
        } else if text.starts_with("diff ") {
            self.state = State::Header;
        } else if let Some(path) = text.strip_prefix("+++ ") {
            // git ends a name that contains spaces with a tab, and quotes one with control characters.
            let path = path.strip_suffix('\t').unwrap_or(path);
            let plain = path.strip_prefix("b/").map(str::to_owned);
            self.path = plain.unwrap_or_else(|| path.replacen("\"b/", "\"", 1));
        } else if text.starts_with("@@") {
            let parents = text.bytes().take_while(|byte| *byte == b'@').count() - 1;
            self.state = State::Hunk(parents);
            let new = text.split(' ').find_map(|word| word.strip_prefix('+'));
            self.line = new.and_then(|new| new.split(',').next()?.parse().ok()).unwrap_or(0);
        }
    }

    fn add(&mut self, content: &[u8], report: &mut Report) {
        let stream = self.added.get_or_insert_with(|| Stream::at_line(self.finder, self.line));
        stream.feed(content, |found| report.found(&self.path, Some(&self.commit), found));
    }

    fn close(&mut self, report: &mut Report) {
        if let Some(stream) = self.added.take() {
            stream.end(|found| report.found(&self.path, Some(&self.commit), found));
        }
    }
}
