//! What events say about a person.

use std::net::IpAddr;

use serde_json::Value;

use crate::{
    audit::{ERASED, Event, PersonalField},
    user::User,
};

/// Things that the person named for themselves: the names say where somebody works and with what.
const NAMED_BY_THEM: [&str; 2] = ["personal_token", "command_line"];

#[derive(Clone)]
pub(super) struct Person {
    id: String,
    email: String,
    /// All that they ever had.
    names: Vec<String>,
    /// Their personal keys, which they alone used.
    keys: Vec<String>,
}

impl Person {
    pub(super) fn new(user: &User, names: impl IntoIterator<Item = String>, keys: Vec<String>) -> Self {
        let mut names: Vec<_> = names.into_iter().filter(|name| name != ERASED).collect();
        names.sort_unstable();
        names.dedup();
        Self { id: user.id.to_string(), email: user.email.clone(), names, keys }
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The event without the person; `None` if it does not name them.
    pub(super) fn erased_from(&self, event: &Event) -> Option<Event> {
        let acts = event.actor_kind == "user" && event.actor_id == self.id;
        let acted_on = event.target_kind == "user" && event.target_id == self.id;
        let details: Value = serde_json::from_str(&event.details).unwrap_or_default();
        let of_theirs = details["user"]["id"] == self.id.as_str();
        // Somebody who could not sign in to their account was most likely they.
        let came = acts
            || event.actor_kind == "key" && self.keys.contains(&event.actor_id)
            || event.actor_kind == "anonymous" && (acted_on || of_theirs);
        let mut erased = event.clone();
        let mut replace = |field, instead: Option<String>| {
            if erased.personal(field) != instead.as_deref() {
                erased.erase(field, instead);
            }
        };
        if acts {
            replace(PersonalField::ActorName, Some(ERASED.to_owned()));
        }
        if came {
            replace(PersonalField::Address, None);
            replace(PersonalField::UserAgent, None);
        }
        let named = (acts || of_theirs) && NAMED_BY_THEM.contains(&event.target_kind.as_str());
        if acted_on || named || event.target_name.eq_ignore_ascii_case(&self.email) {
            replace(PersonalField::TargetName, Some(ERASED.to_owned()));
        }
        let mut redacted = details;
        if self.erase_texts(&mut redacted, &[], acts || acted_on || came) {
            replace(PersonalField::Details, Some(redacted.to_string()));
        }
        (erased != *event).then_some(erased)
    }

    /// Replaces texts that name them; returns whether there were any.
    fn erase_texts(&self, value: &mut Value, path: &[&str], theirs: bool) -> bool {
        match value {
            Value::String(text) => {
                let names = self.is_named(text, path, theirs);
                if names {
                    ERASED.clone_into(text);
                }
                names
            }
            Value::Array(values) => {
                let mut found = false;
                for value in values {
                    found |= self.erase_texts(value, path, theirs);
                }
                found
            }
            Value::Object(values) => {
                let mut found = false;
                for (name, value) in values.iter_mut() {
                    let path = [path, &[name.as_str()]].concat();
                    found |= self.erase_texts(value, &path, theirs);
                }
                found
            }
            _ => false,
        }
    }

    /// A text that only equals their name may be the name of something else, unless it is in an event about them.
    fn is_named(&self, text: &str, path: &[&str], theirs: bool) -> bool {
        let is_name = || {
            let without = text.strip_suffix(" was removed from the organization").unwrap_or(text);
            self.names.iter().any(|name| name == without)
        };
        text != ERASED
            && (text.to_ascii_lowercase().contains(&self.email)
                || (theirs || matches!(path, ["invited_by" | "reason"])) && is_name()
                || theirs
                    && (text.parse::<IpAddr>().is_ok() || matches!(path, [of, "name"] if NAMED_BY_THEM.contains(of))))
    }
}
