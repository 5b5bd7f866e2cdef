//! Where a delivery may go: outside, by https; and to what an operator listed.

use std::{collections::BTreeSet, net::IpAddr};

use ipnet::IpNet;
use url::{Host, Url};

use super::address::is_public;

/// The longest address.
const LONGEST: usize = 500;

/// What an operator allows besides the outside: names of hosts, addresses and blocks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedTargets {
    hosts: BTreeSet<String>,
    networks: Vec<IpNet>,
}

impl AllowedTargets {
    pub fn parse<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut allowed = Self::default();
        for entry in entries.into_iter().map(str::trim) {
            let network = entry.parse::<IpNet>().ok().or_else(|| entry.parse::<IpAddr>().ok().map(IpNet::from));
            match (network, Host::parse(entry)) {
                (Some(network), _) => allowed.networks.push(network),
                (None, Ok(Host::Domain(name))) if !entry.contains('*') => {
                    allowed.hosts.insert(name.trim_end_matches('.').to_owned());
                }
                _ => {
                    return Err(format!(
                        "{entry:?} is neither a host like hooks.internal nor a block like 10.0.0.0/8."
                    ));
                }
            }
        }
        Ok(allowed)
    }

    fn has_host(&self, host: &Host) -> bool {
        matches!(host, Host::Domain(name) if self.hosts.contains(name.trim_end_matches('.')))
    }

    fn has_address(&self, address: IpAddr) -> bool {
        // A mapped address is allowed as what it leads to.
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.contains(&address))
    }
}

/// An address that was read, and is not known to lead inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub host: Host,
    pub port: u16,
    pub is_https: bool,
    /// With its query.
    pub path: String,
    /// Whether the operator named its host.
    is_listed: bool,
}

/// Addresses to connect to, judged together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pinned {
    pub addresses: Vec<IpAddr>,
    /// Whether the operator allowed it: then the response is not kept.
    pub is_inside: bool,
}

const WRITE: &str = "Write an address like https://hooks.example.com/keys.";

impl Target {
    /// The error says what to change, and does not repeat the address, which may contain a secret.
    pub fn parse(text: &str, allowed: &AllowedTargets) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!("An address has at most {LONGEST} characters."));
        }
        let url = Url::parse(text.trim()).map_err(|_| WRITE.to_owned())?;
        let is_https = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(WRITE.to_owned()),
        };
        let host = url.host().ok_or(WRITE)?.to_owned();
        if !url.username().is_empty() || url.password().is_some() {
            return Err("Leave the user name and the password out: deliveries are signed instead.".to_owned());
        }
        if url.fragment().is_some() {
            return Err("Leave out what follows the #: it is not sent.".to_owned());
        }
        let literal = literal(&host);
        let is_listed = allowed.has_host(&host) || literal.is_some_and(|address| allowed.has_address(address));
        if !is_listed && literal.is_some_and(|address| !is_public(address)) {
            return Err(
                "This address is not on the public internet. Use a public one, or ask an operator to allow it."
                    .to_owned(),
            );
        }
        // Names can turn out to be in an allowed block, which is seen when it is connected to.
        if !is_https && !is_listed && allowed.networks.is_empty() {
            return Err("Use https://.".to_owned());
        }
        let port = url.port_or_known_default().unwrap_or(443);
        if !is_listed && !matches!(port, 443 | 1024..) && (is_https || port != 80) {
            return Err("Use port 443, or one from 1024 on.".to_owned());
        }
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        Ok(Self { host, port, is_https, path: format!("{}{query}", url.path()), is_listed })
    }

    /// Whether the operator named its host.
    pub fn is_listed(&self) -> bool {
        self.is_listed
    }

    /// The address that is written instead of a name: it is not looked up.
    pub fn literal(&self) -> Option<IpAddr> {
        literal(&self.host)
    }

    /// Judges everything that a name was found to be: one address of the inside refuses all.
    pub fn judge(&self, found: &[IpAddr], allowed: &AllowedTargets) -> Result<Pinned, String> {
        if found.is_empty() {
            return Err("The name of the host leads nowhere.".to_owned());
        }
        let listed = |address: &IpAddr| self.is_listed || allowed.has_address(*address);
        // Not where: names of the inside are not told to whoever may have an endpoint.
        if found.iter().any(|address| !listed(address) && !is_public(*address)) {
            return Err("The host is not on the public internet. An operator can allow it.".to_owned());
        }
        let is_inside = found.iter().any(listed);
        if !self.is_https && !found.iter().all(listed) {
            return Err("The address begins with http://: use https://.".to_owned());
        }
        Ok(Pinned { addresses: found.to_vec(), is_inside })
    }

    /// Host and port, as in the header.
    pub fn authority(&self) -> String {
        let usual = if self.is_https { 443 } else { 80 };
        if self.port == usual { self.host.to_string() } else { format!("{}:{}", self.host, self.port) }
    }
}

