//! Identifies the client and the request, for handlers, logs and the response.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use ipnet::IpNet;
use sallyport::{id::RequestId, request::Client};

use crate::state::AppState;

/// The peer of the connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// Whether the client used https, as reported by a trusted proxy.
pub fn is_https(client: &Client, headers: &HeaderMap) -> bool {
    let lines = headers.get_all(&FORWARDED_PROTO).iter();
    // Each proxy in a chain may add a value; if any of them is http, the request was not secure.
    let mut schemes = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
    // A WebSocket starts as an HTTP request.
    let is_safe = |scheme: &[u8]| scheme.eq_ignore_ascii_case(b"https") || scheme.eq_ignore_ascii_case(b"wss");
    client.proxied && schemes.next().is_some_and(is_safe) && schemes.all(is_safe)
}

static FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
static FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Assigns the request's id and determines its client.
pub fn name(state: &AppState, peer: Peer, headers: &HeaderMap) -> Client {
    let peer = peer.0.ip().to_canonical();
    Client {
        ip: address(headers, peer, &state.trusted_proxies),
        peer,
        proxied: is_trusted(&state.trusted_proxies, peer),
        user_agent: headers.get(header::USER_AGENT).map(shortened),
        request_id: RequestId::mint(&state.names),
    }
}

/// Whether a (canonical) address is a trusted proxy.
pub fn is_trusted(proxies: &[IpNet], ip: IpAddr) -> bool {
    proxies.iter().any(|block| block.contains(&ip))
}

/// The last address in X-Forwarded-For that was not added by a client, if the request came from a trusted proxy.
/// Earlier addresses may be forged and are ignored.
fn address(headers: &HeaderMap, peer: IpAddr, proxies: &[IpNet]) -> IpAddr {
    let mut client = peer;
    let values = headers.get_all(&FORWARDED_FOR);
    let mut hops = values.iter().rev().flat_map(|value| value.as_bytes().rsplit(|byte| *byte == b','));
    while is_trusted(proxies, client) {
        // An unreadable address ends the walk at the proxy that added it.
        let Some(hop) = hops.next().and_then(hop) else { break };
        client = hop;
    }
    client
}

/// An address as proxies write it: bare, with a port, and IPv6 in brackets.
fn hop(written: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(written).ok()?.trim_matches([' ', '\t']);
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let ip = match bare {
        Some(bare) => IpAddr::V6(bare.parse().ok()?),
        None => text.parse::<IpAddr>().or_else(|_| text.parse::<SocketAddr>().map(|with_port| with_port.ip())).ok()?,
    };
    Some(ip.to_canonical())
}

/// Printable ASCII, shortened for the log.
pub(super) fn shortened(value: &HeaderValue) -> String {
    // ASCII: each byte is a character.
    let text = value.to_str().unwrap_or("(not printable)");
    text[..text.len().min(200)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::net::Ipv4Addr;

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
            ("203.0.113.9:443", "203.0.113.9"),
            ("[2001:db8::9]:443", "2001:db8::9"),
            ("[2001:db8::9]", "2001:db8::9"),
            ("2001:db8::9", "2001:db8::9"),
            ("[203.0.113.9]", "127.0.0.1"),
            ("[::ffff:203.0.113.9]:1, 10.1.2.3:8080", "203.0.113.9"),
            ("203.0.113.9:99999", "127.0.0.1"),
            ("fe80::1%eth0", "127.0.0.1"),
            ("203.0.113.9,", "127.0.0.1"),
            ("203.0.113.9 6.6.6.6", "127.0.0.1"),
            ("for=203.0.113.9", "127.0.0.1"),
            ("unknown, 10.1.2.3", "10.1.2.3"),
        ] {
            let client = address(&headers(&[("x-forwarded-for", chain)]), peer, &proxies);
            assert_eq!(client.to_string(), expected, "{chain:?}");
        }
        let other = headers(&[("forwarded", "for=6.6.6.6"), ("x-real-ip", "6.6.6.6"), ("true-client-ip", "6.6.6.6")]);
        assert_eq!(address(&other, peer, &proxies), peer, "one header is believed, and no other");
    }

    fn blocks() -> Vec<IpNet> {
        ["127.0.0.0/8", "::1/128", "10.0.0.0/8", "fd00::/8"].map(|block| block.parse().expect("a block")).into()
    }

    /// An address that is not a trusted proxy.
    fn stranger() -> impl Strategy<Value = IpAddr> {
        let v6 = any::<std::net::Ipv6Addr>().prop_map(IpAddr::V6);
        let any = prop_oneof![any::<Ipv4Addr>().prop_map(IpAddr::V4), v6];
        any.prop_map(|ip| ip.to_canonical()).prop_filter("not ours", |ip| !is_trusted(&blocks(), *ip))
    }

    /// In the notation of different proxies.
    fn written(ip: IpAddr, how: u8, port: u16) -> String {
        match (ip, how % 3) {
            (ip, 0) => ip.to_string(),
            (IpAddr::V6(ip), 1) => format!("[{ip}]"),
            (ip, _) => SocketAddr::new(ip, port).to_string(),
        }
    }

    /// Header lines with any valid bytes.
    fn lines() -> impl Strategy<Value = Vec<HeaderValue>> {
        let byte = prop_oneof![Just(b','), Just(b' '), Just(b'.'), Just(b':'), Just(b'['), b'0'..=b'9', any::<u8>()];
        let line =
            prop::collection::vec(byte, 0..60).prop_filter_map("a header", |it| HeaderValue::from_bytes(&it).ok());
        prop::collection::vec(line, 0..5)
    }

    proptest! {
        // Many generated bytes are invalid in headers, so the default limit on rejections is too low.
        #![proptest_config(ProptestConfig { max_local_rejects: u32::MAX, ..ProptestConfig::default() })]

        #[test]
        fn an_untrusted_peer_can_not_forward_addresses(peer in stranger(), lines in lines(), forged: Ipv4Addr) {
            let mut headers = HeaderMap::new();
            for line in lines.into_iter().chain(HeaderValue::from_str(&forged.to_string())) {
                headers.append(&FORWARDED_FOR, line);
            }
            prop_assert_eq!(address(&headers, peer, &blocks()), peer);
        }

        #[test]
        fn nothing_in_front_hides_who_asked(
            forged in lines(), client in stranger(), how: u8, port: u16, proxies in prop::collection::vec((0u8..255, any::<bool>()), 0..4)
        ) {
            let mut headers = HeaderMap::new();
            for line in forged {
                headers.append(&FORWARDED_FOR, line);
            }
            // The first proxy starts its own line; later ones append to it, or start another.
            let mut line = written(client, how, port);
            for (last, own_line) in proxies {
                if own_line {
                    headers.append(&FORWARDED_FOR, line.parse().expect("a header"));
                    line = format!("10.0.0.{last}");
                } else {
                    line = format!("{line} ,\t10.0.0.{last}:80");
                }
            }
            headers.append(&FORWARDED_FOR, line.parse().expect("a header"));
            prop_assert_eq!(address(&headers, IpAddr::V4(Ipv4Addr::LOCALHOST), &blocks()), client);
        }

        #[test]
        fn no_line_is_too_strange(lines in lines()) {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(&FORWARDED_FOR, line);
            }
            let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
            let client = address(&headers, peer, &blocks());
            let hops: Vec<_> = headers.get_all(&FORWARDED_FOR).iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b',')).filter_map(hop).collect();
            prop_assert!(client == peer || hops.contains(&client));
        }
    }
}
