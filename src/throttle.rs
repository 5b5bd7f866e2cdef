//! Throttling of wrong passwords (OWASP: Blocking Brute Force Attacks, device cookies).
//!
//! An unknown client is counted by address, by account, and by both together. A browser that signed in before has a
//! device cookie and is counted separately: an attack on an account, from however many addresses, slows down unknown
//! clients but not its owner. All counts are in memory, bounded, and recover over time: no account is ever locked.

mod limits;
mod throttles;

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Duration,
};

use sha2::{Digest, Sha256};

use limits::{
    ACCOUNT, ADDRESS, CODES, COMMAND_LINES, FORGOTTEN_ACCOUNT, FORGOTTEN_ADDRESS, INVITED, INVITING, KNOWN,
    LEAKS_AGAIN, LEAKS_FROM_ADDRESS, LEAKS_FROM_NETWORK, LEAKS_OF_NEW, Limit, PAIR, SINGLE_SIGN_ON, TESTS_OF_ENDPOINT,
    TESTS_OF_ORG, WRONG_ID_TOKENS, WRONG_SIGNATURES,
};

pub use throttles::{InMemory, Throttles};

/// The maximum number of counts; about 6 MB.
const MOST: usize = 65_536;
/// The minimum time between refusals of one count in the activity log.
const TELL_EVERY: Duration = Duration::from_secs(10 * 60);

/// What is known of the client.
#[derive(Clone, Copy, Debug)]
pub enum Who {
    /// Only its address.
    Stranger(IpAddr),
    /// The browser has the device cookie of an earlier sign-in to this account.
    Device([u8; 16]),
    /// Signed in, and confirming the password.
    SignedIn,
    /// Types the code of a second factor, after the right password, from this address. The account is the person's id.
    Code(IpAddr),
    /// The same with a browser that signed in to the account before: somebody who learnt the password can't keep its owner out.
    CodeOfDevice([u8; 16]),
    /// The same for a signed-in person, who confirms that it is them, with a code or a passkey.
    CodeOfSignedIn,
    /// Types a recovery code from this address. Nobody guesses one; the count keeps scripts from trying.
    RecoveryCode(IpAddr),
    /// Uses a passkey from this address; the account is empty. Nobody forges one; the count keeps scripts from trying.
    Passkey(IpAddr),
    /// Asks for a link to reset a password, from this address. Every such attempt counts.
    Forgotten(IpAddr),
    /// Invites in the name of an organization, whose id is the account. Every invitation counts.
    Inviting,
    /// Is sent an invitation, to the address that is the account.
    Invited,
    /// Accepts an invitation, whose id is the account.
    Accepting,
    /// Sends a test event to the endpoint that is the account. Every one counts.
    TestsEndpoint,
    /// The same to any endpoint of the organization that is the account.
    TestsEndpointsOf,
    /// A command line that begins to sign in, from this address. Every such request counts.
    CommandLine(IpAddr),
    /// A signed-in person, whose id is the account, types the code of a command line.
    DeviceCode(IpAddr),
    /// Reports a leak, from this address. Every report counts, whatever it says.
    LeakReporter(IpAddr),
    /// Reports leaks with a signature, from this address. One that is right is taken back.
    LeakPartner(IpAddr),
    /// Sends an ID token for a key, from this address. One that gets a key is taken back.
    TokenExchange(IpAddr),
    /// Comes back from an issuer, from this address. One that is let in is taken back.
    SingleSignOn(IpAddr),
}

/// The queue for hashing a password. Each kind has its own capacity, so that a flood of unknown clients, from however
/// many addresses, can't block known ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// A client without any proof.
    Stranger,
    /// A browser that signed in to this account before, a signed-in person, or one with the setup token.
    Known,
}

impl Who {
    /// Its queue for hashing.
    pub fn lane(self) -> Lane {
        match self {
            Self::Stranger(_)
            | Self::Forgotten(_)
            | Self::CommandLine(_)
            | Self::LeakReporter(_)
            | Self::LeakPartner(_)
            | Self::TokenExchange(_)
            | Self::SingleSignOn(_) => Lane::Stranger,
            Self::Device(_)
            | Self::SignedIn
            | Self::Code(_)
            | Self::CodeOfDevice(_)
            | Self::CodeOfSignedIn
            | Self::RecoveryCode(_)
            | Self::Passkey(_)
            | Self::Inviting
            | Self::Invited
            | Self::Accepting
            | Self::TestsEndpoint
            | Self::TestsEndpointsOf
            | Self::DeviceCode(_) => Lane::Known,
        }
    }
}

