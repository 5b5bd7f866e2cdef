//! What is to be applied to a database that lacks these lines: the last state of each thing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{
    Timestamp,
    journal::{Entry, KeyState, Line},
};

/// The commit that changed something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Commit {
    pub revision: i64,
    pub at: i64,
}

impl Commit {
    /// For the event that says so.
    pub(super) fn details(self) -> Value {
        let at = Timestamp::from_micros(self.at).to_rfc3339();
        json!({ "reason": "It was done before the database was restored.", "restored": { "revision": self.revision, "at": at } })
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Whether what was allowed again is allowed again. Not if the database was changed since: those who did may have seen
    /// that it is not.
    pub resumes: bool,
    /// The state of each key, and whether it could do less afterwards.
    pub keys: BTreeMap<String, (KeyState, Commit)>,
    pub narrowed: BTreeMap<String, Commit>,
    /// Everything else, the last of each.
    pub others: Vec<(Entry, Commit)>,
    /// Whether a line is not understood.
    pub has_unknown: bool,
}

impl Wanted {
    /// The lines are in the order of their revisions.
    pub(super) fn of(lines: &[Line], resumes: bool) -> Self {
        let mut wanted = Self { resumes, ..Self::default() };
        let mut others = Vec::new();
        for line in lines {
            let commit = Commit { revision: line.revision, at: line.at };
            let Some(entries) = line.entries() else {
                wanted.has_unknown = true;
                continue;
            };
            for entry in entries {
                match entry {
                    Entry::Begin | Entry::Fork { .. } => {}
                    Entry::Key(state) => drop(wanted.keys.insert(state.id.clone(), (state, commit))),
                    Entry::Narrowed { key } => drop(wanted.narrowed.insert(key, commit)),
                    other => others.push((other, commit)),
                }
            }
        }
        let mut seen = BTreeSet::new();
        // Of each thing the last, in the order in which they happened.
        others.reverse();
        others.retain(|(entry, _)| seen.insert(subject(entry)));
        others.reverse();
        wanted.others = others;
        wanted
    }
}

/// What an entry is about: a later one about the same replaces it.
fn subject(entry: &Entry) -> (u8, String, String) {
    let of = |kind, one: &str, other: &str| (kind, one.to_owned(), other.to_owned());
    match entry {
        Entry::Begin | Entry::Fork { .. } | Entry::CapabilityKeysReplaced => of(0, "", ""),
        Entry::Key(KeyState { id, .. }) | Entry::Narrowed { key: id } => of(1, id, ""),
        Entry::RootTokenRevoked { id } => of(2, id, ""),
        Entry::PersonalTokenRevoked { id } => of(3, id, ""),
        Entry::KeysRevoked { place, id } => of(4, place, id),
        Entry::Archived { place, id, .. } => of(5, place, id),
        Entry::Deleted { place, id } => of(6, place, id),
        Entry::Suspended { org, .. } => of(7, org, ""),
        Entry::Person { id, .. } => of(8, id, ""),
        Entry::Erased { person } => of(9, person, ""),
        Entry::PasswordChanged { person } => of(10, person, ""),
        Entry::Roles { person, org, .. } => of(11, person, org),
        Entry::TrustRule { id, .. } => of(12, id, ""),
        Entry::TrustRuleDeleted { id } => of(13, id, ""),
        Entry::Ingestion { app, .. } => of(14, app, ""),
        Entry::IdentityUnlinked { person, digest } => of(15, person, digest),
        Entry::SignInRequired { org, .. } => of(16, org, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_state_counts() {
        let key = |paused| Entry::Key(KeyState { id: "key_a".to_owned(), paused, ..KeyState::default() });
        let archived = |at| Entry::Archived { place: "app".to_owned(), id: "app_a".to_owned(), at };
        let token = Entry::RootTokenRevoked { id: "token_a".to_owned() };
        let lines = [
            Line::new(1, 10, &[key(Some(10)), archived(Some(10))]),
            Line::new(2, 20, &[Entry::Narrowed { key: "key_b".to_owned() }, token.clone()]),
            Line::new(3, 30, &[key(None), archived(None)]),
        ];
        let wanted = Wanted::of(&lines, true);
        let third = Commit { revision: 3, at: 30 };
        assert_eq!(wanted.keys["key_a"], (KeyState { id: "key_a".to_owned(), ..KeyState::default() }, third));
        assert_eq!(wanted.others, [(token, Commit { revision: 2, at: 20 }), (archived(None), third)]);
        assert!(wanted.narrowed.contains_key("key_b") && !wanted.has_unknown);
        let unknown = Line { what: "[{\"newer\":{}}]".to_owned(), ..Line::new(4, 40, &[]) };
        assert!(Wanted::of(&[unknown], true).has_unknown);
    }
}
