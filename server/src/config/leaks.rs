//! The section `[leaks]` of the settings file: which partner may report leaked keys with a signature.

use std::path::PathBuf;

use serde::Deserialize;
use url::Url;

use super::mail::is_loopback;
use crate::partner_keys::KeySource;

/// The section as written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LeaksSection {
    partner_keys: Option<String>,
}

impl LeaksSection {
    /// Where the public keys of the partner are.
    pub(super) fn resolve(self) -> Result<Option<KeySource>, String> {
        self.partner_keys.map(|text| source(&text)).transpose()
    }
}

fn source(text: &str) -> Result<KeySource, String> {
    let wrong = |why: &str| Err(format!("`partner_keys` in [leaks]: {why}"));
    if !text.contains("://") {
        return if text.is_empty() {
            wrong("name a file, or an address.")
        } else {
            Ok(KeySource::File(PathBuf::from(text)))
        };
    }
    let Ok(url) = Url::parse(text) else { return wrong("it is no address; write it like https://example.com/keys.") };
    let is_private = url.scheme() == "https";
    let is_here =
        url.scheme() == "http" && url.host_str().is_some_and(|host| is_loopback(host.trim_matches(['[', ']'])));
    if !is_private && !is_here {
        return wrong("whoever changes the keys on the way could revoke any key. Use https://.");
    }
    Ok(KeySource::Url(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_from_a_file_or_a_private_address() {
        let github = "https://api.github.com/meta/public_keys/secret_scanning";
        assert_eq!(source(github), Ok(KeySource::Url(github.to_owned())));
        assert_eq!(source("/etc/keys.json"), Ok(KeySource::File("/etc/keys.json".into())));
        assert!(source("http://127.0.0.1:8080/keys").is_ok());
        for (text, about) in [
            ("http://example.com/keys", "Use https://"),
            ("ftp://example.com", "Use https://"),
            ("https://", "no address"),
            ("", "name a file"),
        ] {
            assert!(source(text).expect_err(text).contains(about), "{text}");
        }
    }
}
