//! The section `[webhooks]` of the settings file: where deliveries may go besides the public internet.

use std::{fs, path::PathBuf};

use sallyport::webhook::AllowedTargets;
use serde::Deserialize;
use url::Url;

/// The section as written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhooksSection {
    #[serde(default)]
    allow: Vec<String>,
    ca_file: Option<PathBuf>,
    proxy: Option<String>,
}

/// A forward proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardProxy {
    pub host: String,
    pub port: u16,
}

impl ForwardProxy {
    fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let is_plain = url.scheme() == "http" && matches!(url.path(), "" | "/");
        let has_more =
            !url.username().is_empty() || url.password().is_some() || url.query().or(url.fragment()).is_some();
        let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
        (is_plain && !has_more).then(|| Self { host, port: url.port_or_known_default().unwrap_or(80) })
    }
}

/// The resolved settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebhookSettings {
    pub allowed: AllowedTargets,
    /// PEM: the only authorities for targets that are allowed here, instead of those of the system.
    pub authorities: Option<Vec<u8>>,
    /// Through which everything is sent but to the hosts in `allowed`. It looks names up itself.
    pub proxy: Option<ForwardProxy>,
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
        let proxy = self.proxy.map(|text| {
            let wrong = || {
                "`proxy` in [webhooks]: write an address like http://proxy.internal:3128, without a user.".to_owned()
            };
            ForwardProxy::parse(&text).ok_or_else(wrong)
        });
        Ok(WebhookSettings {
            allowed,
            authorities: self.ca_file.as_ref().map(read).transpose()?,
            proxy: proxy.transpose()?,
        })
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
            ("proxy = \"proxy.internal:3128\"", "`proxy` in [webhooks]"),
            ("proxy = \"https://proxy.internal\"", "`proxy` in [webhooks]"),
            ("proxy = \"http://ada:s3cret@proxy.internal\"", "`proxy` in [webhooks]"),
            ("proxy = \"http://proxy.internal/path\"", "`proxy` in [webhooks]"),
        ] {
            let error = resolved(text).expect_err(text);
            assert!(error.contains(about) && !error.contains("s3cret"), "{error}");
        }
        for (text, host, port) in
            [("http://proxy.internal:3128", "proxy.internal", 3128), ("http://[fd00::1]", "fd00::1", 80)]
        {
            let proxy = resolved(&format!("proxy = {text:?}")).expect("good").proxy;
            assert_eq!(proxy, Some(ForwardProxy { host: host.to_owned(), port }));
        }
    }
}
