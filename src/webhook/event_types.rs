//! Which events an endpoint is told: audited actions of keys, rotation and members, leaks, and a limit that was reached.

use crate::{
    Invalid,
    audit::{Action, Event, Outcome},
};

/// Every event.
pub const EVERY: &str = "*";

/// A key was refused because of its limit: once for each key and hour.
pub const LIMIT_REACHED: &str = "key.limit_reached";

/// Sent by *Send test event*, whatever was chosen.
pub const TEST: &str = "webhook.test";

/// How the actions begin that can be chosen: those of keys and their rotation, of members, and leaks that were found. Personal
/// tokens belong to people, and root tokens without an organization to the portal: no organization is told of these.
const OFFERED: [&str; 8] =
    ["key.", "keys.", "handover.", "key_policy.", "approval.", "member.", "invitation.", "token.leaked"];

fn is_offered(name: &str) -> bool {
    OFFERED.iter().any(|beginning| name.starts_with(beginning))
}

/// The events that can be chosen, with their titles.
pub fn offered() -> impl Iterator<Item = (&'static str, &'static str)> {
    let named = |action: &Action| (action.as_str(), action.title());
    let of = move |beginning: &'static str| {
        Action::ALL.iter().map(named).filter(move |(name, _)| name.starts_with(beginning))
    };
    OFFERED.into_iter().flat_map(of).chain([(LIMIT_REACHED, "Limit of a key reached")])
}

/// What an audit event is for endpoints; `None` if they are not told.
pub fn of(event: &Event) -> Option<&str> {
    match (event.action.as_str(), event.outcome) {
        ("request.refused", Outcome::Refused(429)) => Some(LIMIT_REACHED),
        (name, _) => is_offered(name).then_some(name),
    }
}

/// The events that an endpoint is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventTypes(Vec<String>);

impl EventTypes {
    pub fn check<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, Invalid> {
        let mut chosen: Vec<_> = names.into_iter().map(str::to_owned).collect();
        chosen.sort_unstable();
        chosen.dedup();
        let known = |name: &str| name == EVERY || offered().any(|(offered, _)| offered == name);
        if let Some(unknown) = chosen.iter().find(|name| !known(name)) {
            let unknown: String = unknown.chars().take(60).collect();
            let message = format!("There is no event {unknown:?}. Use * for all, or names like key.revoked.");
            return Err(Invalid::field("events", message));
        }
        match chosen.first().map(String::as_str) {
            None => Err(Invalid::field("events", "Choose at least one event, or all of them.")),
            Some(EVERY) => Ok(Self(vec![EVERY.to_owned()])),
            Some(_) => Ok(Self(chosen)),
        }
    }

    /// As they are stored.
    pub(crate) fn stored(text: &str) -> Self {
        Self(text.split_whitespace().map(str::to_owned).collect())
    }

    pub fn names(&self) -> &[String] {
        &self.0
    }

    pub fn contain(&self, name: &str) -> bool {
        self.0.iter().any(|chosen| chosen == EVERY || chosen == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_chosen_is_checked() {
        let chosen = EventTypes::check(["key.revoked", "key.generated", "key.revoked"]).expect("good");
        assert_eq!(chosen.names(), ["key.generated", "key.revoked"]);
        assert!(chosen.contain("key.revoked") && !chosen.contain("key.paused"));
        assert!(EventTypes::check(["*", "key.revoked"]).expect("all").contain("member.added"));
        for wrong in [vec![], vec!["key.exploded"], vec!["session.created"], vec!["app.created"], vec!["key.revoked "]]
        {
            assert_eq!(EventTypes::check(wrong).expect_err("refused").0[0].field, "events");
        }
    }

    #[test]
    fn keys_rotation_members_and_limits_are_offered() {
        let names: Vec<_> = offered().map(|(name, _)| name).collect();
        for name in [
            "key.generated",
            "key.revoked",
            "key.rotated",
            "keys.revoked_all",
            "key.leaked",
            "token.leaked",
            "member.added",
            LIMIT_REACHED,
        ] {
            assert!(names.contains(&name), "{name}");
        }
        assert!(
            !names
                .iter()
                .any(|name| ["session.", "webhook.", "token.created"].iter().any(|other| name.starts_with(other)))
        );
    }
}
