//! How often somebody may be wrong about a password (OWASP: Blocking Brute Force Attacks, device cookies).
//!
//! A stranger is counted by address, by account, and by both together. A browser that signed in before carries a
//! mark of it and is counted by itself alone: an attack on an account, from however many addresses, slows strangers and
//! never its owner. Everything is in memory and bounded, and fills up again by itself: nobody is locked out for good.

mod throttles;

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use sha2::{Digest, Sha256};

pub use throttles::{InMemory, Throttles};

/// So many mistakes at once, then one more in each such time.
#[derive(Clone, Copy, Debug)]
struct Limit {
    burst: u32,
    every: Duration,
}

impl Limit {
    const fn new(burst: u32, every: u64) -> Self {
        Self { burst, every: Duration::from_secs(every) }
    }
}

/// One stranger at one account: somebody who tries to remember.
const PAIR: Limit = Limit::new(5, 60);
/// One address at any account: a household or an office, not a machine with a list.
const ADDRESS: Limit = Limit::new(20, 30);
/// All strangers at one account. It fills faster than a pair does, so that one address alone can't use it up.
const ACCOUNT: Limit = Limit::new(30, 20);
/// A browser that signed in to this account before, or is signed in now.
const KNOWN: Limit = Limit::new(10, 60);

/// How many counts are held at most; about 6 MB.
const MOST: usize = 65_536;
/// Of one count, at most one refusal in this time is told to the activity log.
const TELL_EVERY: Duration = Duration::from_secs(10 * 60);

/// What is known of the person who tries.
#[derive(Clone, Copy, Debug)]
pub enum Who {
    /// Nothing but the address.
    Stranger(IpAddr),
    /// The browser brought the mark of an earlier sign-in to this account.
    Device([u8; 16]),
    /// Is signed in, and is asked for the password again.
    SignedIn,
}

/// For whom a password is hashed. Each kind has places of its own, so that a flood of strangers, from however many
/// addresses, keeps nobody out who is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Anybody who typed an e-mail address and a password.
    Stranger,
    /// A browser that signed in to this account before, somebody who is signed in, or who holds the setup token.
    Known,
}

impl Who {
    /// Where they queue for hashing.
    pub fn lane(self) -> Lane {
        match self {
            Self::Stranger(_) => Lane::Stranger,
            Self::Device(_) | Self::SignedIn => Lane::Known,
        }
    }
}

/// Somebody was wrong too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttled {
    /// When the next attempt is taken, at the earliest.
    pub wait: Duration,
    /// Whether to note it: the first time of a kind, not each.
    pub tell: bool,
}

/// An attempt that was let through, and counts as a mistake until it is taken back.
#[must_use]
#[derive(Debug)]
pub struct Attempt {
    counts: Vec<(Name, Limit)>,
    pair: Option<Name>,
}

/// What a count is kept under: a digest, so that nobody's typing takes more room than another's.
type Name = [u8; 16];

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    /// When it is as if nothing had happened.
    clear: Duration,
    told: Option<Duration>,
}

/// The counts. Time is since some start, which nobody can set back.
#[derive(Debug, Default)]
pub struct Throttle(HashMap<Name, Count>);

fn name(parts: &[&[u8]]) -> Name {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    let digest = digest.finalize();
    std::array::from_fn(|at| digest[at])
}

/// A client with one address of IPv6 has a block of 64 bits of them.
pub fn block(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

impl Attempt {
    fn of(who: Who, account: &str) -> Self {
        let account = account.as_bytes();
        match who {
            Who::Stranger(address) => {
                let address = block(address).to_string();
                let pair = name(&[b"pair", address.as_bytes(), account]);
                let counts = vec![
                    (pair, PAIR),
                    (name(&[b"address", address.as_bytes()]), ADDRESS),
                    (name(&[b"account", account]), ACCOUNT),
                ];
                Self { counts, pair: Some(pair) }
            }
            Who::Device(device) => Self::alone(name(&[b"device", &device, account])),
            Who::SignedIn => Self::alone(name(&[b"signed in", account])),
        }
    }

    fn alone(name: Name) -> Self {
        Self { counts: vec![(name, KNOWN)], pair: Some(name) }
    }
}

impl Throttle {
    /// Lets an attempt through, or says how long to wait. It is counted at once, so that many at the same time do not
    /// slip through together; a right one takes it back.
    pub fn attempt(&mut self, who: Who, account: &str, now: Duration) -> Result<Attempt, Throttled> {
        let attempt = Attempt::of(who, account);
        let wait = |(name, limit): &(Name, Limit)| {
            let ahead = self.0.get(name).map_or(Duration::ZERO, |count| count.clear.saturating_sub(now));
            (ahead.saturating_sub(limit.every * (limit.burst - 1)), *name)
        };
        if let Some((wait, name)) = attempt.counts.iter().map(wait).max().filter(|(wait, _)| !wait.is_zero()) {
            let count = self.0.entry(name).or_default();
            let tell = count.told.is_none_or(|told| now.saturating_sub(told) >= TELL_EVERY);
            if tell {
                count.told = Some(now);
            }
            return Err(Throttled { wait, tell });
        }
        self.make_room(now);
        for (name, limit) in &attempt.counts {
            let count = self.0.entry(*name).or_default();
            count.clear = count.clear.max(now) + limit.every;
        }
        Ok(attempt)
    }

    /// It was right: nothing is held against this address at this account any more.
    pub fn was_right(&mut self, attempt: Attempt) {
        if let Some(pair) = attempt.pair {
            self.0.remove(&pair);
        }
        self.take_back(attempt);
    }

    /// It was neither right nor wrong: nobody could tell.
    pub fn take_back(&mut self, attempt: Attempt) {
        for (name, limit) in attempt.counts {
            if let Some(count) = self.0.get_mut(&name) {
                count.clear = count.clear.saturating_sub(limit.every);
            }
        }
    }

    /// Forgets what is over; and if that is not enough, the half that is over soonest, which was wrong the least.
    fn make_room(&mut self, now: Duration) {
        if self.0.len() + 3 <= MOST {
            return;
        }
        self.0.retain(|_, count| count.clear > now);
        if self.0.len() <= MOST / 2 {
            return;
        }
        let mut clears: Vec<_> = self.0.values().map(|count| count.clear).collect();
        let middle = clears.len() / 2;
        let (_, middle, _) = clears.select_nth_unstable(middle);
        let middle = *middle;
        self.0.retain(|_, count| count.clear > middle);
    }
}

#[cfg(test)]
mod tests;
