//! The part of a key that a form showed before it was sent, so that a change by another person is not overwritten unseen.

use crate::{
    Timestamp,
    key::{Addresses, Key, Restrictions},
};

/// The part of a key that a form changes, as the form showed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    Terms(Terms),
    Restrictions(Restrictions),
}

/// A key's scopes and expiry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    pub scopes: Vec<String>,
    pub expires_at: Option<Timestamp>,
}

impl From<&Key> for Terms {
    fn from(key: &Key) -> Self {
        Self { scopes: key.scopes.clone(), expires_at: key.expires_at }
    }
}

/// The maximum number of addresses in a message.
const NAMED: usize = 5;

impl Seen {
    /// The message with both values of each difference, if the key is different now.
    pub(super) fn changed(&self, key: &Key) -> Option<String> {
        let rows = match self {
            Self::Terms(seen) => {
                let now = Terms::from(key);
                (*seen != now).then(|| of_terms(seen).into_iter().zip(of_terms(&now)).collect::<Vec<_>>())
            }
            Self::Restrictions(seen) => (*seen != key.restrictions)
                .then(|| of_restrictions(seen).into_iter().zip(of_restrictions(&key.restrictions)).collect()),
        };
        let differing = rows?.into_iter().filter(|((_, then), (_, now))| then != now);
        let sentences =
            differing.map(|((what, then), (_, now))| format!(" {what} now: {now}; when you opened it: {then}."));
        let sentences: String = sentences.collect();
        Some(format!("This key was changed after the form was opened.{sentences} Send it again to replace that."))
    }
}

fn of_terms(terms: &Terms) -> [(&'static str, String); 2] {
    let scopes = if terms.scopes.is_empty() { "none".to_owned() } else { terms.scopes.join(", ") };
    [("Scopes", scopes), ("Expiry", terms.expires_at.map_or("never".to_owned(), Timestamp::to_rfc3339))]
}

fn of_restrictions(own: &Restrictions) -> [(&'static str, String); 5] {
    let limit = |limit: Option<u32>| limit.map_or("set by the app or the plan".to_owned(), |limit| limit.to_string());
    [
        ("Signed requests", if own.require_signed { "required" } else { "not required" }.to_owned()),
        ("Allowed addresses", addresses(&own.addresses)),
        ("Requests from elsewhere", if own.addresses_enforced { "refused" } else { "only noted" }.to_owned()),
        ("Requests per minute", limit(own.limits.per_minute)),
        ("Requests per day", limit(own.limits.per_day)),
    ]
}

fn addresses(allowed: &Addresses) -> String {
    if allowed.is_empty() {
        return "all".to_owned();
    }
    let named = allowed.lines().take(NAMED).collect::<Vec<_>>().join(", ");
    match allowed.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{key::LimitOverride, testing::key};

    // 2026-11-22T06:00:00Z
    const AT: Timestamp = Timestamp::from_seconds(1_795_327_200);

    #[test]
    fn both_values_of_changed_terms_are_shown() {
        let seen = |scopes: &[&str], expires_at| {
            let scopes = scopes.iter().map(ToString::to_string).collect();
            Seen::Terms(Terms { scopes, expires_at }).changed(&key())
        };
        assert_eq!(seen(&["read"], None), None);
        assert_eq!(
            seen(&["read", "write"], Some(AT)).expect("changed"),
            "This key was changed after the form was opened. Scopes now: read; when you opened it: read, write. \
             Expiry now: never; when you opened it: 2026-11-22T06:00:00Z. Send it again to replace that."
        );
    }

    #[test]
    fn both_values_of_changed_restrictions_are_shown() {
        let blocks: Vec<_> = (0..8).map(|n| format!("203.0.113.{n}")).collect();
        let restrictions = Restrictions {
            addresses: Addresses::check(&blocks.join(" ")).expect("blocks"),
            limits: LimitOverride { per_minute: Some(60), per_day: None },
            ..Restrictions::default()
        };
        let key = Key { restrictions: restrictions.clone(), ..key() };
        assert_eq!(Seen::Restrictions(restrictions).changed(&key), None);
        assert_eq!(
            Seen::Restrictions(Restrictions { addresses_enforced: true, ..Restrictions::default() })
                .changed(&key)
                .expect("changed"),
            "This key was changed after the form was opened. \
             Allowed addresses now: 203.0.113.0, 203.0.113.1, 203.0.113.2, 203.0.113.3, 203.0.113.4 and 3 more; \
             when you opened it: all. Requests from elsewhere now: only noted; when you opened it: refused. \
             Requests per minute now: 60; when you opened it: set by the app or the plan. Send it again to replace that."
        );
    }
}
