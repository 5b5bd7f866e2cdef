//! What is to be applied to a database that lacks these lines: the last state of each thing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{
    Timestamp,
    journal::{Entry, KeyState, Line, SecretState},
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

/// Clocks of nodes differ by less.
const CLOCKS: i64 = 60 * 1_000_000;

impl Wanted {
    /// What is to be applied, one after another. Lines of several histories, which a failover that lost commits leaves, have no
    /// common order: then what was taken away in the end by number or by time is taken away, and nothing is allowed again.
    pub(super) fn of_all(lines: &[Line], resumes: bool) -> Vec<Self> {
        let mut by_number: Vec<_> = lines.iter().collect();
        by_number.sort();
        let is_mixed = by_number.windows(2).any(|two| {
            let (one, next) = (two[0], two[1]);
            one.at != 0 && next.at != 0 && (one.revision == next.revision || one.at > next.at + CLOCKS)
        });
        if !is_mixed {
            return vec![Self::of(&by_number, resumes)];
        }
        let mut by_time = by_number.clone();
        by_time.sort_by_key(|line| (line.at, line.revision));
        vec![Self::of(&by_number, false), Self::of(&by_time, false)]
    }

    /// The last state of each thing, in the order of the lines.
    fn of(lines: &[&Line], resumes: bool) -> Self {
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
                    Entry::Key(state) => wanted.key(state, commit),
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

    /// What can't be undone stays, whatever comes after it.
    fn key(&mut self, mut state: KeyState, mut commit: Commit) {
        if let Some((before, earlier)) = self.keys.get(&state.id) {
            if before.revoked.is_some() && state.revoked.is_none() {
                (state.revoked, commit) = (before.revoked, *earlier);
            }
            keep_ended(&before.secrets, &mut state.secrets);
            keep_ended(&before.signing, &mut state.signing);
        }
        self.keys.insert(state.id.clone(), (state, commit));
    }
}

fn keep_ended(before: &[SecretState], after: &mut [SecretState]) {
    for secret in after {
        let same = before.iter().find(|before| before.n == secret.n);
        secret.ended = secret.ended.or(same.and_then(|before| before.ended));
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
        Entry::ServiceTokenRevoked { id } => of(17, id, ""),
        Entry::ServiceAccount { id, .. } => of(18, id, ""),
        Entry::ServiceAccountRemoved { id } => of(19, id, ""),
        Entry::CapabilitiesRevoked { app, .. } => of(20, app, ""),
        Entry::TrustRuleChanged { id } => of(21, id, ""),
        Entry::AuditKeyRevoked { key } => of(22, key, ""),
        Entry::RecoveryCodesEnded { person } => of(23, person, ""),
        Entry::WebhookEnded { id } => of(24, id, ""),
        Entry::AppLimited { app, .. } => of(25, app, ""),
        Entry::PasskeyRemoved { id, .. } => of(26, id, ""),
        Entry::AuthenticatorRemoved { person } => of(27, person, ""),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
        let wanted = Wanted::of_all(&lines, true).remove(0);
        let third = Commit { revision: 3, at: 30 };
        assert_eq!(wanted.keys["key_a"], (KeyState { id: "key_a".to_owned(), ..KeyState::default() }, third));
        assert_eq!(wanted.others, [(token, Commit { revision: 2, at: 20 }), (archived(None), third)]);
        assert!(wanted.narrowed.contains_key("key_b") && !wanted.has_unknown);
        let unknown = Line { what: "[{\"newer\":{}}]".to_owned(), ..Line::new(4, 40, &[]) };
        assert!(Wanted::of_all(&[unknown], true)[0].has_unknown);
    }

    proptest! {
        /// Whatever the numbers and the times of two histories are: what was revoked in one of them is revoked, and nothing is
        /// allowed again.
        #[test]
        fn of_two_histories_the_older_state_never_wins(
            first in 1..40_i64, other in 1..40_i64, revoked in 0..40_i64, later in any::<bool>(), in_first in any::<bool>(),
        ) {
            let state = |revoked| Entry::Key(KeyState { id: "key_a".to_owned(), revoked, ..KeyState::default() });
            let (early, late) = if later { (0, 3_600_000_000) } else { (3_600_000_000, 0) };
            let history = |count: i64, begun: i64, is_it: bool| {
                (1..=count).map(move |n| {
                    let at = is_it && n == 1 + revoked % count;
                    Line::new(n, 1 + begun + n, &[state(at.then_some(7))])
                })
            };
            let lines: Vec<_> = history(first, early, in_first).chain(history(other, late, !in_first)).collect();
            for wanted in Wanted::of_all(&lines, true) {
                prop_assert!(!wanted.resumes);
                prop_assert_eq!(wanted.keys["key_a"].0.revoked, Some(7));
            }
        }
    }
}
