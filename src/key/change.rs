//! A partial update of an issued key.

use crate::{
    Error, Invalid, Result, Timestamp,
    key::{
        Addresses, Key, KeySettings, LimitOverride, Restrictions, Seen, Status, expiry, metadata::MetadataPatch,
        restrictions::can_sign,
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
    /// Precondition: this part of the key is still the same.
    pub seen: Option<Seen>,
}

/// Replaces all restrictions.
impl From<Restrictions> for KeyChange {
    fn from(new: Restrictions) -> Self {
        Self {
            addresses: Some(new.addresses),
            addresses_enforced: Some(new.addresses_enforced),
            require_signed: Some(new.require_signed),
            limit_per_minute: Some(new.limits.per_minute),
            limit_per_day: Some(new.limits.per_day),
            ..Self::default()
        }
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
        if let Some(message) = self.seen.as_ref().and_then(|seen| seen.changed(key)) {
            return ended("changed_meanwhile", &message);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{key::seen::Terms, testing::key};

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
        let revoked = crate::key::Revocation {
            at: NOW,
            by: "Ada".to_owned(),
            reason: String::new(),
            refused_after: None,
            refused_by: vec![],
        };
        let revoked = Key { revoked: Some(revoked), ..expired };
        assert_eq!(refused(&KeyChange::default(), &revoked), "key_revoked");
    }

    #[test]
    fn what_somebody_else_changed_is_not_overwritten() {
        let seen = Some(Seen::Terms(Terms { scopes: vec!["write".to_owned()], expires_at: None }));
        assert_eq!(refused(&KeyChange { seen, ..KeyChange::default() }, &key()), "changed_meanwhile");
        let seen = Some(Seen::Terms(Terms::from(&key())));
        assert!(KeyChange { seen, ..KeyChange::default() }.applied(&key(), NOW).is_ok());
    }

    #[test]
    fn restrictions_are_changed_to_exactly_these() {
        let before = Key {
            restrictions: Restrictions {
                addresses: Addresses::check("203.0.113.7").expect("an address"),
                limits: LimitOverride { per_minute: Some(7), per_day: Some(70) },
                ..Restrictions::default()
            },
            ..key()
        };
        let new = Restrictions { require_signed: true, addresses_enforced: true, ..Restrictions::default() };
        let expected = KeySettings { restrictions: new.clone(), ..KeySettings::from(&before) };
        assert_eq!(KeyChange::from(new).applied(&before, NOW).ok(), Some(expected));
    }

    #[test]
    fn a_key_that_cannot_sign_is_not_made_to() {
        let change = KeyChange { require_signed: Some(true), ..KeyChange::default() };
        assert!(change.applied(&key(), NOW).is_ok());
        assert_eq!(refused(&change, &Key { has_signing_secret: false, ..key() }), "require_signed");
    }
}
