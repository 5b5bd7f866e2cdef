//! The bodies of deliveries described: JSON Schemas and examples. `/docs/webhooks` shows them, and docs/webhooks.md has a part
//! that is made from them.

use serde_json::{Value, json};

use super::{
    delivery,
    event_types::{LIMIT_REACHED, TEST, offered},
};
use crate::{
    Timestamp,
    audit::{Event, Outcome, Salts},
    id::OrgId,
};

/// An event that endpoints are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Described {
    pub name: &'static str,
    /// What happened.
    pub title: &'static str,
    /// What it can be about, as `target_kind` says it; nothing for a test event.
    pub about: &'static [&'static str],
}

/// All events: those that can be chosen, and the one that tests an endpoint.
pub fn described() -> impl Iterator<Item = Described> {
    let events = offered().map(|(name, title)| Described { name, title, about: about(name) });
    events.chain([Described { name: TEST, title: "Test event sent", about: &[] }])
}

/// One of them.
pub fn find(name: &str) -> Option<Described> {
    described().find(|one| one.name == name)
}

fn about(name: &str) -> &'static [&'static str] {
    const PLACES: [&str; 4] = ["organization", "tenant", "project", "app"];
    match name.split_once('.').map_or(name, |(noun, _)| noun) {
        "keys" if name == "keys.revoked_all" => &PLACES,
        "keys" => &["organization", "app"],
        "key_policy" => &["organization"],
        "approval" => &["approval"],
        "member" => &["user"],
        "invitation" => &["invitation"],
        "token" => &["root_token"],
        _ => &["key"],
    }
}

/// The JSON Schema (2020-12) of the body about this event; without one, of every body.
pub fn schema(event: Option<&Described>) -> Value {
    let text = |says: &str| json!({ "type": "string", "description": says });
    let or_null = |says: &str| json!({ "type": ["string", "null"], "description": says });
    let name = event.map_or_else(|| text("The name of the event."), |event| json!({ "const": event.name }));
    let mut data = json!({
        "sequence": { "type": "integer", "minimum": 1, "description": "Counts the deliveries of this endpoint." },
        "org_id": text("The organization."),
        "environment": or_null("That of the key; null if it concerns all environments."),
    });
    let always: Vec<_> = data.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
    let is_test = event.is_some_and(|event| event.name == TEST);
    if !is_test {
        let action = match event {
            Some(event) if event.name == LIMIT_REACHED => json!({ "const": "request.refused" }),
            Some(event) => json!({ "const": event.name }),
            None => text("The action, as the activity log names it."),
        };
        let about = match event {
            Some(event) => json!({ "enum": event.about }),
            None => text("What it is about: key, user, invitation, …"),
        };
        let of_event = json!({
            "event_seq": { "type": "integer", "minimum": 1, "description": "Its number in the activity log." },
            "action": action,
            "outcome": { "enum": ["done", "refused"] },
            "actor_kind": text("Who did it: user, key, root_token, trust_rule, service_account, command_line, sallyport or anonymous."),
            "actor_id": text("Their id; empty if they have none."),
            "target_kind": about,
            "target_id": text("The id of what it is about."),
            "app_id": or_null("The app of the key."),
        });
        if let (Value::Object(data), Value::Object(of_event)) = (&mut data, of_event) {
            data.extend(of_event);
        }
    }
    let required: Vec<_> = match event {
        Some(_) => data.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect(),
        None => always,
    };
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": event.map_or("Every event", |event| event.title),
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": name,
            "timestamp": { "type": "string", "format": "date-time", "description": "When it happened." },
            "data": { "type": "object", "required": required, "properties": data },
        },
    })
}

/// The body of a delivery about this event, to an endpoint of this environment.
pub fn example(described: &Described, environment: &str) -> Value {
    let (org, at) = (OrgId::stored("org_focus_labs_kB8mPx".to_owned()), Timestamp::from_seconds(1_795_328_277));
    let Some(kind) = described.about.first() else { return read(&delivery::test_body(&org, environment, 7, at)) };
    let is_limit = described.name == LIMIT_REACHED;
    let is_of_key = *kind == "key";
    let event = Event {
        chain: org.to_string(),
        seq: 112,
        at,
        actor_kind: if is_limit { "key" } else { "user" }.to_owned(),
        actor_id: if is_limit { "key_7Hq2aB3cD4eF5gH6" } else { "usr_5F4iGN2e1DLY" }.to_owned(),
        actor_name: String::new(),
        action: if is_limit { "request.refused" } else { described.name }.to_owned(),
        target_kind: (*kind).to_owned(),
        target_id: example_id(kind).to_owned(),
        target_name: String::new(),
        app_id: is_of_key.then(|| "app_focus_and_kB8mPx".to_owned()),
        outcome: if is_limit { Outcome::Refused(429) } else { Outcome::Done },
        address: None,
        user_agent: None,
        request_id: None,
        details: "{}".to_owned(),
        salts: Salts::First,
    };
    let environment = is_of_key.then_some(environment);
    read(&delivery::body(described.name, &event, environment, 7))
}

