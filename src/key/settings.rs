//! The settings of a key that can be changed after it was issued, and the effects of a change.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{
    Timestamp,
    audit::Action,
    key::{Key, Metadata, Restrictions},
    profile::Profile,
};

/// The settings of a key that can be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySettings {
    pub label: String,
    pub metadata: Metadata,
    pub scopes: Vec<String>,
    pub expires_at: Option<Timestamp>,
    pub restrictions: Restrictions,
    pub paused: bool,
}

impl From<&Key> for KeySettings {
    fn from(key: &Key) -> Self {
        Self {
            label: key.label.clone(),
            metadata: key.metadata.clone(),
            scopes: key.scopes.clone(),
            expires_at: key.expires_at,
            restrictions: key.restrictions.clone(),
            paused: key.paused.is_some(),
        }
    }
}

impl KeySettings {
    /// Whether these settings allow more than those before, or for longer. Limits are checked separately, against the
    /// plan.
    pub fn widen(&self, before: &Self, profile: &Profile) -> bool {
        let (own, old) = (&self.restrictions, &before.restrictions);
        let held = old.addresses_enforced && !old.addresses.is_empty();
        let still_held = own.addresses_enforced && !own.addresses.is_empty() && old.addresses.cover(&own.addresses);
        adds_scopes(&before.scopes, &self.scopes, profile)
            || lasts_longer(before.expires_at, self.expires_at)
            || (old.require_signed && !own.require_signed)
            || (held && !still_held)
    }

    /// An event for each kind of change, with both values; none if nothing changed.
    pub fn changes_since(&self, before: &Self) -> Vec<(Action, Value)> {
        let (own, old) = (&self.restrictions, &before.restrictions);
        let lines = |restrictions: &Restrictions| restrictions.addresses.lines().collect::<Vec<_>>();
        let mut words = Map::new();
        note(&mut words, "label", &before.label, &self.label);
        let [from, to] = [(&before.metadata, &self.metadata), (&self.metadata, &before.metadata)].map(differing);
        note(&mut words, "metadata", from, to);
        let mut scopes = Map::new();
        note(&mut scopes, "scopes", &before.scopes, &self.scopes);
        let mut expiry = Map::new();
        if before.expires_at != self.expires_at {
            expiry.insert("expires_at".to_owned(), json!({ "from": before.expires_at, "to": self.expires_at }));
        }
        let mut restricted = Map::new();
        note(&mut restricted, "require_signed", old.require_signed, own.require_signed);
        note(&mut restricted, "addresses", lines(old), lines(own));
        note(&mut restricted, "addresses_enforced", old.addresses_enforced, own.addresses_enforced);
        note(&mut restricted, "limit_per_minute", old.limits.per_minute, own.limits.per_minute);
        note(&mut restricted, "limit_per_day", old.limits.per_day, own.limits.per_day);
        let changed = [
            (Action::KeyEdited, words),
            (Action::KeyScopesChanged, scopes),
            (Action::KeyExpiryChanged, expiry),
            (Action::KeyRestricted, restricted),
        ];
        let changed = changed.into_iter().filter(|(_, details)| !details.is_empty());
        let mut events: Vec<_> = changed.map(|(action, details)| (action, Value::Object(details))).collect();
        match (before.paused, self.paused) {
            (false, true) => events.push((Action::KeyPaused, json!({}))),
            (true, false) => events.push((Action::KeyResumed, json!({}))),
            _ => {}
        }
        events
    }
}

/// Whether scopes grant something that those before did not, including what they imply.
pub fn adds_scopes(before: &[String], after: &[String], profile: &Profile) -> bool {
    let granted = |names: &[String]| profile.granted(profile.set(names.iter().map(String::as_str)));
    let old = granted(before);
    granted(after).places().any(|place| !old.has(place))
}

/// Whether an expiry is later than the one before; never is the latest.
pub fn lasts_longer(before: Option<Timestamp>, after: Option<Timestamp>) -> bool {
    before.is_some_and(|before| after.is_none_or(|after| after > before))
}

fn note<T: Serialize + PartialEq>(details: &mut Map<String, Value>, name: &str, from: T, to: T) {
    if from != to {
        details.insert(name.to_owned(), json!({ "from": from, "to": to }));
    }
}

