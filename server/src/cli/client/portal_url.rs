//! The address of a portal.

use std::fmt;

use url::{Host, Url};

/// An origin with the path under which the portal is served, without a slash at its end. Tokens are sent there, so
/// that it is `https://…`, or on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortalUrl(Url);

impl PortalUrl {
    /// Without a scheme, `https://` is meant, or `http://` on this machine.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let wrong = || "it should look like https://keys.example.com".to_owned();
        let url = if text.contains("://") {
            Url::parse(text).map_err(|_| wrong())?
        } else {
            let url = Url::parse(&format!("https://{text}")).map_err(|_| wrong())?;
            if is_loopback(&url) { Url::parse(&format!("http://{text}")).map_err(|_| wrong())? } else { url }
        };
        let plain = matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none();
        if !plain || !url.has_host() || !url.username().is_empty() || url.password().is_some() {
            return Err(wrong());
        }
        if url.scheme() == "http" && !is_loopback(&url) {
            return Err("it should begin with https://, since others could read the token on its way; http:// is for \
                        portals on this machine"
                .to_owned());
        }
        let path = url.path().trim_end_matches('/');
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
        if !path.split('/').skip(1).all(|name| !name.is_empty() && name.bytes().all(is_plain)) {
            return Err(wrong());
        }
        let path = path.to_owned();
        let mut url = url;
        url.set_path(&path);
        Ok(Self(url))
    }

    /// The address of an endpoint, whose path begins with a slash.
    pub fn to(&self, path: &str) -> String {
        format!("{self}{path}")
    }

    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }
}

impl fmt::Display for PortalUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        // Other names below it may be resolved by the network (RFC 6761, section 6.3, only says that they should not be).
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn normal(text: &str) -> Option<String> {
        PortalUrl::parse(text).ok().map(|url| url.to_string())
    }

    #[test]
    fn an_address_has_one_form() {
        for (text, url) in [
            ("https://Keys.Example.com:443/", "https://keys.example.com"),
            (" keys.example.com ", "https://keys.example.com"),
            ("https://intranet.example/sallyport//", "https://intranet.example/sallyport"),
            ("https://keys.example.com:8443/a/b", "https://keys.example.com:8443/a/b"),
            ("localhost:3000", "http://localhost:3000"),
            ("http://127.0.0.1:3000/", "http://127.0.0.1:3000"),
            ("http://[::1]:3000", "http://[::1]:3000"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
        ] {
            assert_eq!(normal(text).as_deref(), Some(url), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_of_a_portal_is_refused() {
        for text in [
            "",
            "https://",
            "ftp://keys.example.com",
            "https://ada@keys.example.com",
            "https://:secret@keys.example.com",
            "https://keys.example.com/?a=b",
            "https://keys.example.com/#a",
            "https://keys.example.com/a//b",
        ] {
            assert_eq!(normal(text), None, "{text}");
        }
    }

    #[test]
    fn tokens_do_not_travel_in_the_clear() {
        for text in [
            "http://keys.example.com",
            "http://10.0.0.1:3000",
            "http://localhost.example.com",
            "http://keys.localhost",
            "http://[::2]",
        ] {
            assert!(PortalUrl::parse(text).expect_err(text).contains("https://"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_normal_address_stays_as_it_is(text in "(https?://)?[a-zA-Z0-9.-]{1,20}(:[0-9]{1,4})?(/[a-z./]{0,10})?") {
            if let Ok(url) = PortalUrl::parse(&text) {
                let text = url.to_string();
                prop_assert_eq!(PortalUrl::parse(&text), Ok(url));
                prop_assert!(!text.ends_with('/'));
            }
        }

        #[test]
        fn no_text_is_too_strange(text in any::<String>()) {
            let _ = PortalUrl::parse(&text);
        }
    }
}
