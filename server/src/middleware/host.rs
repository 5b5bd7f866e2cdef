//! Checks the Host of a request: it must be present (RFC 9112 §3.2), and a portal on loopback only answers pages
//! under names of this machine. Otherwise another site whose name resolves to this machine (DNS rebinding) could read
//! them.
//!
//! `/v1` requires credentials that no browser sends by itself, so backends and gateways may use any name.

use std::net::IpAddr;

use axum::{
    http::{HeaderMap, HeaderValue, Request, StatusCode, Version, header},
    response::{IntoResponse, Response},
};

use crate::{api::Problem, probes::is_probe, state::AppState};

/// The response if the Host is wrong.
pub fn refusal<B>(state: &AppState, request: &Request<B>, of_api: bool) -> Option<Response> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let (host, another) = (hosts.next(), hosts.next());
    if another.is_some() || (host.is_none() && request.version() == Version::HTTP_11) {
        let detail = "A request has one header Host.";
        let plain = || (StatusCode::BAD_REQUEST, format!("{detail}\n")).into_response();
        return Some(if of_api { Problem::bad_request(detail).into_response() } else { plain() });
    }
    let is_checked = !of_api && state.is_local() && !is_probe(request.uri().path());
    (is_checked && !is_own(request.uri().host(), host)).then(misdirected)
}

/// Whether both the host in the request's URI, if any, and the header refer to this machine. No name resolves through
/// an IP address, so any IP address is accepted.
fn is_own(of_uri: Option<&str>, host: Option<&HeaderValue>) -> bool {
    let is_machine = |name: &str| {
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        name.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok()
    };
    let header = host.and_then(|host| host.to_str().ok()).map(without_port);
    header.is_some_and(is_machine) && of_uri.is_none_or(is_machine)
}

fn without_port(host: &str) -> &str {
    let port = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    port.map_or(host, |(name, _)| name)
}

fn misdirected() -> Response {
    let sentence = "This portal is only for this machine: open it at http://localhost, or set --public-url to the \
        address under which it is reached.\n";
    let mut response = (StatusCode::MISDIRECTED_REQUEST, sentence).into_response();
    let headers: &mut HeaderMap = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_this_machine() {
        for host in ["localhost", "LOCALHOST:3000", "127.0.0.1:3000", "[::1]:3000", "[::1]", "192.168.0.7:3000"] {
            assert!(is_own(None, Some(&HeaderValue::from_static(host))), "{host}");
        }
        for host in
            ["", ":3000", "evil.example:3000", "localhost.evil.example", "localhost:x", "127.0.0.1.evil.example"]
        {
            assert!(!is_own(None, Some(&HeaderValue::from_static(host))), "{host}");
        }
        let local = HeaderValue::from_static("localhost:3000");
        assert!(is_own(Some("127.0.0.1"), Some(&local)));
        assert!(!is_own(Some("evil.example"), Some(&local)), "both have to");
        assert!(!is_own(Some("localhost"), None));
    }
}
