//! The path of `public_url` that the portal is served under, such as `/sallyport` of
//! `https://intranet.example/sallyport`.
//!
//! Only this file deals with it. Routes, links, redirects and forms are written as if there were none; the path is
//! removed from incoming requests, and added to responses: `Location`, the addresses in the HTML of a page, and the
//! path of cookies. Without a sub-path each of these costs one comparison.

use axum::http::{HeaderMap, HeaderValue, Uri, header, uri::PathAndQuery};

/// Attributes of our pages that contain an address. A test finds missing ones.
const ADDRESSES: [&str; 8] =
    ["href", "action", "formaction", "src", "data-act", "data-close", "data-instead", "data-options"];

/// Empty, or with a leading and without a trailing slash.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubPath(String);

impl SubPath {
    /// The path of a validated address.
    pub fn of(public_url: &str) -> Self {
        let path = public_url.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..]));
        Self(path.unwrap_or_default().trim_end_matches('/').to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path of cookies.
    pub fn cookie_path(&self) -> &str {
        if self.0.is_empty() { "/" } else { &self.0 }
    }

    /// The request's path within the portal. `None` if it is the same: there is no sub-path, a proxy removed it, or a
    /// backend calls the listener directly.
    pub fn without_prefix(&self, uri: &Uri) -> Option<Uri> {
        if self.0.is_empty() {
            return None;
        }
        let rest = uri.path_and_query()?.as_str().strip_prefix(&self.0)?;
        let within = match rest.bytes().next() {
            Some(b'/') => PathAndQuery::try_from(rest),
            None | Some(b'?') => PathAndQuery::try_from(format!("/{rest}")),
            // Only the beginning is the same.
            Some(_) => return None,
        };
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = Some(within.ok()?);
        Uri::from_parts(parts).ok()
    }

    /// Adds it to the address of a redirect.
    pub fn prefix_location(&self, headers: &mut HeaderMap) {
        if self.0.is_empty() {
            return;
        }
        let Some(location) = headers.get_mut(header::LOCATION) else { return };
        if location.as_bytes().starts_with(b"/")
            && let Ok(outside) = HeaderValue::from_bytes(&[self.0.as_bytes(), location.as_bytes()].concat())
        {
            *location = outside;
        }
    }

    /// Adds it to every address in HTML that Leptos wrote. Text and attribute values escape `<` and `"`, so input
    /// never looks like a tag, and is not changed.
    pub fn prefix_html(&self, html: String) -> String {
        const VALUE: &str = "=\"/";
        if self.0.is_empty() {
            return html;
        }
        let mut written = String::with_capacity(html.len() + html.len() / 8);
        let mut done = 0;
        for (at, _) in html.match_indices(VALUE) {
            let before = &html[..at];
            let is_in_tag = before.rfind(['<', '>']).is_some_and(|mark| before.as_bytes()[mark] == b'<');
            let name = before.rsplit(char::is_whitespace).next().unwrap_or_default();
            if is_in_tag && ADDRESSES.contains(&name) {
                let value = at + VALUE.len() - 1;
                written.push_str(&html[done..value]);
                written.push_str(&self.0);
                done = value;
            }
        }
        written.push_str(&html[done..]);
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn under() -> SubPath {
        SubPath::of("https://intranet.example/tools/sallyport")
    }

    #[test]
    fn it_is_the_path_of_the_address() {
        assert_eq!(under().as_str(), "/tools/sallyport");
        assert_eq!(SubPath::of("https://intranet.example/x/").as_str(), "/x");
        for own in ["https://keys.example.com", "http://127.0.0.1:3000/"] {
            assert_eq!(SubPath::of(own), SubPath::default(), "{own}");
        }
        assert_eq!((under().cookie_path(), SubPath::default().cookie_path()), ("/tools/sallyport", "/"));
    }

    #[test]
    fn requests_come_with_it_or_without() {
        let within = |uri: &str| under().without_prefix(&uri.parse().expect("an address")).map(|uri| uri.to_string());
        assert_eq!(within("/tools/sallyport").as_deref(), Some("/"));
        assert_eq!(within("/tools/sallyport?x=1").as_deref(), Some("/?x=1"));
        assert_eq!(within("/tools/sallyport/v1/auth?scope=read").as_deref(), Some("/v1/auth?scope=read"));
        assert_eq!(within("http://h/tools/sallyport/docs").as_deref(), Some("http://h/docs"));
        for other in ["/", "/v1/auth", "/tools", "/tools/sallyports", "/Tools/sallyport/", "/x/tools/sallyport/"] {
            assert_eq!(within(other), None, "{other}");
        }
        assert_eq!(SubPath::default().without_prefix(&"/docs".parse().expect("an address")), None);
    }

    #[test]
    fn answers_lead_to_it() {
        let location = |to: &'static str| {
            let mut headers = HeaderMap::from_iter([(header::LOCATION, HeaderValue::from_static(to))]);
            under().prefix_location(&mut headers);
            headers[header::LOCATION].to_str().expect("text").to_owned()
        };
        assert_eq!(location("/sign-in?next=%2Forgs"), "/tools/sallyport/sign-in?next=%2Forgs");
        assert_eq!(location("//evil.example"), "/tools/sallyport//evil.example");
        assert_eq!(location("https://other.example/"), "https://other.example/");
    }

    #[test]
    fn addresses_in_tags_alone_get_it() {
        let html = r#"<a class="x" href="/orgs">href="/orgs"</a><input value="/orgs" title="a &gt; href=&quot;/"><form action="/" data-act="/act/x" data-options="/passkeys/options">"#;
        let expected = r#"<a class="x" href="/tools/sallyport/orgs">href="/orgs"</a><input value="/orgs" title="a &gt; href=&quot;/"><form action="/tools/sallyport/" data-act="/tools/sallyport/act/x" data-options="/tools/sallyport/passkeys/options">"#;
        assert_eq!(under().prefix_html(html.to_owned()), expected);
        assert_eq!(SubPath::default().prefix_html(html.to_owned()), html);
    }
}