/// There were too many wrong attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttled {
    /// The time until the next attempt is accepted.
    pub wait: Duration,
    /// Whether to record it: only the first of each kind.
    pub tell: bool,
}

/// An admitted attempt, which counts as wrong until it is taken back.
#[must_use]
#[derive(Debug)]
pub struct Attempt {
    counts: Vec<(Name, Limit)>,
    pair: Option<Name>,
    /// Whether all nodes count it: only what was counted is taken back.
    pub(crate) is_shared: bool,
}

/// The key of a count: a digest, so that its size does not depend on input.
type Name = [u8; 16];

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    /// When the count will be clear.
    clear: Duration,
    told: Option<Duration>,
}

/// The counts. Times are relative to some start, by a monotonic clock.
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

/// An IPv6 client usually has a whole /64 block of addresses.
pub fn block(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

/// The network around an address: what a provider gives to one customer, or a small one has.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits() >> 8 << 8).into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 80 << 80).into(),
    }
}

impl Attempt {
    /// What it counts against: a name, how many may be wrong at once, and how long until another may.
    pub fn counts(&self) -> impl Iterator<Item = (&[u8; 16], u32, Duration)> {
        self.counts.iter().map(|(name, limit)| (name, limit.burst, limit.every))
    }

    /// Which of them is cleared by a success.
    pub fn cleared(&self) -> Option<usize> {
        self.counts.iter().position(|(name, _)| Some(*name) == self.pair)
    }

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
                Self { counts, pair: Some(pair), is_shared: false }
            }
            Who::Device(device) => Self::alone(name(&[b"device", &device, account])),
            Who::Code(address) => {
                let address = block(address).to_string();
                let pair = name(&[b"code by address", address.as_bytes(), account]);
                Self {
                    counts: vec![(pair, PAIR), (name(&[b"codes of account", account]), CODES)],
                    pair: Some(pair),
                    is_shared: false,
                }
            }
            Who::CodeOfDevice(device) => Self::of_codes(name(&[b"codes of device", &device, account])),
            Who::CodeOfSignedIn => Self::of_codes(name(&[b"codes of signed in", account])),
            Who::RecoveryCode(address) => {
                let address = block(address).to_string();
                Self::alone(name(&[b"recovery codes", address.as_bytes(), account]))
            }
            Who::Passkey(address) => Self::of_address(b"passkeys", address, ADDRESS),
            Who::SignedIn => Self::alone(name(&[b"signed in", account])),
            Who::Accepting => Self::alone(name(&[b"accepting", account])),
            Who::Inviting => {
                Self { counts: vec![(name(&[b"inviting", account]), INVITING)], pair: None, is_shared: false }
            }
            Who::Invited => {
                Self { counts: vec![(name(&[b"invited", account]), INVITED)], pair: None, is_shared: false }
            }
            Who::TestsEndpoint => Self {
                counts: vec![(name(&[b"tests of endpoint", account]), TESTS_OF_ENDPOINT)],
                pair: None,
                is_shared: false,
            },
            Who::TestsEndpointsOf => Self {
                counts: vec![(name(&[b"tests of organization", account]), TESTS_OF_ORG)],
                pair: None,
                is_shared: false,
            },
            Who::CommandLine(address) => Self::of_address(b"command line", address, COMMAND_LINES),
            Who::LeakReporter(address) => {
                let (address, network) = (block(address).to_string(), network(address).to_string());
                let counts = vec![
                    (name(&[b"leaks by address", address.as_bytes()]), LEAKS_FROM_ADDRESS),
                    (name(&[b"leaks by network", network.as_bytes()]), LEAKS_FROM_NETWORK),
                    (name(&[b"leaks again"]), LEAKS_AGAIN),
                ];
                Self { counts, pair: None, is_shared: false }
            }
            Who::LeakPartner(address) => Self::of_address(b"wrong signatures by address", address, WRONG_SIGNATURES),
            Who::TokenExchange(address) => Self::of_address(b"wrong id tokens by address", address, WRONG_ID_TOKENS),
            Who::SingleSignOn(address) => Self::of_address(b"single sign-on by address", address, SINGLE_SIGN_ON),
            Who::DeviceCode(address) => {
                let address = block(address).to_string();
                let person = name(&[b"device code of person", account]);
                let counts = vec![(person, PAIR), (name(&[b"device code by address", address.as_bytes()]), ADDRESS)];
                Self { counts, pair: Some(person), is_shared: false }
            }
            Who::Forgotten(address) => {
                let address = block(address).to_string();
                let counts = vec![
                    (name(&[b"forgotten by address", address.as_bytes()]), FORGOTTEN_ADDRESS),
                    (name(&[b"forgotten of account", account]), FORGOTTEN_ACCOUNT),
                ];
                Self { counts, pair: None, is_shared: false }
            }
        }
    }

    /// Counted by the address alone.
    fn of_address(what: &[u8], address: IpAddr, limit: Limit) -> Self {
        let address = block(address).to_string();
        Self { counts: vec![(name(&[what, address.as_bytes()]), limit)], pair: None, is_shared: false }
    }

    fn of_codes(name: Name) -> Self {
        Self { counts: vec![(name, CODES)], pair: Some(name), is_shared: false }
    }

    fn alone(name: Name) -> Self {
        Self { counts: vec![(name, KNOWN)], pair: Some(name), is_shared: false }
    }
}

