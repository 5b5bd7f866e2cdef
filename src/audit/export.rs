//! Events as files. A line of JSON contains everything that the event's hash covers, so that anyone with a whole
//! chain can verify it.

use chrono::SecondsFormat;
use serde_json::{Value, json};

use super::{Event, Outcome, PersonalField, Salt, Salts, personal::hex};
use crate::export::ExportRow;

/// An event with its position in the chain.
#[derive(Clone, Debug)]
pub struct Exported {
    pub event: Event,
    pub hash: Vec<u8>,
}

impl Exported {
    /// When it happened, with microseconds as in the hash.
    pub fn time(&self) -> String {
        self.event.at.to_chrono().to_rfc3339_opts(SecondsFormat::Micros, true)
    }

    fn outcome(&self) -> (&'static str, Option<i64>) {
        match self.event.outcome {
            Outcome::Done => ("done", None),
            Outcome::Refused(status) => ("refused", Some(status.into())),
        }
    }

    /// What else the hash is made with: the salt of each personal field, or the commitment to one that was erased.
    fn add_salts(&self, line: &mut Value) {
        let salts = &self.event.salts;
        match salts {
            Salts::First => line["format"] = 1.into(),
            Salts::ErasedFirst => {
                line["format"] = 1.into();
                line["erased"] = true.into();
            }
            Salts::Seed(_) | Salts::Each(_) => {
                line["format"] = 2.into();
                for field in PersonalField::ALL {
                    match salts.salt(field) {
                        Salt::Kept(salt) => line["salts"][field.name()] = hex(&salt).into(),
                        Salt::Erased(commitment) => line["commitments"][field.name()] = hex(&commitment).into(),
                    }
                }
            }
        }
    }
}

impl ExportRow for Exported {
    const COLUMNS: &'static [&'static str] = &[
        "seq",
        "time",
        "actor_kind",
        "actor_id",
        "actor",
        "action",
        "target_kind",
        "target_id",
        "target",
        "app_id",
        "outcome",
        "status",
        "address",
        "user_agent",
        "request_id",
        "details",
        "hash",
    ];

    fn cells(&self) -> Vec<String> {
        let event = &self.event;
        let (outcome, status) = self.outcome();
        let or_nothing = |text: &Option<String>| text.clone().unwrap_or_default();
        vec![
            event.seq.to_string(),
            self.time(),
            event.actor_kind.clone(),
            event.actor_id.clone(),
            event.actor_name.clone(),
            event.action.clone(),
            event.target_kind.clone(),
            event.target_id.clone(),
            event.target_name.clone(),
            or_nothing(&event.app_id),
            outcome.to_owned(),
            status.map(|status| status.to_string()).unwrap_or_default(),
            or_nothing(&event.address),
            or_nothing(&event.user_agent),
            or_nothing(&event.request_id),
            event.details.clone(),
            hex(&self.hash),
        ]
    }

    fn json(&self) -> Value {
        let event = &self.event;
        let (outcome, status) = self.outcome();
        let details: Value = serde_json::from_str(&event.details).unwrap_or_else(|_| json!(event.details));
        let mut line = json!({
            "chain": event.chain,
            "seq": event.seq,
            "time": self.time(),
            "actor_kind": event.actor_kind,
            "actor_id": event.actor_id,
            "actor_name": event.actor_name,
            "action": event.action,
            "target_kind": event.target_kind,
            "target_id": event.target_id,
            "target_name": event.target_name,
            "app_id": event.app_id,
            "outcome": outcome,
            "status": status,
            "address": event.address,
            "user_agent": event.user_agent,
            "request_id": event.request_id,
            "details": details,
            "hash": hex(&self.hash),
        });
        self.add_salts(&mut line);
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;

    fn exported(target: &str) -> Exported {
        let event = Event {
            chain: "org_focus_000000".to_owned(),
            seq: 7,
            at: Timestamp::from_micros(1_795_327_200_000_042),
            actor_kind: "user".to_owned(),
            actor_id: "usr_x".to_owned(),
            actor_name: "Ada".to_owned(),
            action: "key.generated".to_owned(),
            target_kind: "key".to_owned(),
            target_id: "key_x".to_owned(),
            target_name: target.to_owned(),
            app_id: None,
            outcome: Outcome::Refused(403),
            address: Some("127.0.0.1".to_owned()),
            user_agent: None,
            request_id: None,
            details: json!({ "scopes": ["read", "write"], "code": "x" }).to_string(),
            salts: Salts::Seed([7; 16]),
        };
        let hash = event.hash(b"before").to_vec();
        Exported { event, hash }
    }

    #[test]
    fn a_line_of_json_proves_its_hash() {
        let told = exported("CI");
        let line: Value = serde_json::from_str(&told.json_line()).expect("JSON");
        let text = |name: &str| line[name].as_str().expect("text").to_owned();
        let again = Event {
            chain: text("chain"),
            seq: line["seq"].as_i64().expect("a number"),
            at: Timestamp::parse_rfc3339(&text("time")).expect("a time"),
            actor_kind: text("actor_kind"),
            actor_id: text("actor_id"),
            actor_name: text("actor_name"),
            action: text("action"),
            target_kind: text("target_kind"),
            target_id: text("target_id"),
            target_name: text("target_name"),
            app_id: None,
            outcome: Outcome::from_code(line["status"].as_i64().unwrap_or(0)),
            address: Some(text("address")),
            user_agent: None,
            request_id: None,
            details: line["details"].to_string(),
            salts: told.event.salts.clone(),
        };
        assert_eq!(again, told.event);
        assert_eq!(text("hash"), hex(&again.hash(b"before")));
        // The salts are enough without the seed.
        for field in PersonalField::ALL {
            let salt = line["salts"][field.name()].as_str().expect("a salt");
            assert_eq!(told.event.salts.salt(field), Salt::Kept(from_hex(salt)), "{field:?}");
        }
        assert_eq!(told.cells().len(), Exported::COLUMNS.len());
    }

    fn from_hex(text: &str) -> [u8; 32] {
        std::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).expect("hexadecimal"))
    }

    #[test]
    fn an_erased_field_has_its_commitment() {
        let mut told = exported("CI");
        told.event.erase(PersonalField::Address, None);
        let line = told.json();
        assert_eq!((&line["format"], &line["address"]), (&json!(2), &Value::Null));
        assert!(line["salts"]["actor_name"].is_string() && line["salts"]["address"].is_null());
        assert!(line["commitments"]["address"].is_string() && line["commitments"]["actor_name"].is_null());
        told.event.salts = Salts::ErasedFirst;
        let line = told.json();
        assert_eq!((&line["format"], &line["erased"], &line["salts"]), (&json!(1), &json!(true), &Value::Null));
    }
}
