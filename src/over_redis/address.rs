//! The URL of Redis: one server, the servers that Sentinels name, or a cluster.

use std::{fmt, net::IpAddr, str::FromStr};

use url::Url;
use zeroize::Zeroizing;

/// Where Redis is.
#[derive(Clone)]
pub(super) struct Address {
    pub kind: Kind,
    pub is_encrypted: bool,
    /// Hosts and ports: one, or those of Sentinels or of some servers of a cluster.
    pub hosts: Vec<(String, u16)>,
    pub user: Option<String>,
    pub password: Option<Zeroizing<String>>,
    pub database: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    One,
    /// With the name under which they watch the primary.
    Sentinel(String),
    Cluster,
}

const SHOULD_BE: &str = "The URL of Redis should look like redis://host:6379/0, rediss://… with TLS, \
    redis+sentinel://host:26379,host:26379/NAME for the primary that Sentinels call NAME, or \
    redis+cluster://host:6379,host:6379";

impl Address {
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| Err(format!("{SHOULD_BE}: {why}."));
        let Some((scheme, rest)) = text.trim().split_once("://") else { return wrong("it has no scheme") };
        let scheme = scheme.to_ascii_lowercase();
        let (base, way) = scheme.split_once('+').map_or((scheme.as_str(), None), |(base, way)| (base, Some(way)));
        let is_encrypted = match base {
            "redis" | "valkey" => false,
            "rediss" | "valkeys" => true,
            _ => return wrong("the scheme is another one"),
        };
        if rest.contains(['?', '#']) {
            return wrong("parameters after ? or # are not supported");
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (credentials, hosts) =
            authority.rsplit_once('@').map_or((None, authority), |(credentials, hosts)| (Some(credentials), hosts));
        let (kind, path, port) = match way {
            None => (Kind::One, path, 6379),
            Some("cluster") => (Kind::Cluster, path, 6379),
            Some("sentinel") => {
                let (name, path) = path.split_once('/').unwrap_or((path, ""));
                if name.is_empty() {
                    return wrong("the name of the primary is missing");
                }
                (Kind::Sentinel(name.to_owned()), path, 26379)
            }
            Some(_) => return wrong("after the + comes sentinel or cluster"),
        };
        let Ok(database) = (if path.is_empty() { Ok(0) } else { path.parse::<u16>() }) else {
            return wrong("the number of the database is no number");
        };
        if kind == Kind::Cluster && database != 0 {
            return wrong("a cluster has only the database 0");
        }
        let hosts: Option<Vec<_>> = hosts.split(',').map(|host| host_and_port(host, port)).collect();
        let Some(hosts) = hosts else { return wrong("a host or a port is wrong") };
        if kind == Kind::One && hosts.len() != 1 {
            return wrong("several hosts need +sentinel or +cluster");
        }
        // The parser of URLs decodes what is escaped.
        let Ok(credentials) = Url::parse(&format!("redis://{}@host", credentials.unwrap_or_default())) else {
            return wrong("the user or the password has a character that has to be written as %XX");
        };
        let decoded = |text: &str| {
            url::form_urlencoded::parse(format!("v={}", text.replace('+', "%2B")).as_bytes())
                .next()
                .map(|(_, value)| value.into_owned())
        };
        let user = decoded(credentials.username()).filter(|user| !user.is_empty());
        let password = credentials.password().and_then(decoded).map(Zeroizing::new);
        Ok(Self { kind, is_encrypted, hosts, user, password, database: database.into() })
    }

    /// Whether it is on this machine only.
    pub fn is_local(&self) -> bool {
        self.hosts
            .iter()
            .all(|(host, _)| host == "localhost" || IpAddr::from_str(host).is_ok_and(|address| address.is_loopback()))
    }
}

fn host_and_port(text: &str, usual: u16) -> Option<(String, u16)> {
    let url = Url::parse(&format!("redis://{text}")).ok()?;
    let host = match url.host()? {
        url::Host::Domain(name) => name.to_owned(),
        url::Host::Ipv4(address) => address.to_string(),
        url::Host::Ipv6(address) => address.to_string(),
    };
    let is_only_that = url.path().is_empty() && url.username().is_empty() && url.password().is_none();
    (is_only_that && !host.is_empty()).then(|| (host, url.port().unwrap_or(usual)))
}

/// Without user and password.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::One => {}
            Kind::Sentinel(name) => write!(f, "{name} of ")?,
            Kind::Cluster => write!(f, "the cluster at ")?,
        }
        for (n, (host, port)) in self.hosts.iter().enumerate() {
            let comma = if n == 0 { "" } else { ", " };
            if host.contains(':') { write!(f, "{comma}[{host}]:{port}")? } else { write!(f, "{comma}{host}:{port}")? }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(url: &str) -> Address {
        Address::parse(url).unwrap_or_else(|why| panic!("{url}: {why}"))
    }

    #[test]
    fn one_server() {
        let address = parsed("redis://cache.internal");
        assert_eq!((address.to_string().as_str(), address.database), ("cache.internal:6379", 0));
        assert!(!address.is_encrypted && !address.is_local());
        let address = parsed("rediss://ada:p%40ss+word@[::1]:7000/3");
        assert_eq!((address.to_string().as_str(), address.database), ("[::1]:7000", 3));
        assert!(address.is_encrypted && address.is_local());
        assert_eq!(address.user.as_deref(), Some("ada"));
        assert_eq!(address.password.as_ref().map(|password| password.as_str()), Some("p@ss+word"));
        let address = parsed("valkey://:secret@localhost");
        assert_eq!((address.user, address.password.map(|it| it.to_string())), (None, Some("secret".to_owned())));
    }

    #[test]
    fn sentinels_and_clusters() {
        let address = parsed("redis+sentinel://:pw@a,b:26380/primary/2");
        assert_eq!((&address.kind, address.database), (&Kind::Sentinel("primary".to_owned()), 2));
        assert_eq!(address.to_string(), "primary of a:26379, b:26380");
        let address = parsed("rediss+cluster://a,b:7001");
        assert_eq!((address.kind, address.is_encrypted), (Kind::Cluster, true));
    }

    #[test]
    fn what_is_wrong_is_explained_without_the_password() {
        for (url, why) in [
            ("localhost:6379", "no scheme"),
            ("http://:s3cret@localhost", "another one"),
            ("redis://:s3cret@a,b", "several hosts"),
            ("redis://:s3cret@a:port", "host or a port"),
            ("redis://:s3cret@a/x", "no number"),
            ("redis://:s3cret@", "host or a port"),
            ("redis+sentinel://:s3cret@a", "name of the primary"),
            ("redis+other://:s3cret@a", "sentinel or cluster"),
            ("redis+cluster://:s3cret@a/1", "only the database 0"),
            ("rediss://:s3cret@a/#insecure", "not supported"),
        ] {
            let said = Address::parse(url).err().unwrap_or_else(|| panic!("{url}"));
            assert!(said.contains(why) && !said.contains("s3cret"), "{url}: {said}");
        }
    }

    proptest! {
        #[test]
        fn nothing_is_too_strange(text in "(redis|rediss|redis\\+sentinel)?(://)?.{0,40}") {
            let _ = Address::parse(&text);
        }
    }
}