fn example_id(kind: &str) -> &'static str {
    match kind {
        "key" => "key_7Hq2aB3cD4eF5gH6",
        "approval" => "apr_3xTq9LmZ2vKd8RwY",
        "user" => "usr_9KcWm4RtZp2X",
        "invitation" => "inv_8ZyQn5VbLk3TsMw1",
        "root_token" => "tok_4GhJk7PqRs9Tu2Vx",
        _ => "org_focus_labs_kB8mPx",
    }
}

fn read(body: &str) -> Value {
    serde_json::from_str(body).unwrap_or_default()
}

/// What the examples in docs/webhooks.md are about.
const SHOWN: [&str; 4] = ["key.revoked", LIMIT_REACHED, "member.added", TEST];

/// Where the part of docs/webhooks.md begins and ends that is made from this file.
pub const BEGIN: &str =
    "<!-- From here it is made from src/webhook/schema.rs: cargo run --example webhook_events -->\n";
pub const END: &str = "<!-- To here. -->\n";

/// That part, with its marks.
pub fn document() -> String {
    let mut text = format!("{BEGIN}\n| `type` | what happened | `target_kind` |\n|---|---|---|\n");
    for one in described() {
        let about: Vec<_> = one.about.iter().map(|kind| format!("`{kind}`")).collect();
        let about = if about.is_empty() { "–".to_owned() } else { about.join(", ") };
        text.push_str(&format!("| `{}` | {} | {about} |\n", one.name, one.title));
    }
    text.push_str("\nThe body has this schema (JSON Schema 2020-12). `/docs/webhooks` has that of each event.\n");
    text.push_str(&format!("\n```json\n{:#}\n```\n\nExamples:\n", schema(None)));
    for one in SHOWN.iter().filter_map(|name| find(name)) {
        text.push_str(&format!("\n```json\n{:#}\n```\n", example(&one, "production")));
    }
    text.push('\n');
    text.push_str(END);
    text
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// What is wrong about a value, by the keywords that the schemas here have.
    pub(crate) fn wrong(schema: &Value, value: &Value, at: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        let known =
            ["$schema", "title", "description", "type", "const", "enum", "minimum", "format", "required", "properties"];
        for (keyword, expected) in schema.as_object().expect("a schema") {
            assert!(known.contains(&keyword.as_str()), "{keyword} is not checked");
            let is_type = |name: &Value| match name.as_str().expect("a name") {
                "object" => value.is_object(),
                "string" => value.is_string(),
                "integer" => value.is_i64(),
                "null" => value.is_null(),
                other => panic!("{other} is not checked"),
            };
            let holds = match keyword.as_str() {
                "type" => expected.as_array().map_or_else(|| is_type(expected), |names| names.iter().any(is_type)),
                "const" => value == expected,
                "enum" => expected.as_array().expect("values").contains(value),
                "minimum" => value.as_i64() >= expected.as_i64(),
                "format" => value.as_str().is_some_and(|text| Timestamp::parse_rfc3339(text).is_some()),
                "required" => expected
                    .as_array()
                    .expect("names")
                    .iter()
                    .all(|name| value.get(name.as_str().expect("a name")).is_some()),
                _ => true,
            };
            if !holds {
                wrong.push(format!("{at}: {keyword} {expected}, and not {value}"));
            }
        }
        for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
            if let Some(there) = value.get(name) {
                wrong.extend(self::wrong(inner, there, &format!("{at}/{name}")));
            }
        }
        // Every field is described.
        let described = schema["properties"].as_object();
        for name in value.as_object().into_iter().flatten().map(|(name, _)| name) {
            if described.is_none_or(|described| !described.contains_key(name)) {
                wrong.push(format!("{at}/{name} is not described"));
            }
        }
        wrong
    }

    #[test]
    fn each_event_has_a_schema_and_an_example_of_it() {
        let all: Vec<_> = described().collect();
        assert!(all.len() > 30);
        for one in &all {
            let example = example(one, "production");
            assert_eq!(wrong(&schema(Some(one)), &example, one.name), [""; 0]);
            assert_eq!(wrong(&schema(None), &example, one.name), [""; 0]);
            assert_eq!(find(one.name), Some(*one));
            for other in all.iter().filter(|other| other.name != one.name) {
                assert_ne!(wrong(&schema(Some(other)), &example, one.name), [""; 0], "{}", other.name);
            }
        }
        assert_eq!(find("key.exploded"), None);
    }

    #[test]
    fn the_document_is_up_to_date() {
        let written = include_str!("../../docs/webhooks.md");
        assert!(written.contains(&document()), "cargo run --example webhook_events");
    }
}