/// The entries of the first that differ in the second.
fn differing((one, other): (&Metadata, &Metadata)) -> Map<String, Value> {
    let there = |(name, value): &(&str, &Value)| other.get(name) != Some(value);
    one.entries().filter(there).map(|(name, value)| (name.to_owned(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{key::Addresses, testing::key};

    fn settings() -> KeySettings {
        KeySettings::from(&key())
    }

    fn scopes(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    fn at(seconds: i64) -> Option<Timestamp> {
        Some(Timestamp::from_seconds(seconds))
    }

    #[test]
    fn scopes_widen_by_what_they_imply() {
        let profile = Profile::standard();
        for (before, after, more) in [
            (&["read"][..], &["read"][..], false),
            (&["read"], &["read", "write"], true),
            (&["read"], &["admin"], true),
            (&["admin"], &["read", "write", "delete"], false),
            (&["read", "write"], &["read"], false),
            (&["gone"], &["read"], true),
            (&["read"], &["gone"], false),
        ] {
            assert_eq!(adds_scopes(&scopes(before), &scopes(after), &profile), more, "{before:?} {after:?}");
        }
    }

    #[test]
    fn never_is_the_latest_expiry() {
        for (before, after, longer) in [
            (None, None, false),
            (None, at(7), false),
            (at(7), None, true),
            (at(7), at(8), true),
            (at(8), at(7), false),
        ] {
            assert_eq!(lasts_longer(before, after), longer, "{before:?} {after:?}");
        }
    }

    #[test]
    fn restrictions_widen_where_they_are_lifted() {
        let profile = Profile::standard();
        let held = |blocks: &str, enforced: bool, signed: bool| {
            let addresses = Addresses::check(blocks).expect("blocks");
            let restrictions = Restrictions {
                require_signed: signed,
                addresses,
                addresses_enforced: enforced,
                ..Restrictions::default()
            };
            KeySettings { restrictions, ..settings() }
        };
        let before = held("203.0.113.0/24 2001:db8::/32", true, true);
        for (after, wider) in [
            (before.clone(), false),
            (held("203.0.113.7", true, true), false),
            (held("203.0.113.0/25 2001:db8:1::/48", true, true), false),
            (held("203.0.112.0/23", true, true), true),
            (held("203.0.113.7 198.51.100.7", true, true), true),
            (held("203.0.113.0/24", false, true), true),
            (held("", true, true), true),
            (held("203.0.113.0/24", true, false), true),
        ] {
            assert_eq!(after.widen(&before, &profile), wider, "{:?}", after.restrictions);
        }
        let open = held("203.0.113.0/24", false, false);
        assert!(!before.widen(&open, &profile) && !held("", false, false).widen(&open, &profile));
    }

    #[test]
    fn each_kind_of_change_is_an_event_with_both_values() {
        let before = settings();
        assert!(before.changes_since(&before).is_empty());
        let metadata = |text: &str| Metadata::check(text).expect("an object");
        let old = KeySettings { metadata: metadata(r#"{"team": "a", "tier": 1, "kept": true}"#), ..before };
        let new = KeySettings {
            label: "CD".to_owned(),
            metadata: metadata(r#"{"team": "b", "kept": true, "new": [1]}"#),
            scopes: scopes(&["write"]),
            expires_at: at(1_795_500_000),
            restrictions: Restrictions { require_signed: true, ..Restrictions::default() },
            paused: true,
        };
        let told: Vec<_> =
            new.changes_since(&old).into_iter().map(|(action, details)| (action.as_str(), details)).collect();
        let expected = [
            (
                "key.edited",
                json!({
                    "label": { "from": "CI", "to": "CD" },
                    "metadata": { "from": { "team": "a", "tier": 1 }, "to": { "team": "b", "new": [1] } },
                }),
            ),
            ("key.scopes_changed", json!({ "scopes": { "from": ["read"], "to": ["write"] } })),
            ("key.expiry_changed", json!({ "expires_at": { "from": null, "to": "2026-11-24T06:00:00Z" } })),
            ("key.restricted", json!({ "require_signed": { "from": false, "to": true } })),
            ("key.paused", json!({})),
        ];
        assert_eq!(told, expected);
    }
}
