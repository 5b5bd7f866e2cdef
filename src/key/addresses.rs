//! The addresses from which a key may be used, in CIDR notation (RFC 4632, RFC 4291).

use std::{fmt, net::IpAddr};

use ipnet::IpNet;

use crate::{FieldError, Invalid};

/// The maximum number of blocks of a key.
pub const MOST: usize = 100;
/// The maximum number of characters of all of them.
const MOST_CHARACTERS: usize = 4_000;
/// The maximum number of errors reported at once.
const MOST_ERRORS: usize = 10;

/// Blocks in the order of input, without duplicates. IPv4-mapped IPv6 addresses (`::ffff:203.0.113.7`) are treated as
/// IPv4, in blocks and for clients.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses(Box<[IpNet]>);

impl Addresses {
    /// Parses input with a block on each line, or separated by commas or spaces.
    pub fn check(text: &str) -> Result<Self, Invalid> {
        let lines = text.lines().enumerate();
        let entries = lines.flat_map(|(at, line)| {
            let entries = line.split([',', ';', ' ', '\t']).filter(|entry| !entry.is_empty());
            entries.map(move |entry| (at + 1, entry))
        });
        Self::of_entries(entries, in_line)
    }

    /// Parses a list of blocks. Errors do not repeat the input, which might be a misplaced secret.
    pub fn check_list(list: &[String]) -> Result<Self, Invalid> {
        let entries = list.iter().enumerate().map(|(at, entry)| (at + 1, entry.trim()));
        Self::of_entries(entries, |at, _| format!("Entry {at}"))
    }

    /// Parses numbered entries; `place` describes the position of one to people.
    fn of_entries<'a>(
        entries: impl Iterator<Item = (usize, &'a str)>,
        place: fn(usize, &str) -> String,
    ) -> Result<Self, Invalid> {
        let mut blocks = Vec::new();
        let mut errors = Vec::new();
        for (at, entry) in entries {
            match block(entry) {
                Ok(block) if blocks.contains(&block) => {}
                Ok(block) => blocks.push(block),
                Err(fix) if errors.len() < MOST_ERRORS => {
                    errors.push(FieldError { field: "addresses", message: format!("{}: {fix}", place(at, entry)) });
                }
                Err(_) => return Err(Invalid(errors)),
            }
            if blocks.len() > MOST {
                let message = format!("At most {MOST} blocks; put neighbours together in a larger block.");
                return Err(Invalid::field("addresses", message));
            }
        }
        if !errors.is_empty() {
            return Err(Invalid(errors));
        }
        let checked = Self(blocks.into());
        let length = checked.to_string().len();
        if length > MOST_CHARACTERS {
            let message = format!("At most {MOST_CHARACTERS} characters together; these have {length}.");
            return Err(Invalid::field("addresses", message));
        }
        Ok(checked)
    }

    /// From the database, where they were validated. An unreadable block matches no address.
    #[cfg(feature = "store")]
    pub(crate) fn stored(text: &str) -> crate::Result<Self> {
        let blocks: Result<_, _> = text.split_whitespace().map(str::parse).collect();
        blocks.map(Self).map_err(|_| crate::Error::Unavailable("a key's addresses can't be read".to_owned()))
    }

    /// Whether every address may use the key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether these leave most addresses out: each block has at most a 256th of all IPv4 addresses, or of IPv6 what a
    /// network of a provider has (/16).
    pub fn limit(&self) -> bool {
        let is_part = |block: &IpNet| block.prefix_len() >= if block.addr().is_ipv4() { 8 } else { 16 };
        !self.is_empty() && self.0.iter().all(is_part)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn contains(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.0.iter().any(|block| block.contains(&ip))
    }

    /// Whether each block of `other` is contained in one of these.
    pub fn cover(&self, other: &Self) -> bool {
        other.0.iter().all(|inner| self.0.iter().any(|block| block.contains(inner)))
    }

    /// Each block as people write it: a single address without its length.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|block| {
            if block.prefix_len() == block.max_prefix_len() { block.addr().to_string() } else { block.to_string() }
        })
    }
}

/// Separated by spaces.
impl fmt::Display for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, block) in self.0.iter().enumerate() {
            let space = if at == 0 { "" } else { " " };
            write!(f, "{space}{block}")?;
        }
        Ok(())
    }
}

fn in_line(line: usize, entry: &str) -> String {
    let mut shown: String = entry.chars().take(50).collect();
    if shown.len() < entry.len() {
        shown.push('…');
    }
    format!("Line {line}, {shown}")
}

/// Parses one block, or explains how to fix it.
fn block(entry: &str) -> Result<IpNet, String> {
    let (address, length) = match entry.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (entry, None),
    };
    let Ok(typed) = address.parse::<IpAddr>() else {
        return Err("write an address like 203.0.113.7 or 2001:db8::7, or a block like 203.0.113.0/24.".to_owned());
    };
    let most = if typed.is_ipv4() { 32 } else { 128 };
    let length = match length {
        None => most,
        Some(text) => prefix(text)
            .filter(|length| *length <= most)
            .ok_or_else(|| format!("after the slash comes how many bits the block shares, from 0 to {most}."))?,
    };
    let address = typed.to_canonical();
    let length = if address.is_ipv4() && typed.is_ipv6() {
        // The first 96 bits mark it as an IPv4 address.
        length.checked_sub(96).ok_or_else(|| format!("write IPv4 blocks as such: {address}/24."))?
    } else {
        length
    };
    let block = IpNet::new(address, length).map_err(|error| error.to_string())?;
    if block.trunc() != block {
        let (from, length) = (block.network(), block.prefix_len());
        return Err(format!(
            "a block of /{length} begins at {from}: write {from}/{length}, or {address} for it alone."
        ));
    }
    Ok(block)
}

/// Digits without leading zeros, which some tools read as octal.
fn prefix(text: &str) -> Option<u8> {
    let digits = (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    (digits && (text == "0" || !text.starts_with('0'))).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests;
