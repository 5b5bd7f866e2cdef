//! The origin check: a request that changes something has to come from our own pages.
//!
//! Cookies are sent with requests that other sites start, so an unsafe method needs a same-origin `Sec-Fetch-Site` or
//! `Origin` (OWASP: Cross-Site Request Forgery Prevention, verifying origin with standard headers).

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use sallyport::{
    audit::{Action, Actor, NewEvent, Target},
    decision::sanitized,
    request::Client,
};
use sallyport_app::{error::PageError, secret_path};
use serde_json::json;

use super::client::shortened;
use crate::state::AppState;

static FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

pub async fn check(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let path = request.uri().path();
    if safe || is_same_origin(request.headers(), state.context.origin()) {
        return next.run(request).await;
    }
    if let Some(client) = request.extensions().get::<Client>() {
        let target = Target::new("portal", "", state.context.public_url.as_str());
        let profile = state.context.store.profile();
        let claimed = request.headers().get(header::ORIGIN).map(|origin| sanitized(&shortened(origin), 200, profile));
        let details = json!({ "origin": claimed, "path": sanitized(&secret_path::masked(path), 200, profile) });
        let event = NewEvent::of_system(Action::OriginRefused, target).refused(403).with(details);
        state.context.pending_events.note(client.act(Actor::Anonymous), event);
    }
    let message = "This request did not come from a page of this portal. Open the portal in your browser and try again; \
        a script has to send the header Origin.";
    PageError::Forbidden(message.to_owned()).into_response()
}

/// Each header that is present has to match, and at least one has to be present.
fn is_same_origin(headers: &HeaderMap, public: &str) -> bool {
    let site = headers.get(&FETCH_SITE).map(|site| site == "same-origin");
    let origin = headers.get(header::ORIGIN).map(|origin| {
        let origin = origin.to_str().unwrap_or_default();
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        // Over plain http the portal has several names (localhost, 127.0.0.1); over https it has one.
        let own = origin.strip_prefix("http://").filter(|_| !public.starts_with("https://"));
        origin == public || (!host.is_empty() && own == Some(host))
    });
    match (site, origin) {
        (None, None) => false,
        (site, origin) => site.unwrap_or(true) && origin.unwrap_or(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn passes(pairs: &[(&'static str, &'static str)]) -> bool {
        let headers =
            pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        is_same_origin(&headers.collect(), "https://keys.example.com")
    }

    #[test]
    fn our_own_pages_pass() {
        assert!(passes(&[("sec-fetch-site", "same-origin")]));
        assert!(passes(&[("origin", "https://keys.example.com")]));
        let local = [(header::ORIGIN, "http://localhost:3000"), (header::HOST, "localhost:3000")];
        let local = local.map(|(name, value)| (name, HeaderValue::from_static(value)));
        assert!(is_same_origin(&local.into_iter().collect(), "http://127.0.0.1:3000"));
        assert!(passes(&[("sec-fetch-site", "same-origin"), ("origin", "https://keys.example.com")]));
    }

    #[test]
    fn everything_else_is_refused() {
        for site in ["cross-site", "same-site", "none", "", "SAME-ORIGIN"] {
            assert!(!is_same_origin(
                &[(FETCH_SITE.clone(), HeaderValue::from_static(site))].into_iter().collect(),
                "https://keys.example.com"
            ));
        }
        assert!(!passes(&[]));
        assert!(!passes(&[("origin", "null"), ("host", "null")]));
        assert!(!passes(&[("origin", "https://evil.example"), ("host", "keys.example.com")]));
        assert!(!passes(&[("origin", "https://keys.example.com.evil.example")]));
        assert!(!passes(&[("origin", "http://"), ("host", "")]));
        assert!(!passes(&[("origin", "http://keys.example.com"), ("host", "keys.example.com")]));
        assert!(!passes(&[("sec-fetch-site", "cross-site"), ("origin", "https://keys.example.com")]));
        assert!(!passes(&[("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")]));
    }
}
