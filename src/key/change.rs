//! A partial update of an issued key.

use crate::{
    Error, Invalid, Result, Timestamp,
    key::{
        Addresses, Key, KeySettings, LimitOverride, Status, expiry, metadata::MetadataPatch, restrictions::can_sign,
    },
};

/// The fields to change; `None` leaves a field unchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyChange {
    pub label: Option<String>,
    pub metadata: Option<MetadataPatch>,
    /// The complete new set, as returned by [`check_scopes`](super::new::check_scopes).
    pub scopes: Option<Vec<String>>,
    pub expires_at: Option<Option<Timestamp>>,
    pub addresses: Option<Addresses>,
    pub addresses_enforced: Option<bool>,
    pub require_signed: Option<bool>,
    pub limit_per_minute: Option<Option<u32>>,
    pub limit_per_day: Option<Option<u32>>,
    pub paused: Option<bool>,
    /// Precondition: the key still has these scopes and this expiry.
    pub seen: Option<Terms>,
}

/// A key's scopes and expiry, as the person saw them who changes it.
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

impl KeyChange {
    /// A key's settings after the change. A revoked or expired key can't be changed.
    pub fn applied(&self, key: &Key, now: Timestamp) -> Result<KeySettings> {
        let ended = |code, message: &str| Err(Error::Conflict { code, message: message.to_owned() });
        match key.status(now) {
            Status::Revoked => return ended("key_revoked", "This key is revoked, so it can’t be changed."),
            Status::Expired => return ended("key_expired", "This key has expired, so it can’t be changed."),
            _ => {}
        }
        if let Some(seen) = self.seen.as_ref().filter(|seen| **seen != Terms::from(key)) {
            return ended("changed_meanwhile", &meanwhile(seen, key));
        }
        let mut new = KeySettings::from(key);
        let mut invalid = Invalid::default();
        if let Some(patch) = &self.metadata {
            new.metadata = invalid.take(patch.applied(&key.metadata));
        }
        if let Some(expires_at) = self.expires_at
            // Clients read it with seconds: sending it back must not be a change.
            && expires_at.map(Timestamp::seconds) != key.expires_at.map(Timestamp::seconds)
        {
            if let Some(at) = expires_at {
                invalid.take(expiry::in_range("expires_at", at, now));
            }
            new.expires_at = expires_at;
        }
        let own = &mut new.restrictions;
        if self.require_signed == Some(true) && !own.require_signed {
            invalid.take(can_sign(key.has_signing_secret));
        }
        own.require_signed = self.require_signed.unwrap_or(own.require_signed);
        if let Some(addresses) = &self.addresses {
            own.addresses.clone_from(addresses);
        }
        own.addresses_enforced = self.addresses_enforced.unwrap_or(own.addresses_enforced);
        own.limits = LimitOverride {
            per_minute: self.limit_per_minute.unwrap_or(own.limits.per_minute),
            per_day: self.limit_per_day.unwrap_or(own.limits.per_day),
        };
        new.label = self.label.clone().unwrap_or(new.label);
        new.scopes = self.scopes.clone().unwrap_or(new.scopes);
        new.paused = self.paused.unwrap_or(new.paused);
        Ok(invalid.or(new)?)
    }
}

/// Describes both values of what another person changed.
fn meanwhile(seen: &Terms, key: &Key) -> String {
    let mut message = "This key was changed after the form was opened.".to_owned();
    let mut add = |what: &str, then: String, now: String| {
        if then != now {
            message += &format!(" {what} now: {now}; when you opened it: {then}.");
        }
    };
    let scopes = |scopes: &[String]| if scopes.is_empty() { "none".to_owned() } else { scopes.join(", ") };
    let expiry = |at: Option<Timestamp>| at.map_or("never".to_owned(), Timestamp::to_rfc3339);
    add("Scopes", scopes(&seen.scopes), scopes(&key.scopes));
    add("Expiry", expiry(seen.expires_at), expiry(key.expires_at));
    message + " Send it again to replace that."
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::key;

    // 2026-11-22T06:00:00Z
    const NOW: Timestamp = Timestamp::from_seconds(1_795_327_200);

    fn refused(change: &KeyChange, key: &Key) -> &'static str {
        match change.applied(key, NOW) {
            Err(Error::Conflict { code, .. }) => code,
            Err(Error::Invalid(invalid)) => invalid.0[0].field,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_not_named_stays() {
        let key = Key { metadata: crate::key::Metadata::check(r#"{"team": "a"}"#).expect("an object"), ..key() };
        assert_eq!(KeyChange::default().applied(&key, NOW).ok(), Some(KeySettings::from(&key)));
        let change = KeyChange { limit_per_day: Some(Some(7)), ..KeyChange::default() };
        let mut expected = KeySettings::from(&key);
        expected.restrictions.limits.per_day = Some(7);
        assert_eq!(change.applied(&key, NOW).ok(), Some(expected));
    }

    #[test]
    fn an_expiry_that_was_read_and_sent_back_is_the_same() {
        let at = Timestamp::from_micros(NOW.micros() + 5_000_123);
        let key = Key { expires_at: Some(at), ..key() };
        let of = |at: Option<Timestamp>| KeyChange { expires_at: Some(at), ..KeyChange::default() };
        let back = Timestamp::parse_rfc3339(&at.to_rfc3339());
        assert_eq!(of(back).applied(&key, NOW).expect("the same").expires_at, Some(at), "though it is too soon");
        assert_eq!(of(None).applied(&key, NOW).expect("never").expires_at, None);
        assert_eq!(refused(&of(Some(NOW)), &key), "expires_at");
    }

    #[test]
    fn an_ended_key_is_left_alone() {
        let expired = Key { expires_at: Some(NOW), ..key() };
        assert_eq!(refused(&KeyChange { expires_at: Some(None), ..KeyChange::default() }, &expired), "key_expired");
        let revoked =
            crate::key::Revocation { at: NOW, by: "Ada".to_owned(), reason: String::new(), refused_after: None };
        let revoked = Key { revoked: Some(revoked), ..expired };
        assert_eq!(refused(&KeyChange::default(), &revoked), "key_revoked");
    }

    #[test]
    fn what_somebody_else_changed_is_told_with_both_values() {
        let key = key();
        let seen = |scopes: &[&str], expires_at| {
            let scopes = scopes.iter().map(ToString::to_string).collect();
            KeyChange { seen: Some(Terms { scopes, expires_at }), ..KeyChange::default() }
        };
        assert!(seen(&["read"], None).applied(&key, NOW).is_ok());
        let Err(Error::Conflict { code, message }) = seen(&["read", "write"], Some(NOW)).applied(&key, NOW) else {
            panic!("it was taken")
        };
        assert_eq!(code, "changed_meanwhile");
        assert_eq!(
            message,
            "This key was changed after the form was opened. Scopes now: read; when you opened it: read, write. \
             Expiry now: never; when you opened it: 2026-11-22T06:00:00Z. Send it again to replace that."
        );
    }

    #[test]
    fn a_key_that_cannot_sign_is_not_made_to() {
        let change = KeyChange { require_signed: Some(true), ..KeyChange::default() };
        assert!(change.applied(&key(), NOW).is_ok());
        assert_eq!(refused(&change, &Key { has_signing_secret: false, ..key() }), "require_signed");
    }
}
