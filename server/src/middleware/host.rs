//! The Host of a request: one is there (RFC 9112 §3.2), and a portal that is for this machine alone answers its pages
//! under names of this machine alone. A page elsewhere whose name was made to lead here (DNS rebinding) would read them.
//!
//! `/v1` goes by its credentials, which no browser sends by itself, so backends and gateways ask it by any name.

use std::net::IpAddr;

use axum::{
    http::{HeaderMap, HeaderValue, Request, StatusCode, Version, header},
    response::{IntoResponse, Response},
};

use crate::{api::Problem, probes::is_probe, state::AppState};

/// What is answered instead, if the Host is not right.
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

/// Whether both the address that was asked for, where it names a host, and the header name this machine. No name leads to
/// an IP address, so whoever asks by one means the machine that has it.
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
    let sentence = "This portal is for this machine alone: open it at http://localhost, or tell it with --public-url by \
                    which address it is reached.\n";
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