fn literal(host: &Host) -> Option<IpAddr> {
    match host {
        Host::Domain(_) => None,
        Host::Ipv4(address) => Some((*address).into()),
        Host::Ipv6(address) => Some((*address).into()),
    }
}

/// The host of a stored address.
pub fn host_of(url: &str) -> String {
    Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str) -> String {
        Target::parse(url, &AllowedTargets::default()).expect_err(url)
    }

    #[test]
    fn tricks_are_refused() {
        for url in [
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0177.0.0.1/",
            "https://0x7f.0.0.1/",
            "https://0x7f000001/",
            "https://127.1/",
            "https://127.0.0.1./",
            "https://0/",
            "https://１２７.0.0.1/",
            "https://127。0。0。1/",
            "https://[::1]/",
            "https://[::]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:7f00:1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[2002:7f00:1::]/",
            "https://[fe80::1]/",
            "https://[fd00::1]/",
            "https://[ff02::1]/",
            "https://[2001:db8::1]/",
            "https://169.254.169.254/latest/meta-data/",
            "https://10.0.0.1/",
            "https://192.168.0.1:8443/",
            "https://100.64.0.1/",
            "https://255.255.255.255/",
            "https://%31%32%37.0.0.1/",
        ] {
            assert!(refused(url).contains("not on the public internet"), "{url}");
        }
        for (url, about) in [
            ("https://ada:s3cret@hooks.example.com/", "user name"),
            ("https://hooks.example.com@127.0.0.1/", "user name"),
            ("https://ada@hooks.example.com/", "user name"),
            ("http://hooks.example.com/", "Use https://"),
            ("ftp://hooks.example.com/", "https://hooks"),
            ("file:///etc/passwd", "https://hooks"),
            ("gopher://hooks.example.com/", "https://hooks"),
            ("javascript:alert(1)", "https://hooks"),
            ("hooks.example.com", "https://hooks"),
            ("//hooks.example.com", "https://hooks"),
            ("", "https://hooks"),
            ("https://", "https://hooks"),
            ("https://hooks.example.com:22/", "port 443"),
            ("https://hooks.example.com:25/", "port 443"),
            ("https://hooks.example.com:80/", "port 443"),
            ("https://hooks.example.com/#x", "#"),
        ] {
            let why = refused(url);
            assert!(why.contains(about) && !why.contains("s3cret"), "{url}: {why}");
        }
        assert!(refused(&format!("https://hooks.example.com/{}", "a".repeat(500))).contains("at most"));
    }

    #[test]
    fn names_are_judged_by_where_they_lead() {
        let none = AllowedTargets::default();
        let target = Target::parse("https://hooks.example.com/keys?a=b", &none).expect("good");
        assert_eq!((target.path.as_str(), target.authority().as_str()), ("/keys?a=b", "hooks.example.com"));
        let [public, inside]: [IpAddr; 2] = ["1.1.1.1", "10.0.0.1"].map(|text| text.parse().expect("an address"));
        assert!(!target.judge(&[public], &none).expect("public").is_inside);
        for found in [vec![], vec![inside], vec![public, inside], vec!["::ffff:1.1.1.1".parse().expect("mapped")]] {
            target.judge(&found, &none).expect_err("refused");
        }
        for allowed in ["10.0.0.0/8", "hooks.example.com", "HOOKS.example.com."] {
            let allowed = AllowedTargets::parse([allowed]).expect("good");
            let target = Target::parse("https://hooks.example.com/", &allowed).expect("good");
            assert!(target.judge(&[inside], &allowed).expect("allowed").is_inside);
        }
    }

    #[test]
    fn an_operator_allows_more() {
        let allowed = AllowedTargets::parse(["127.0.0.1", "fd00::/8", "hooks.internal"]).expect("good");
        for url in
            ["http://127.0.0.1:3001/", "https://[fd12::1]/", "http://hooks.internal/", "https://hooks.internal:22/"]
        {
            Target::parse(url, &allowed).expect(url);
        }
        Target::parse("https://127.0.0.2/", &allowed).expect_err("another");
        let plain = Target::parse("http://other.example.com:8080/", &allowed).expect("judged later");
        plain.judge(&["1.1.1.1".parse().expect("an address")], &allowed).expect_err("plain http");
        for wrong in ["*", "*.internal", "10.0.0.0/33", "", "a b"] {
            AllowedTargets::parse([wrong]).expect_err(wrong);
        }
    }
}
