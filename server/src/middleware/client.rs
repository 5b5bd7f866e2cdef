//! Who asks, and which request it is: named once, told to handlers, logs and the answer.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Instant,
};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use ipnet::IpNet;
use sallyport::id::RequestId;
use sallyport_app::context::Client;
use tracing::Instrument;

use crate::state::AppState;

/// The other end of the connection: an extension that the accept loop sets.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// Whether the other end of the connection may speak for others.
#[derive(Clone, Copy, Debug)]
pub struct Trusted(pub bool);

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
static FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// What proxies add. None of them came from somebody on this machine.
const FORWARDING: [&str; 6] =
    ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"];

pub async fn name_client(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let peer =
        request.extensions().get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.0.ip().to_canonical());
    let headers = request.headers();
    let forwarded = FORWARDING.iter().any(|name| headers.contains_key(*name));
    let trusted = is_trusted(&state.trusted_proxies, peer);
    let client = Client {
        ip: if trusted { behind_proxies(headers, peer, &state.trusted_proxies) } else { peer },
        local: state.is_local() && peer.is_loopback() && !forwarded && is_local_host(headers),
        user_agent: headers.get(header::USER_AGENT).map(shortened),
        request_id: RequestId::mint(state.context.store.entropy()),
    };
    let id = client.request_id.clone();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    request.extensions_mut().insert(client.clone());
    request.extensions_mut().insert(Trusted(trusted));

    let span = tracing::info_span!("request", request_id = %id);
    let mut response = next.run(request).instrument(span.clone()).await;

    let (status, ms) = (response.status().as_u16(), started.elapsed().as_millis());
    // The path alone: a query may hold what is nobody's business.
    span.in_scope(|| {
        // What machines ask all the time would drown the rest, and a full pipe behind the log would hold up answers.
        if path.starts_with("/v1/") || matches!(path.as_str(), "/healthz" | "/readyz") {
            tracing::debug!(%method, path, status, ms, address = %client.ip, "answered");
        } else {
            tracing::info!(%method, path, status, ms, address = %client.ip, "answered");
        }
    });
    if let Ok(id) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(REQUEST_ID.clone(), id);
    }
    response
}

fn is_trusted(proxies: &[IpNet], ip: IpAddr) -> bool {
    proxies.iter().any(|block| block.contains(&ip))
}

/// The last address in X-Forwarded-For that no proxy of ours could have made up.
fn behind_proxies(headers: &HeaderMap, peer: IpAddr, proxies: &[IpNet]) -> IpAddr {
    // A byte that is not ASCII ends the walk at its hop; it must not take the whole line away.
    let values: Vec<_> =
        headers.get_all(&FORWARDED_FOR).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    let hops: Vec<_> = values.iter().flat_map(|value| value.split(',')).collect();
    let mut client = peer;
    for hop in hops.iter().rev() {
        let Ok(ip) = hop.trim().parse::<IpAddr>() else { break };
        client = ip.to_canonical();
        if !is_trusted(proxies, client) {
            break;
        }
    }
    client
}

/// A name for this machine: any other was brought by a rebound DNS name or by a proxy.
fn is_local_host(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let name = name.map_or(host, |(name, _)| name).trim_matches(['[', ']']);
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Printable ASCII, and not more than a log line needs.
fn shortened(value: &HeaderValue) -> String {
    let text = value.to_str().unwrap_or("(not printable)");
    text.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header")))
            .collect()
    }

    #[test]
    fn the_last_untrusted_hop_is_the_client() {
        let proxies: Vec<IpNet> = vec!["127.0.0.0/8".parse().expect("a block"), "10.0.0.0/8".parse().expect("a block")];
        let peer: IpAddr = "127.0.0.1".parse().expect("an address");
        for (chain, expected) in [
            ("203.0.113.9", "203.0.113.9"),
            ("6.6.6.6, 203.0.113.9, 10.1.2.3", "203.0.113.9"),
            ("junk, 10.1.2.3", "10.1.2.3"),
            ("", "127.0.0.1"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            ("\u{ff}, 203.0.113.9", "203.0.113.9"),
            ("203.0.113.9, \u{ff}", "127.0.0.1"),
        ] {
            let client = behind_proxies(&headers(&[("x-forwarded-for", chain)]), peer, &proxies);
            assert_eq!(client.to_string(), expected, "{chain:?}");
        }
    }

    #[test]
    fn names_of_this_machine() {
        for host in ["localhost", "localhost:3000", "127.0.0.1:3000", "[::1]:3000", "127.0.0.2"] {
            assert!(is_local_host(&headers(&[("host", host)])), "{host}");
        }
        for host in ["", "evil.example:3000", "localhost.evil.example", "10.0.0.1:3000", "localhost:x"] {
            assert!(!is_local_host(&headers(&[("host", host)])), "{host}");
        }
    }
}
