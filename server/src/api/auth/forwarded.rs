//! The client's request, as the gateway forwards it.

use axum::http::{HeaderMap, HeaderName, Uri};

use super::super::problem::Problem;

static METHOD: [HeaderName; 2] =
    [HeaderName::from_static("x-original-method"), HeaderName::from_static("x-forwarded-method")];
static TARGET: [HeaderName; 2] =
    [HeaderName::from_static("x-original-uri"), HeaderName::from_static("x-forwarded-uri")];
/// The whole address, as ingress-nginx sends it: `https://api.example.com/leads?x=1`.
static ADDRESS: HeaderName = HeaderName::from_static("x-original-url");
/// The path before the name of a requirement.
pub const ENVOY: &str = "/v1/auth/envoy/";

/// The client's method, and path with query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forwarded<'a> {
    pub method: Option<&'a str>,
    pub target: Option<&'a str>,
}

impl<'a> Forwarded<'a> {
    /// nginx, ingress-nginx, Traefik and Caddy send it in headers.
    pub fn in_headers(headers: &'a HeaderMap) -> Result<Self, Problem> {
        let (method, target) = (one(headers, &METHOD)?, one(headers, &TARGET)?);
        let Some(address) = one(headers, std::slice::from_ref(&ADDRESS))? else { return Ok(Self { method, target }) };
        let of_address = target_of(address).ok_or_else(|| {
            Problem::bad_request("X-Original-URL should be an address like https://api.example.com/leads?x=1.")
        })?;
        if target.is_some_and(|target| target != of_address) {
            return Err(contradiction());
        }
        Ok(Self { method, target: Some(of_address) })
    }

    /// Envoy uses the client's method, and appends the client's path and query to the requirement's name.
    pub fn in_path(method: &'a str, uri: &'a Uri) -> (&'a str, Self) {
        let rest = uri.path_and_query().and_then(|all| all.as_str().strip_prefix(ENVOY)).unwrap_or_default();
        let (name, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        (name, Self { method: Some(method), target: Some(if target.is_empty() { "/" } else { target }) })
    }

    pub fn is_in(headers: &HeaderMap) -> bool {
        METHOD.iter().chain(&TARGET).chain([&ADDRESS]).any(|name| headers.contains_key(name))
    }
}

/// The single value under these names. If a client adds one that differs from the gateway's, the request is refused.
fn one<'a>(headers: &'a HeaderMap, names: &[HeaderName]) -> Result<Option<&'a str>, Problem> {
    let mut found = None;
    for value in names.iter().flat_map(|name| headers.get_all(name)) {
        let value =
            value.to_str().map_err(|_| Problem::bad_request("A forwarding header holds bytes that are not text."))?;
        if found.is_some_and(|other| other != value) {
            return Err(contradiction());
        }
        found = Some(value);
    }
    Ok(found)
}

fn contradiction() -> Problem {
    Problem::bad_request("The forwarding headers contradict each other; set each of them once.")
}

/// Path and query of an http or https address. The host comes from the client's `Host`, so only a plain one is
/// accepted: other characters could change where the path begins.
fn target_of(address: &str) -> Option<&str> {
    let rest = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"))?;
    let (host, target) = rest.split_at(rest.find('/')?);
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'[' | b']');
    (!host.is_empty() && host.bytes().all(is_plain)).then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn headers_tell_the_clients_request() {
        let told = headers(&[("x-original-method", "DELETE"), ("x-forwarded-uri", "/leads?x=1")]);
        let told = Forwarded::in_headers(&told).expect("clear");
        assert_eq!(told, Forwarded { method: Some("DELETE"), target: Some("/leads?x=1") });
        let two = headers(&[("x-original-method", "GET"), ("x-forwarded-method", "DELETE")]);
        assert!(Forwarded::in_headers(&two).is_err());
    }

    #[test]
    fn an_address_tells_the_path() {
        for (address, target) in [
            ("https://api.example.com/leads?x=1", Some("/leads?x=1")),
            ("http://127.0.0.1:8000/", Some("/")),
            ("https://[::1]:8443//x?y=/z#w", Some("//x?y=/z#w")),
            ("https://api.example.com", None),
            ("https://api.example.com?x=/leads", None),
            ("https://api.example.com#/leads", None),
            ("https://a@b/leads", None),
            ("https://a\\b/leads", None),
            ("https:///leads", None),
            ("ftp://x/leads", None),
            ("HTTPS://x/leads", None),
            ("/leads", None),
            ("", None),
        ] {
            let told = headers(&[("x-original-method", "GET"), ("x-original-url", address)]);
            let told = Forwarded::in_headers(&told).ok().and_then(|told| told.target);
            assert_eq!(told, target, "{address}");
        }
        let same = [("x-original-url", "https://x/leads"), ("x-original-uri", "/leads"), ("x-forwarded-uri", "/leads")];
        assert_eq!(Forwarded::in_headers(&headers(&same)).expect("clear").target, Some("/leads"));
        for other in ["/leads?", "/LEADS", "https://x/leads"] {
            let two = headers(&[("x-original-url", "https://x/leads"), ("x-original-uri", other)]);
            assert!(Forwarded::in_headers(&two).is_err(), "{other}");
        }
        let twice = headers(&[("x-original-url", "https://x/leads"), ("x-original-url", "https://y/leads")]);
        assert!(Forwarded::in_headers(&twice).is_err(), "set twice");
        assert!(Forwarded::is_in(&headers(&[("x-original-url", "https://x/leads")])));
    }

    #[test]
    fn envoys_path_is_the_clients() {
        for (uri, target) in [
            ("/v1/auth/envoy/write/leads/7?x=%2F", "/leads/7?x=%2F"),
            ("/v1/auth/envoy/write/%2e%2e/x", "/%2e%2e/x"),
            ("/v1/auth/envoy/write/", "/"),
            ("/v1/auth/envoy/write", "/"),
            ("/v1/auth/envoy/write//x", "//x"),
        ] {
            let uri: Uri = uri.parse().expect("an address");
            let asked = Forwarded { method: Some("GET"), target: Some(target) };
            assert_eq!(Forwarded::in_path("GET", &uri), ("write", asked));
        }
    }
}
