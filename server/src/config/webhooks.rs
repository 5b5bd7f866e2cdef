//! The section `[webhooks]` of the settings file: where deliveries may go besides the public internet.

use std::{fs, path::PathBuf};

use sallyport::webhook::AllowedTargets;
use serde::Deserialize;

/// The section as written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhooksSection {
    #[serde(default)]
    allow: Vec<String>,
    ca_file: Option<PathBuf>,
}

/// The resolved settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebhookSettings {
    pub allowed: AllowedTargets,
    /// PEM: the only authorities for targets that are allowed here, instead of those of the system.
    pub authorities: Option<Vec<u8>>,
}

impl WebhooksSection {
    pub(super) fn resolve(self) -> Result<WebhookSettings, String> {
        let allowed = AllowedTargets::parse(self.allow.iter().map(String::as_str))
            .map_err(|why| format!("`allow` in [webhooks]: {why}"))?;
        let read = |path: &PathBuf| {
            fs::read(path)
                .map_err(|error| format!("`ca_file` in [webhooks]: {} can't be read: {error}.", path.display()))
        };
        if self.ca_file.is_some() && allowed == AllowedTargets::default() {
            return Err("`ca_file` in [webhooks] is for the targets in `allow`, and there are none.".to_owned());
        }
        Ok(WebhookSettings { allowed, authorities: self.ca_file.as_ref().map(read).transpose()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(text: &str) -> Result<WebhookSettings, String> {
        toml::from_str::<WebhooksSection>(text).expect("TOML").resolve()
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(resolved(""), Ok(WebhookSettings::default()));
        assert!(
            resolved("allow = [\"10.0.0.0/8\", \"hooks.internal\"]").expect("good").allowed
                != AllowedTargets::default()
        );
        for (text, about) in [
            ("allow = [\"*.internal\"]", "`allow` in [webhooks]"),
            ("ca_file = \"/x\"", "there are none"),
            ("allow = [\"10.0.0.1\"]\nca_file = \"/no/such/file\"", "`ca_file` in [webhooks]"),
        ] {
            let error = resolved(text).expect_err(text);
            assert!(error.contains(about), "{error}");
        }
    }
}
