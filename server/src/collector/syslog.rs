//! Syslog: RFC 5424, each message after its length (RFC 6587).

use sallyport::{
    audit::{Outcome, export::Exported, hex},
    export::ExportRow,
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Collector, connection::connect};

/// The facility *log audit*, and the severities *informational* and *notice*.
const FACILITY: u8 = 13;
const INFORMATIONAL: u8 = 6;
const NOTICE: u8 = 5;

/// The longest name of a machine or kind of message in RFC 5424.
const HOST: usize = 255;
const KIND: usize = 32;

/// What all messages have in common.
pub(super) struct Form {
    host: String,
    max_message: usize,
}

impl Form {
    pub(super) fn new(portal: &str, max_message: usize) -> Self {
        Self { host: word(portal, HOST), max_message }
    }

    /// A message after its length. Nothing in an event can end it early: whatever is not plain ASCII is escaped.
    pub(super) fn framed(&self, event: &Exported) -> Vec<u8> {
        let message = self.message(event);
        format!("{} {message}", message.len()).into_bytes()
    }

    /// An event that is too long is told without its details, or only by its number and hash.
    fn message(&self, exported: &Exported) -> String {
        let event = &exported.event;
        let severity = if event.outcome == Outcome::Done { INFORMATIONAL } else { NOTICE };
        let head = format!(
            "<{}>1 {} {} sallyport - {} [sallyport@32473 chain=\"{}\" seq=\"{}\" hash=\"{}\"] ",
            FACILITY * 8 + severity,
            exported.time(),
            self.host,
            word(&event.action, KIND),
            // An id of ours: without quotes, backslashes and brackets.
            word(&event.chain, HOST),
            event.seq,
            hex(&exported.hash),
        );
        let mut line = exported.json();
        let whole = head.len() + ascii(&line).len() <= self.max_message;
        if !whole {
            for field in ["details", "salts", "commitments", "user_agent", "target_name", "actor_name"] {
                line.as_object_mut().map(|line| line.remove(field));
            }
            line["truncated"] = Value::Bool(true);
        }
        let text = ascii(&line);
        if head.len() + text.len() <= self.max_message {
            return head + &text;
        }
        head + &ascii(
            &json!({ "chain": event.chain, "seq": event.seq, "hash": hex(&exported.hash), "truncated": true }),
        )
    }
}

/// A word of printable ASCII without what has a meaning in structured data; never empty.
fn word(text: &str, most: usize) -> String {
    let plain = |letter: char| if letter.is_ascii_graphic() && !"\"\\]".contains(letter) { letter } else { '?' };
    let word: String = text.chars().map(plain).take(most).collect();
    if word.is_empty() { "-".to_owned() } else { word }
}

/// JSON in printable ASCII. JSON escapes the other control characters itself.
fn ascii(json: &Value) -> String {
    let mut text = String::new();
    for letter in json.to_string().chars() {
        if letter.is_ascii() && letter != '\u{7f}' {
            text.push(letter);
        } else {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                text += &format!("\\u{unit:04x}");
            }
        }
    }
    text
}

/// Syslog has no answers. That the other side ends the connection too, once everything was sent and this side has ended
/// it, says that it has read everything.
pub(super) async fn send(collector: &Collector, messages: Vec<u8>) -> Result<(), String> {
    let mut stream = connect(collector).await?;
    let broke_off = |error: std::io::Error| format!("broke off: {error}");
    stream.write_all(&messages).await.map_err(broke_off)?;
    stream.flush().await.map_err(broke_off)?;
    stream.shutdown().await.map_err(broke_off)?;
    let mut ignored = [0; 1024];
    loop {
        match stream.read(&mut ignored).await {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            // Many servers end TLS without a word: rsyslog does.
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(broke_off(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use sallyport::{
        Timestamp,
        audit::{Event, Salts},
    };

    use super::*;

    fn exported(target: &str, details: &Value) -> Exported {
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
            outcome: Outcome::Done,
            address: None,
            user_agent: None,
            request_id: None,
            details: details.to_string(),
            salts: Salts::Seed([7; 16]),
        };
        let hash = event.hash(b"before").to_vec();
        Exported { event, hash }
    }

    #[test]
    fn a_message_is_that_of_the_standard() {
        let exported = exported("CI", &json!({}));
        let message = Form::new("keys.example.com", 8_192).message(&exported);
        let hash = hex(&exported.hash);
        let head = format!(
            "<110>1 2026-11-22T06:00:00.000042Z keys.example.com sallyport - key.generated \
             [sallyport@32473 chain=\"org_focus_000000\" seq=\"7\" hash=\"{hash}\"] "
        );
        let text = message.strip_prefix(&head).unwrap_or_else(|| panic!("{message}"));
        assert_eq!(serde_json::from_str::<Value>(text).expect("JSON"), exported.json());
        let framed = Form::new("keys.example.com", 8_192).framed(&exported);
        assert!(framed.starts_with(format!("{} <110>1 ", message.len()).as_bytes()));
    }

    #[test]
    fn nothing_is_injected() {
        let target = "CI\n<110>1 - forged\u{7f}\u{85}\u{2028}\u{1f600}\"]";
        let exported = exported(target, &json!({ "reason": "a\r\nb\u{0}" }));
        let message = Form::new("keys\n.example.com", 8_192).message(&exported);
        assert!(message.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{message}");
        let text = message.split_once("] ").expect("structured data").1;
        assert_eq!(serde_json::from_str::<Value>(text).expect("JSON"), exported.json());
    }

    #[test]
    fn a_long_event_keeps_its_number_and_hash() {
        let form = Form::new("keys.example.com", 1_024);
        for (target, has_actor) in [("CI", true), (&*"x".repeat(9_000), true)] {
            let exported = exported(target, &json!({ "reason": "y".repeat(9_000) }));
            let message = form.message(&exported);
            assert!(message.len() <= 1_024, "{message}");
            let line: Value = serde_json::from_str(message.split_once("] ").expect("data").1).expect("JSON");
            assert_eq!((&line["hash"], &line["truncated"]), (&json!(hex(&exported.hash)), &json!(true)));
            assert_eq!(line["actor_id"].is_string(), has_actor);
        }
    }
}
