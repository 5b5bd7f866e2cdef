//! Reads a line of an export again: the event, and what its hash is made with.

use serde_json::Value;

use super::{Event, Outcome, PersonalField, Salt, Salts, export::Exported};
use crate::Timestamp;

/// The event of a line of JSON. The error says what is wrong with the line.
pub fn parse(line: &str) -> Result<Exported, String> {
    let line: Value = serde_json::from_str(line).map_err(|error| format!("it is not JSON: {error}"))?;
    let text = |name: &str| line[name].as_str().map(str::to_owned).ok_or_else(|| format!("it has no text {name}"));
    let text_or_null = |name: &str| match &line[name] {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        _ => Err(format!("its {name} is no text")),
    };
    let outcome = match (line["outcome"].as_str(), line["status"].as_i64()) {
        (Some("done"), None) => Outcome::Done,
        (Some("refused"), Some(status)) if status > 0 => Outcome::from_code(status),
        _ => return Err("its outcome and status do not belong together".to_owned()),
    };
    let hash = text("hash").and_then(|text| from_hex(&text).ok_or_else(|| "its hash has not 32 bytes".to_owned()))?;
    let event = Event {
        chain: text("chain")?,
        seq: line["seq"].as_i64().ok_or("it has no number seq")?,
        at: Timestamp::parse_rfc3339(&text("time")?).ok_or("its time is not in RFC 3339")?,
        actor_kind: text("actor_kind")?,
        actor_id: text("actor_id")?,
        actor_name: text("actor_name")?,
        action: text("action")?,
        target_kind: text("target_kind")?,
        target_id: text("target_id")?,
        target_name: text("target_name")?,
        app_id: text_or_null("app_id")?,
        outcome,
        address: text_or_null("address")?,
        user_agent: text_or_null("user_agent")?,
        request_id: text_or_null("request_id")?,
        details: line["details"].to_string(),
        salts: salts(&line)?,
    };
    Ok(Exported { event, hash: hash.to_vec() })
}

fn salts(line: &Value) -> Result<Salts, String> {
    match line["format"].as_i64() {
        Some(1) if line["erased"] == true => return Ok(Salts::ErasedFirst),
        Some(1) => return Ok(Salts::First),
        Some(2) => {}
        _ => return Err("its format is neither 1 nor 2".to_owned()),
    }
    let mut salts = [Salt::Kept([0; 32]); 5];
    for field in PersonalField::ALL {
        let bytes = |of: &str| line[of][field.name()].as_str().and_then(from_hex);
        salts[field as usize] = match (bytes("salts"), bytes("commitments")) {
            (Some(salt), None) => Salt::Kept(salt),
            (None, Some(commitment)) => Salt::Erased(commitment),
            _ => return Err(format!("it has no salt of its {}", field.name())),
        };
    }
    Ok(Salts::Each(salts))
}

/// 32 bytes in lower-case hexadecimal.
pub fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes: Option<Vec<_>> = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
    bytes.filter(|_| rest.is_empty())?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::{audit::personal::hex, export::ExportRow};

    fn exported(target: String, details: Value, salts: Salts) -> Exported {
        let event = Event {
            chain: "org_x".to_owned(),
            seq: 7,
            at: Timestamp::from_micros(1_795_327_200_000_042),
            actor_kind: "user".to_owned(),
            actor_id: "usr_x".to_owned(),
            actor_name: "Ada".to_owned(),
            action: "key.generated".to_owned(),
            target_kind: "key".to_owned(),
            target_id: "key_x".to_owned(),
            target_name: target,
            app_id: None,
            outcome: Outcome::Refused(403),
            address: Some("127.0.0.1".to_owned()),
            user_agent: None,
            request_id: None,
            details: details.to_string(),
            salts,
        };
        let hash = event.hash(b"before").to_vec();
        Exported { event, hash }
    }

    fn again(exported: &Exported) -> Exported {
        parse(exported.json_line().trim_end()).expect("it is read again")
    }

    #[test]
    fn an_erased_event_keeps_its_hash() {
        let details = || json!({ "reason": "lost" });
        let mut erased = exported("CI".to_owned(), details(), Salts::Seed([7; 16]));
        erased.event.erase(PersonalField::Address, None);
        assert!(again(&erased).event.has_hash(b"before", &erased.hash));
        assert_eq!(again(&erased).event, erased.event);
        for salts in [Salts::First, Salts::ErasedFirst] {
            let first = exported("CI".to_owned(), details(), salts);
            assert_eq!(again(&first).event, first.event);
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let line = exported("CI".to_owned(), json!({}), Salts::Seed([7; 16])).json();
        for (field, value, why) in [
            ("seq", json!("7"), "it has no number seq"),
            ("actor_name", json!(null), "it has no text actor_name"),
            ("address", json!(4), "its address is no text"),
            ("time", json!("today"), "its time is not in RFC 3339"),
            ("hash", json!("00"), "its hash has not 32 bytes"),
            ("format", json!(3), "its format is neither 1 nor 2"),
            ("outcome", json!("done"), "its outcome and status do not belong together"),
            ("salts", json!({}), "it has no salt of its actor_name"),
        ] {
            let mut line = line.clone();
            line[field] = value;
            assert_eq!(parse(&line.to_string()).expect_err(field), why);
        }
        assert!(parse("{").expect_err("half").starts_with("it is not JSON"));
    }

    proptest! {
        #[test]
        fn any_text_comes_back(target in ".*", value in ".*", number in any::<i64>()) {
            let exported = exported(target, json!({ "b": value, "a": [number, null] }), Salts::Seed([7; 16]));
            let again = again(&exported);
            prop_assert!(again.event.has_hash(b"before", &exported.hash));
            prop_assert_eq!(again.event.details, exported.event.details);
        }

        #[test]
        fn bytes_come_back(bytes in any::<[u8; 32]>()) {
            prop_assert_eq!(from_hex(&hex(&bytes)), Some(bytes));
        }
    }
}
