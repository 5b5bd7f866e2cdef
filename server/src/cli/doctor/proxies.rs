//! Which proxies are trusted.

use ipnet::IpNet;

use super::finding::Finding;
use crate::config::Serving;

pub(super) fn check(serving: &Serving) -> Finding {
    judge(&serving.trusted_proxies, &serving.listen, serving.public_url.as_deref())
}

fn judge(proxies: &[IpNet], listen: &str, public_url: Option<&str>) -> Finding {
    let name = "proxies";
    let is_wide = |block: &&IpNet| match block {
        IpNet::V4(block) => block.prefix_len() < 8,
        IpNet::V6(block) => block.prefix_len() < 7,
    };
    if let Some(wide) = proxies.iter().find(is_wide) {
        return Finding::bad(
            name,
            format!("`trusted_proxies` contains {wide}: any client there can claim any address"),
            "Name only the addresses of your own proxies.",
        );
    }
    let host = listen.rsplit_once(':').map_or(listen, |(host, _)| host).trim_matches(['[', ']']);
    let is_here = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let others = proxies.iter().any(|block| !block.addr().is_loopback());
    if !is_here && !others && public_url.is_some_and(|url| url.starts_with("https://")) {
        return Finding::bad(
            name,
            format!(
                "it listens on {listen} behind a proxy for https, but only proxies on this machine are trusted: if the proxy \
                 is elsewhere, all clients appear to have its address"
            ),
            "Name the proxy's address in `trusted_proxies`; if it is on this machine, listen on 127.0.0.1.",
        );
    }
    Finding::good(name, format!("{} trusted", proxies.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_that_are_too_many_or_missing_are_found() {
        let https = Some("https://keys.example.com");
        for (proxies, listen, url, ok) in [
            (&["127.0.0.0/8", "::1/128"][..], "127.0.0.1:3000", https, true),
            (&["127.0.0.0/8"], "0.0.0.0:3000", https, false),
            (&["127.0.0.0/8"], "0.0.0.0:3000", None, true),
            (&["127.0.0.0/8", "10.1.2.3/32"], "0.0.0.0:3000", https, true),
            (&["0.0.0.0/0"], "127.0.0.1:3000", https, false),
            (&["::/0"], "[::1]:3000", https, false),
        ] {
            let blocks: Vec<_> = proxies.iter().map(|block| block.parse().expect("a block")).collect();
            let found = judge(&blocks, listen, url);
            assert_eq!((found.ok, found.fix.is_some()), (ok, !ok), "{proxies:?} {listen}");
        }
    }
}
