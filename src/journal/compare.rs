//! Which lines of the journals a database does not have.

use std::collections::{BTreeMap, BTreeSet};

use super::{Damage, Line};

/// What a database says about its changes.
#[derive(Clone, Debug, Default)]
pub struct Database {
    pub revision: i64,
    /// When each change was committed, as far back as it is known.
    pub marks: BTreeMap<i64, i64>,
    pub forks: Vec<Fork>,
    /// Changes that were lost, and are being applied again: their numbers are not used by others.
    pub lost: Option<Fork>,
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
    /// `told`: number and time of all lines.
    fn has(&self, line: &Line, told: &BTreeSet<(i64, i64)>) -> bool {
        let is_of = |fork: &Fork| (fork.first..=fork.last).contains(&line.revision);
        let mark = self.marks.get(&line.revision);
        if line.revision == 0 || mark == Some(&line.at) || self.forks.iter().any(is_of) {
            return true;
        }
        if line.revision > self.revision || self.lost.as_ref().is_some_and(is_of) {
            return false;
        }
        if mark.is_some() {
            // A journal may begin with a change of which nothing else is known.
            return line.at == 0;
        }
        // Older than what is known; or in a hole, which a server of an older version leaves: then both ends of it are changes of
        // this history. Another hole is none of this database's changes.
        let is_told = |(revision, at): (&i64, &i64)| told.contains(&(*revision, *at));
        self.marks
            .range(..line.revision)
            .next_back()
            .is_none_or(|below| is_told(below) && self.marks.range(line.revision..).next().is_some_and(is_told))
    }

    /// Whether it has the last line of each damaged file, and so everything that was in them.
    pub fn has_all_of(&self, damage: &Damage) -> bool {
        !damage.ends.is_empty() && damage.ends.iter().all(|(revision, at)| self.marks.get(revision) == Some(at))
    }

    /// Whether nothing that is known of it is as old as these lines.
    fn is_too_new_for(&self, lines: &[Line]) -> bool {
        let newest = lines.iter().map(|line| line.revision).max().unwrap_or(0);
        // An operator has decided about what was after it.
        let is_accepted = self.forks.iter().any(|fork| fork.first == newest + 1);
        newest > 0 && !is_accepted && self.marks.keys().next().is_some_and(|oldest| newest < *oldest)
    }
}

/// Compares the lines of all journals, in any order, with a database.
pub fn compare(lines: &[Line], database: &Database) -> Compared {
    let all: BTreeSet<&Line> = lines.iter().collect();
    let told: BTreeSet<_> = all.iter().map(|line| (line.revision, line.at)).collect();
    let missing: Vec<Line> = all.iter().filter(|line| !database.has(line, &told)).map(|line| (*line).clone()).collect();
    let Some(first) = missing.first().map(|line| line.revision) else {
        if database.is_too_new_for(lines) {
            let newest = lines.iter().map(|line| line.revision).max().unwrap_or(0);
            let gap = Gap { after: newest, before: database.revision + 1 };
            let missing = Missing { lines: Vec::new(), common: newest, is_changed: true, gap: Some(gap) };
            return Compared::Missing(missing);
        }
        return Compared::Same;
    };
    let known = all.iter().filter(|line| line.revision < first && database.has(line, &told));
    let known =
        known.map(|line| line.revision).chain(database.lost.map(|lost| lost.first - 1)).filter(|of| *of < first);
    let common = if database.revision < first { database.revision } else { known.max().unwrap_or(0) };
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

/// The first changes, between the oldest and the newest in all journals, that no journal has. Those that were lost with a database
/// before, which an operator accepted, are none.
pub fn first_hole(lines: &[Line], forks: &[Fork]) -> Option<Gap> {
    let revisions: BTreeSet<i64> = lines.iter().map(|line| line.revision).filter(|revision| *revision > 0).collect();
    let is_known = |revision: i64| forks.iter().any(|fork| (fork.first..=fork.last).contains(&revision));
    revisions.iter().zip(revisions.iter().skip(1)).find_map(|(after, before)| {
        let is_hole = (after + 1..*before).any(|revision| !is_known(revision));
        is_hole.then_some(Gap { after: *after, before: *before })
    })
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
        Database { revision: *revisions.end(), marks, ..Database::default() }
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

    #[test]
    fn what_is_being_applied_is_missing_until_it_is_settled() {
        let mut restored = database(1..=10);
        restored.lost = Some(Fork { first: 11, last: 50 });
        // What an operator did meanwhile, and is in the journal, too.
        restored.marks.extend((51..=53).map(|revision| (revision, 9_000 + revision)));
        restored.revision = 53;
        let later = (51..=53).map(|revision| Line::new(revision, 9_000 + revision, &[]));
        let all: Vec<_> = lines(0..=50).into_iter().chain(later).collect();
        let found = missing(&all, &restored);
        assert_eq!((found.lines, found.common, found.is_changed, found.gap), (lines(11..=50), 10, true, None));
        // Also if the journal begins only then.
        assert_eq!(missing(&lines(11..=50), &restored).common, 10);
        restored.lost = None;
        restored.forks.push(Fork { first: 11, last: 50 });
        assert_eq!(compare(&all, &restored), Compared::Same);
    }

    #[test]
    fn a_hole_that_an_older_server_left_in_what_is_known_is_none() {
        let mut holed = database(1..=50);
        holed.marks.retain(|revision, _| !(20..=29).contains(revision));
        assert_eq!(compare(&lines(0..=50), &holed), Compared::Same);
        // Of another history.
        holed.marks.insert(30, 7);
        assert!(missing(&lines(0..=50), &holed).lines.iter().any(|line| line.revision == 25));
    }

    #[test]
    fn damage_is_none_where_the_database_has_what_was_there() {
        let damage = |ends: &[(i64, i64)]| Damage { why: String::new(), up_to: 50, ends: ends.to_vec() };
        let database = database(1..=50);
        assert!(database.has_all_of(&damage(&[(50, 150)])));
        for other in [&[][..], &[(51, 151)], &[(50, 151)], &[(50, 150), (51, 151)]] {
            assert!(!database.has_all_of(&damage(other)), "{other:?}");
        }
    }

    #[test]
    fn a_hole_in_all_journals_is_found() {
        let holed = lines((0..=20).chain(25..=30));
        assert_eq!(first_hole(&holed, &[]), Some(Gap { after: 20, before: 25 }));
        assert_eq!(first_hole(&holed, &[Fork { first: 21, last: 24 }]), None);
        assert_eq!(first_hole(&lines(30..=40), &[]), None, "it began there");
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
