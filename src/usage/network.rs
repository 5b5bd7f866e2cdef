//! The network of a client: its /24 block for IPv4, its /48 block for IPv6.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Network {
    V4([u8; 3]),
    V6([u8; 6]),
    /// Beyond as many as are kept of a key in an hour.
    Other,
    /// The backend did not send its client's address.
    Unknown,
}

impl Network {
    pub fn of(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(ip) => {
                let [a, b, c, _] = ip.octets();
                Self::V4([a, b, c])
            }
            IpAddr::V6(ip) => {
                let [a, b, c, d, e, g, ..] = ip.octets();
                Self::V6([a, b, c, d, e, g])
            }
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::V4([a, b, c]) => write!(f, "{}/24", Ipv4Addr::new(a, b, c, 0)),
            Self::V6(first) => {
                let mut octets = [0; 16];
                octets[..6].copy_from_slice(&first);
                write!(f, "{}/48", Ipv6Addr::from(octets))
            }
            Self::Other => f.write_str("other"),
            Self::Unknown => f.write_str("unspecified"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_becomes_its_block() {
        for (ip, network) in [
            ("203.0.113.77", "203.0.113.0/24"),
            ("::ffff:203.0.113.77", "203.0.113.0/24"),
            ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
            ("::1", "::/48"),
        ] {
            assert_eq!(Network::of(ip.parse().expect("an address")).to_string(), network);
        }
    }
}
