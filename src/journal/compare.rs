//! Which lines of the journals a database does not have.

use std::collections::{BTreeMap, BTreeSet};

use super::Line;

/// What a database says about its changes.
#[derive(Clone, Debug, Default)]
pub struct Database {
    pub revision: i64,
    /// When each change was committed, as far back as it is known.
    pub marks: BTreeMap<i64, i64>,
    pub forks: Vec<Fork>,
}

/// Changes that were lost with the database before this one, and applied again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fork {
    pub first: i64,
    pub last: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compared {
    /// The database has everything.
    Same,
    Missing(Missing),
}

/// What a database lacks: it is older than its journals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// By revision.
    pub lines: Vec<Line>,
    /// Up to this revision the database is the one that the journals are of.
    pub common: i64,
    /// Whether it was changed after it was restored, before this comparison.
    pub is_changed: bool,
    /// What is in no journal.
    pub gap: Option<Gap>,
}

/// Changes between two revisions are not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    pub after: i64,
    pub before: i64,
}

impl Database {
    fn has(&self, line: &Line) -> bool {
        let is_forked = |fork: &Fork| (fork.first..=fork.last).contains(&line.revision);
        if line.revision == 0 || self.forks.iter().any(is_forked) {
            return true;
        }
        if line.revision > self.revision {
            return false;
        }
        match self.marks.get(&line.revision) {
            // A journal may begin with a change of which nothing else is known.
            Some(at) => line.at == *at || line.at == 0,
            // Older than what is known. A hole among what is known is none of this database's changes.
            None => self.marks.keys().next().is_none_or(|oldest| line.revision < *oldest),
        }
    }

    /// Whether nothing that is known of it is as old as these lines.
    fn is_too_new_for(&self, lines: &[Line]) -> bool {
        let newest = lines.iter().map(|line| line.revision).max().unwrap_or(0);
        newest > 0 && self.marks.keys().next().is_some_and(|oldest| newest < *oldest)
    }
}

/// Compares the lines of all journals, in any order, with a database.
pub fn compare(lines: &[Line], database: &Database) -> Compared {
    let all: BTreeSet<&Line> = lines.iter().collect();
    let missing: Vec<Line> = all.iter().filter(|line| !database.has(line)).map(|line| (*line).clone()).collect();
    let Some(first) = missing.first().map(|line| line.revision) else {
        if database.is_too_new_for(lines) {
            let newest = lines.iter().map(|line| line.revision).max().unwrap_or(0);
            let gap = Gap { after: newest, before: database.revision + 1 };
            let missing = Missing { lines: Vec::new(), common: newest, is_changed: true, gap: Some(gap) };
            return Compared::Missing(missing);
        }
        return Compared::Same;
    };
    let known = all.iter().filter(|line| line.revision < first && database.has(line)).map(|line| line.revision).max();
    let common = if database.revision < first { database.revision } else { known.unwrap_or(0) };
    let mut expected = common + 1;
    let mut gap = None;
    for line in all.iter().filter(|line| line.revision > common) {
        if line.revision > expected {
            gap = gap.or(Some(Gap { after: expected - 1, before: line.revision }));
        }
        expected = expected.max(line.revision + 1);
    }
    let is_changed = database.revision > common;
    Compared::Missing(Missing { lines: missing, common, is_changed, gap })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::Entry, *};

    fn lines(revisions: impl IntoIterator<Item = i64>) -> Vec<Line> {
        revisions.into_iter().map(|revision| Line::new(revision, 100 + revision, &[])).collect()
    }

    fn database(revisions: std::ops::RangeInclusive<i64>) -> Database {
        let marks = revisions.clone().map(|revision| (revision, 100 + revision)).collect();
        Database { revision: *revisions.end(), marks, forks: Vec::new() }
    }

    fn missing(lines: &[Line], database: &Database) -> Missing {
        match compare(lines, database) {
            Compared::Missing(missing) => missing,
            Compared::Same => panic!("nothing is missing"),
        }
    }

    #[test]
    fn an_older_database_lacks_what_came_after_it() {
        let found = missing(&lines(0..=50), &database(1..=10));
        assert_eq!(found.lines, lines(11..=50));
        assert_eq!((found.common, found.is_changed, found.gap), (10, false, None));
    }

    #[test]
    fn a_database_that_was_changed_after_it_was_restored_is_found() {
        let mut changed = database(1..=10);
        changed.marks.extend((11..=60).map(|revision| (revision, 5_000 + revision)));
        changed.revision = 60;
        let found = missing(&lines(0..=50), &changed);
        assert_eq!(found.lines, lines(11..=50));
        assert_eq!((found.common, found.is_changed, found.gap), (10, true, None));
        // Once it was applied, it is not missing any more.
        changed.forks.push(Fork { first: 11, last: 50 });
        assert_eq!(compare(&lines(0..=50), &changed), Compared::Same);
    }

    #[test]
    fn what_no_journal_has_is_a_gap() {
        let begin = [Line::new(30, 0, &[Entry::Begin])];
        let all: Vec<_> = begin.into_iter().chain(lines(31..=40)).collect();
        assert_eq!(missing(&all, &database(1..=10)).gap, Some(Gap { after: 10, before: 30 }));
        assert_eq!(missing(&all, &database(1..=35)).gap, None);
        let holed = lines((0..=20).chain(25..=30));
        assert_eq!(missing(&holed, &database(1..=10)).gap, Some(Gap { after: 20, before: 25 }));
        assert_eq!(compare(&holed, &database(1..=30)), Compared::Same, "what it has needs no journal");
    }

    #[test]
    fn a_journal_that_is_too_old_to_be_compared_says_so() {
        assert!(missing(&lines(0..=50), &database(1_000..=2_000)).gap.is_some());
        assert_eq!(compare(&lines(0..=1_000), &database(1_000..=2_000)), Compared::Same);
        assert_eq!(compare(&[], &database(1..=10)), Compared::Same);
        assert_eq!(compare(&lines(0..=10), &Database { revision: 10, ..Database::default() }), Compared::Same);
    }

    proptest! {
        /// Wherever two journals of the same history were cut, together they say what is missing, or that they don't.
        #[test]
        fn nothing_that_was_lost_is_forgotten(
            head in 1_i64..60, kept in 0_i64..60, away in proptest::collection::btree_set(1_i64..60, 0..20),
        ) {
            let kept = kept.min(head);
            let second = lines((0..=head).filter(|revision| !away.contains(revision)));
            let first = lines(0..=head / 2);
            let all: Vec<_> = second.into_iter().chain(first).rev().collect();
            let known: BTreeSet<_> = all.iter().map(|line| line.revision).collect();
            let newest = known.iter().copied().max().unwrap_or(0);
            match compare(&all, &database(1..=kept)) {
                Compared::Same => prop_assert!(newest <= kept),
                Compared::Missing(found) => {
                    let wanted: Vec<_> = (kept + 1..=newest).collect();
                    let got: Vec<_> = found.lines.iter().map(|line| line.revision).collect();
                    prop_assert_eq!(found.gap.is_none(), got == wanted);
                    prop_assert_eq!(found.common, kept);
                }
            }
        }
    }
}
