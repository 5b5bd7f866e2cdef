//! Events as files: CSV for a spreadsheet, a JSON object a line for everything else.
//!
//! A line of JSON holds everything that the event's hash is made of, so that anybody with a whole chain can check it.

use chrono::SecondsFormat;
use serde_json::{Value, json};

use super::{Event, Outcome};

/// An event with its place in the chain.
#[derive(Clone, Debug)]
pub struct Exported {
    pub event: Event,
    pub hash: Vec<u8>,
}

/// What the file begins with: a byte order mark, because spreadsheets take what has none for an older encoding; then the
/// first line.
pub const CSV_START: &str = "\u{feff}seq,time,actor_kind,actor_id,actor,action,target_kind,target_id,target,app_id,outcome,status,address,user_agent,request_id,details,hash\r\n";

impl Exported {
    /// To the microsecond, as it was hashed.
    fn time(&self) -> String {
        self.event.at.to_chrono().to_rfc3339_opts(SecondsFormat::Micros, true)
    }

    fn outcome(&self) -> (&'static str, Option<i64>) {
        match self.event.outcome {
            Outcome::Done => ("done", None),
            Outcome::Refused(status) => ("refused", Some(status.into())),
        }
    }

    fn hex(&self) -> String {
        self.hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// A line of JSON, with its end.
    pub fn json_line(&self) -> String {
        let event = &self.event;
        let (outcome, status) = self.outcome();
        let details: Value = serde_json::from_str(&event.details).unwrap_or_else(|_| json!(event.details));
        let line = json!({
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
            "hash": self.hex(),
        });
        format!("{line}\n")
    }

    /// A line of CSV (RFC 4180), with its end.
    pub fn csv_line(&self) -> String {
        let event = &self.event;
        let (outcome, status) = self.outcome();
        let or_nothing = |text: &Option<String>| text.clone().unwrap_or_default();
        let cells = [
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
            self.hex(),
        ];
        let cells: Vec<_> = cells.iter().map(|text| cell(text)).collect();
        format!("{}\r\n", cells.join(","))
    }
}

/// Quoted where it must be.
fn cell(text: &str) -> String {
    let text = defused(text);
    if text.contains(['"', ',', ';', '\t', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// What a spreadsheet would take for a formula gets a ' in front (OWASP: CSV Injection), wherever a cell could begin:
/// spreadsheets of many countries split lines at semicolons, others at tabs, whatever is quoted.
fn defused(text: &str) -> String {
    let mut defused = String::with_capacity(text.len() + 1);
    let mut begins = true;
    for letter in text.chars() {
        if begins && is_formula(letter) {
            defused.push('\'');
        }
        // Quotes and blanks before a formula may be taken away.
        begins = matches!(letter, ',' | ';' | '\t' | '\r' | '\n') || (begins && matches!(letter, '"' | ' '));
        defused.push(letter);
    }
    defused
}

fn is_formula(letter: char) -> bool {
    matches!(letter, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;
    use proptest::prelude::*;

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
        };
        let hash = event.hash(b"before").to_vec();
        Exported { event, hash }
    }

    #[test]
    fn formulas_are_text() {
        for (text, expected) in [
            ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@x", "'@x"),
            ("=1,\"2\"", "\"'=1,\"\"2\"\"\""),
            ("\t=1", "\"'\t'=1\""),
            ("a=b", "a=b"),
            ("two\nlines", "\"two\nlines\""),
            ("a;=1", "\"a;'=1\""),
            ("a; \"=1", "\"a; \"\"'=1\""),
            ("a,+1;-2\t@3\n=4", "\"a,'+1;'-2\t'@3\n'=4\""),
            ("a;\t=1", "\"a;'\t'=1\""),
            ("\r\n=1", "\"'\r'\n'=1\""),
            ("a;＝1", "\"a;'＝1\""),
            ("a; b", "\"a; b\""),
            ("1-2+3=2@x", "1-2+3=2@x"),
            ("", ""),
        ] {
            assert_eq!(cell(text), expected, "{text:?}");
        }
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
        };
        assert_eq!(again, told.event);
        let hash: String = again.hash(b"before").iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(text("hash"), hash);
    }

    proptest! {
        #[test]
        fn csv_comes_back(text in ".*") {
            let line = exported(&text).csv_line();
            let mut cells = vec![String::new()];
            let (mut quoted, mut letters) = (false, line.strip_suffix("\r\n").expect("an end").chars().peekable());
            while let Some(letter) = letters.next() {
                match letter {
                    '"' if quoted && letters.peek() == Some(&'"') => {
                        letters.next();
                        cells.last_mut().expect("a cell").push('"');
                    }
                    '"' => quoted = !quoted,
                    ',' if !quoted => cells.push(String::new()),
                    letter => cells.last_mut().expect("a cell").push(letter),
                }
            }
            prop_assert_eq!(cells.len(), CSV_START.split(',').count());
            prop_assert_eq!(&cells[8], &defused(&text));
            prop_assert_eq!(cells[8].replace('\'', ""), text.replace('\'', ""), "nothing else is changed");
            for begun in cells[8].split([',', ';', '\t', '\r', '\n']) {
                prop_assert!(!begun.trim_start_matches([' ', '"']).starts_with(['=', '+', '-', '@']));
            }
        }
    }
}
