//! An event as stored, and the hash that chains it to the one before.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Action, Outcome, PersonalField, Salts};
use crate::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub chain: String,
    pub seq: i64,
    pub at: Timestamp,
    pub actor_kind: String,
    pub actor_id: String,
    pub actor_name: String,
    pub action: String,
    pub target_kind: String,
    pub target_id: String,
    pub target_name: String,
    pub app_id: Option<String>,
    pub outcome: Outcome,
    pub address: Option<String>,
    pub user_agent: Option<String>,
    pub request_id: Option<String>,
    /// JSON.
    pub details: String,
    pub salts: Salts,
}

impl Event {
    /// SHA-256 of the previous hash and the event as a JSON array, whose order is part of the format. In the second format
    /// the array contains commitments to the personal fields instead of the fields.
    pub fn hash(&self, before: &[u8]) -> [u8; 32] {
        let fields = if self.salts.is_unsalted() { self.first_format().to_string() } else { self.second_format() };
        Sha256::new().chain_update(before).chain_update(fields).finalize().into()
    }

    /// Whether a stored hash is that of this event after the one with the hash `before`. Of an event in the first format
    /// whose personal fields were erased only the hash is left: it can't be computed again.
    pub fn has_hash(&self, before: &[u8], hash: &[u8]) -> bool {
        match self.salts {
            Salts::ErasedFirst => hash.len() == 32,
            _ => self.hash(before) == *hash,
        }
    }

    fn first_format(&self) -> Value {
        json!([
            1,
            self.chain,
            self.seq,
            self.at.micros(),
            self.actor_kind,
            self.actor_id,
            self.actor_name,
            self.action,
            self.target_kind,
            self.target_id,
            self.target_name,
            self.app_id,
            self.outcome.code(),
            self.address,
            self.user_agent,
            self.request_id,
            self.details,
        ])
    }

    /// Not by way of a `Value`, which takes twice as long: a million events are checked at once.
    fn second_format(&self) -> String {
        let commitments = PersonalField::ALL.map(|field| self.salts.commitment(field, self.personal(field)));
        let fields = (
            2,
            &self.chain,
            self.seq,
            self.at.micros(),
            &self.actor_kind,
            &self.actor_id,
            &self.action,
            &self.target_kind,
            &self.target_id,
            &self.app_id,
            self.outcome.code(),
            &self.request_id,
            commitments,
        );
        serde_json::to_string(&fields).expect("texts and numbers are JSON")
    }

    /// What a personal field contains.
    pub fn personal(&self, field: PersonalField) -> Option<&str> {
        match field {
            PersonalField::ActorName => Some(&self.actor_name),
            PersonalField::TargetName => Some(&self.target_name),
            PersonalField::Address => self.address.as_deref(),
            PersonalField::UserAgent => self.user_agent.as_deref(),
            PersonalField::Details => Some(&self.details),
        }
    }

    /// Replaces what a personal field contains. The hash stays; what was there can't be found by guessing, because its salt
    /// goes with it.
    pub fn erase(&mut self, field: PersonalField, instead: Option<String>) {
        self.salts = self.salts.without(field, self.personal(field));
        match field {
            PersonalField::ActorName => self.actor_name = instead.unwrap_or_default(),
            PersonalField::TargetName => self.target_name = instead.unwrap_or_default(),
            PersonalField::Address => self.address = instead,
            PersonalField::UserAgent => self.user_agent = instead,
            PersonalField::Details => self.details = instead.unwrap_or_default(),
        }
    }

    pub fn action_title(&self) -> &str {
        Action::parse(&self.action).map_or(&self.action, |action| action.title())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(salts: Salts) -> Event {
        Event {
            chain: "org_x".to_owned(),
            seq: 7,
            at: Timestamp::from_micros(42),
            actor_kind: "user".to_owned(),
            actor_id: "usr_x".to_owned(),
            actor_name: "Ada".to_owned(),
            action: "key.generated".to_owned(),
            target_kind: "key".to_owned(),
            target_id: "key_x".to_owned(),
            target_name: "CI".to_owned(),
            app_id: None,
            outcome: Outcome::Done,
            address: Some("127.0.0.1".to_owned()),
            user_agent: None,
            request_id: None,
            details: "{}".to_owned(),
            salts,
        }
    }

    /// As docs/audit.md describes it: logs that were written have to stay readable.
    #[test]
    fn the_encoding_is_that_of_the_docs() {
        let event = Event { actor_id: "a\"\\\u{1f}é\u{7f}".to_owned(), ..event(Salts::Seed([1; 16])) };
        let fields: Vec<_> =
            PersonalField::ALL.map(|field| event.salts.commitment(field, event.personal(field))).into();
        let expected = format!(
            r#"[2,"org_x",7,42,"user","a\"\\\u001fé{}","key.generated","key","key_x",null,0,null,["{}"]]"#,
            '\u{7f}',
            fields.join("\",\"")
        );
        let hash: [u8; 32] = Sha256::new().chain_update(b"before").chain_update(&expected).finalize().into();
        assert_eq!(event.hash(b"before"), hash, "{expected}");
    }

    #[test]
    fn an_erased_field_leaves_the_hash() {
        let mut erased = event(Salts::Seed([1; 16]));
        let hash = erased.hash(b"before");
        for field in PersonalField::ALL {
            erased.erase(field, Some("gone".to_owned()));
            assert_eq!(erased.hash(b"before"), hash, "{field:?}");
            erased.erase(field, Some("gone".to_owned()));
            assert!(erased.has_hash(b"before", &hash), "{field:?}, again");
        }
        assert!(!Event { seq: 8, ..erased.clone() }.has_hash(b"before", &hash), "the rest is in the hash");
        assert!(!erased.has_hash(b"after", &hash));
    }

    #[test]
    fn every_field_is_in_the_hash() {
        for salts in [Salts::Seed([1; 16]), Salts::First] {
            let whole = event(salts);
            let hash = whole.hash(b"before");
            assert!(whole.has_hash(b"before", &hash));
            for changed in [
                Event { chain: "org_y".to_owned(), ..whole.clone() },
                Event { at: Timestamp::from_micros(43), ..whole.clone() },
                Event { actor_name: "Eve".to_owned(), ..whole.clone() },
                Event { target_name: "CD".to_owned(), ..whole.clone() },
                Event { address: None, ..whole.clone() },
                Event { user_agent: Some("curl".to_owned()), ..whole.clone() },
                Event { request_id: Some("req_x".to_owned()), ..whole.clone() },
                Event { app_id: Some("app_x".to_owned()), ..whole.clone() },
                Event { outcome: Outcome::Refused(403), ..whole.clone() },
                Event { details: "{ }".to_owned(), ..whole.clone() },
            ] {
                assert!(!changed.has_hash(b"before", &hash), "{changed:?}");
            }
        }
    }

    #[test]
    fn the_first_format_keeps_only_its_hash() {
        let mut event = event(Salts::First);
        let hash = event.hash(b"before");
        event.erase(PersonalField::ActorName, Some("gone".to_owned()));
        assert_eq!(event.salts, Salts::ErasedFirst);
        assert!(event.has_hash(b"before", &hash));
    }
}