impl Throttle {
    #[cfg(test)]
    fn attempt(&mut self, who: Who, account: &str, now: Duration) -> Result<Attempt, Throttled> {
        self.attempt_on_one_of(1, who, account, now)
    }

    /// Admits an attempt, or returns how long to wait. It is counted at once, so that concurrent attempts can't
    /// exceed the limit; a correct one takes it back. Of several nodes that count for themselves each admits its part.
    pub fn attempt_on_one_of(
        &mut self,
        nodes: u32,
        who: Who,
        account: &str,
        now: Duration,
    ) -> Result<Attempt, Throttled> {
        let mut attempt = self.attempt_of(who, account, now);
        attempt.counts.iter_mut().for_each(|(_, limit)| *limit = limit.of_one_in(nodes));
        let wait = |(name, limit): &(Name, Limit)| {
            let ahead = self.0.get(name).map_or(Duration::ZERO, |count| count.clear.saturating_sub(now));
            (ahead.saturating_sub(limit.every * (limit.burst - 1)), *name)
        };
        if let Some((wait, name)) = attempt.counts.iter().map(wait).max().filter(|(wait, _)| !wait.is_zero()) {
            return Err(Throttled { wait, tell: self.tells(name, now) });
        }
        self.make_room(now);
        for (name, limit) in &attempt.counts {
            let count = self.0.entry(*name).or_default();
            count.clear = count.clear.max(now) + limit.every;
        }
        Ok(attempt)
    }

    /// What an attempt counts against.
    fn attempt_of(&self, who: Who, account: &str, now: Duration) -> Attempt {
        let mut attempt = Attempt::of(who, account);
        if let (Who::LeakReporter(_), [_, (network, _), all]) = (who, attempt.counts.as_mut_slice())
            && self.0.get(network).is_none_or(|count| count.clear <= now)
        {
            *all = (name(&[b"leaks of new networks"]), LEAKS_OF_NEW);
        }
        attempt
    }

    /// Counts an attempt that others judge.
    pub fn note(&mut self, who: Who, account: &str, now: Duration) -> Attempt {
        let attempt = self.attempt_of(who, account, now);
        self.make_room(now);
        for (name, limit) in &attempt.counts {
            let count = self.0.entry(*name).or_default();
            count.clear = (count.clear.max(now) + limit.every).min(now + limit.every * limit.burst);
        }
        attempt
    }

    /// Whether to record a refusal of this count.
    fn tells(&mut self, name: Name, now: Duration) -> bool {
        let count = self.0.entry(name).or_default();
        let tells = count.told.is_none_or(|told| now.saturating_sub(told) >= TELL_EVERY);
        if tells {
            count.told = Some(now);
        }
        tells
    }

    /// Refused by what other nodes counted: nothing is counted here.
    pub fn refused_elsewhere(&mut self, attempt: Attempt, refusing: usize, now: Duration) -> bool {
        let name = attempt.counts.get(refusing).map(|(name, _)| *name);
        self.take_back(attempt);
        name.is_some_and(|name| {
            self.make_room(now);
            self.tells(name, now)
        })
    }

    /// The password was correct: clears the counts of this address and account.
    pub fn succeeded(&mut self, attempt: Attempt) {
        if let Some(pair) = attempt.pair {
            self.0.remove(&pair);
        }
        self.take_back(attempt);
    }

    /// The attempt was neither correct nor wrong: it could not be checked.
    pub fn take_back(&mut self, attempt: Attempt) {
        for (name, limit) in attempt.counts {
            if let Some(count) = self.0.get_mut(&name) {
                count.clear = count.clear.saturating_sub(limit.every);
            }
        }
    }

    /// Removes counts that are clear and, if that is not enough, the half that will be clear soonest.
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
