//! Follows a patch: which commit, which file, which of its lines are new.

use sallyport::scan::{Finder, Found, Stream};

use super::{super::report::Report, merge::Merge};

pub(super) struct Patch<'a> {
    finder: &'a Finder,
    commit: String,
    /// Of a merge, what was found so far: it is compared with each parent by itself.
    merge: Option<Merge>,
    path: String,
    /// No line within a hunk begins with a letter or `@`, so that no content can pass for a header.
    in_hunk: bool,
    /// The number that the next line has in the new file.
    line: u64,
    /// The new lines that follow each other.
    added: Option<Stream<'a>>,
    /// Whether the current line is one of these.
    is_added: bool,
}

impl<'a> Patch<'a> {
    pub fn new(finder: &'a Finder) -> Self {
        let (commit, path) = (String::new(), String::new());
        Self { finder, commit, merge: None, path, in_hunk: false, line: 0, added: None, is_added: false }
    }

    /// The beginning of a line, or all of it.
    pub fn line(&mut self, line: &[u8], report: &mut Report) {
        self.is_added = false;
        match line.first() {
            Some(b'+') if self.in_hunk => {
                self.is_added = true;
                self.add(&line[1..], report);
                self.line += 1;
            }
            Some(sign @ (b'-' | b' ')) if self.in_hunk => {
                self.close(report);
                self.line += u64::from(*sign == b' ');
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
        self.end_commit(report);
    }

    fn header(&mut self, line: &[u8], report: &mut Report) {
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end_matches(['\n', '\r']);
        self.close(report);
        if let Some(ids) = text.strip_prefix("commit ") {
            self.in_hunk = false;
            self.begin_commit(ids, report);
        } else if text.starts_with("diff ") {
            self.in_hunk = false;
        } else if let Some(path) = text.strip_prefix("+++ ") {
            // git ends a name that contains spaces with a tab, and quotes one with control characters.
            let path = path.strip_suffix('\t').unwrap_or(path);
            let plain = path.strip_prefix("b/").map(str::to_owned);
            self.path = plain.unwrap_or_else(|| path.replacen("\"b/", "\"", 1));
        } else if text.starts_with("@@") {
            self.in_hunk = true;
            let new = text.split(' ').find_map(|word| word.strip_prefix('+'));
            self.line = new.and_then(|new| new.split(',').next()?.parse().ok()).unwrap_or(0);
        }
    }

    /// The id of the commit, and those of its parents. A merge is there once for each parent.
    fn begin_commit(&mut self, ids: &str, report: &mut Report) {
        let mut ids = ids.split(' ').filter(|id| !id.is_empty());
        let commit = ids.next().unwrap_or_default();
        if commit != self.commit {
            self.end_commit(report);
            self.commit = commit.to_owned();
            let parents = ids.count();
            self.merge = (parents > 1).then(|| Merge::of(parents));
            report.read_commit();
        }
    }

    fn end_commit(&mut self, report: &mut Report) {
        for (path, found) in self.merge.take().into_iter().flat_map(Merge::added) {
            report.found(&path, Some(&self.commit), found);
        }
    }

    fn add(&mut self, content: &[u8], report: &mut Report) {
        let stream = self.added.get_or_insert_with(|| Stream::at_line(self.finder, self.line));
        let (path, commit, merge) = (&self.path, &self.commit, &mut self.merge);
        stream.feed(content, |found| keep(path, commit, merge.as_mut(), found, report));
    }

    fn close(&mut self, report: &mut Report) {
        if let Some(stream) = self.added.take() {
            let (path, commit, merge) = (&self.path, &self.commit, &mut self.merge);
            stream.end(|found| keep(path, commit, merge.as_mut(), found, report));
        }
    }
}

fn keep(path: &str, commit: &str, merge: Option<&mut Merge>, found: Found, report: &mut Report) {
    match merge {
        Some(merge) => merge.found(path, found),
        None => report.found(path, Some(commit), found),
    }
}
