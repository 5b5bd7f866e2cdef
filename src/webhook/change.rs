//! Making and changing endpoints: the rules for what was typed or sent.

use super::{AllowedTargets, EventTypes, Target};
use crate::{Invalid, profile::Profile, text};

/// As typed or sent; what is `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct WebhookInput {
    pub url: Option<String>,
    pub environment: Option<String>,
    pub events: Option<Vec<String>>,
    pub description: Option<String>,
    pub active: Option<bool>,
}

/// A checked endpoint to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewWebhook {
    pub url: String,
    pub environment: String,
    pub events: EventTypes,
    pub description: String,
    pub active: bool,
}

/// A checked change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebhookChange {
    pub url: Option<String>,
    pub environment: Option<String>,
    pub events: Option<EventTypes>,
    pub description: Option<String>,
    pub active: Option<bool>,
}

impl WebhookInput {
    /// For a new one, of which everything but the description has to be said.
    pub fn check_new(self, profile: &Profile, allowed: &AllowedTargets) -> Result<NewWebhook, Invalid> {
        let all = Self {
            url: self.url.or(Some(String::new())),
            environment: self.environment.or(Some(String::new())),
            events: self.events.or(Some(Vec::new())),
            ..self
        };
        let change = all.check(profile, allowed)?;
        Ok(NewWebhook {
            url: change.url.unwrap_or_default(),
            environment: change.environment.unwrap_or_default(),
            events: change.events.unwrap_or_default(),
            description: change.description.unwrap_or_default(),
            active: change.active.unwrap_or(true),
        })
    }

    pub fn check(self, profile: &Profile, allowed: &AllowedTargets) -> Result<WebhookChange, Invalid> {
        let mut invalid = Invalid::default();
        let url = self.url.map(|url| {
            let url = url.trim().to_owned();
            match Target::parse(&url, allowed) {
                Ok(_) => url,
                Err(why) => {
                    invalid.push("url", why);
                    url
                }
            }
        });
        let environment = self.environment.map(|name| match profile.environment(&name) {
            Some(environment) => environment.name.clone(),
            None => {
                let names: Vec<_> = profile.environments.iter().map(|one| one.name.as_str()).collect();
                invalid.push("environment", format!("Choose one of {}.", names.join(", ")));
                String::new()
            }
        });
        let events = self.events.map(|names| invalid.take(EventTypes::check(names.iter().map(String::as_str))));
        let description = self.description.map(|typed| invalid.take(text::optional_line("description", &typed, 200)));
        invalid.or(WebhookChange { url, environment, events, description, active: self.active })
    }
}
