//! Requests without a known key, counted for the portal and for who asked: a root token, or a gateway.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use crate::{Timestamp, id::TokenId, key::Verdict, store::PORTAL, usage::Network};

use super::tally::{MINUTES_OF_HOUR, Minute, minute};

/// The maximum number of counts that wait for a flush. Beyond it they are counted for the portal alone.
const MOST: usize = 4_096;
/// The maximum number of networks of gateways that are told apart in an hour: everybody can call that endpoint, from many
/// addresses, and each network has rows in the database.
const GATEWAYS: usize = 64;

/// Who asked.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    Token(&'a TokenId),
    Gateway(IpAddr),
}

/// The same, stored.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Asker {
    Portal,
    Token(TokenId),
    Gateway(Network),
}

impl Asker {
    /// The stored value.
    pub(super) fn place(&self) -> String {
        match self {
            Self::Portal => PORTAL.to_owned(),
            Self::Token(token) => token.to_string(),
            Self::Gateway(network) => format!("gateway:{network}"),
        }
    }
}

/// Verdicts by their code, and by the minute.
pub(super) type Counts = BTreeMap<(Asker, Minute, &'static str), u64>;

#[derive(Default)]
pub(super) struct UnknownCounts(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    counts: Counts,
    /// The gateways that asked in this hour.
    gateways: BTreeSet<Network>,
    hour: u32,
}

impl Waiting {
    /// Who asked, if that is told apart.
    fn asker(&mut self, source: Source<'_>, hour: u32) -> Option<Asker> {
        let network = match source {
            Source::Token(token) => return Some(Asker::Token(token.clone())),
            Source::Gateway(ip) => Network::of(ip),
        };
        if self.hour != hour {
            self.hour = hour;
            self.gateways.clear();
        }
        if self.gateways.len() < GATEWAYS {
            self.gateways.insert(network);
        }
        self.gateways.contains(&network).then_some(Asker::Gateway(network))
    }
}

impl UnknownCounts {
    pub(super) fn count(&self, source: Source<'_>, verdict: Verdict, at: Timestamp) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (minute, code) = (minute(at), verdict.code());
        let asker = waiting.asker(source, minute / MINUTES_OF_HOUR);
        let counts = &mut waiting.counts;
        // There are few codes, so that an outage of hours takes little.
        *counts.entry((Asker::Portal, minute, code)).or_default() += 1;
        let Some(name) = asker.map(|asker| (asker, minute, code)) else { return };
        if counts.len() < MOST || counts.contains_key(&name) {
            *counts.entry(name).or_default() += 1;
        }
    }

    /// What is to be written now.
    pub(super) fn take(&self) -> Counts {
        mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).counts)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn gateways_beyond_the_first_are_counted_for_the_portal_alone() {
        let counts = UnknownCounts::default();
        let send = |from: u32, at: i64| {
            let ip = IpAddr::V4(Ipv4Addr::from(from << 8));
            counts.count(Source::Gateway(ip), Verdict::Malformed, Timestamp::from_seconds(at));
        };
        let of = |counts: &Counts, is: fn(&Asker) -> bool| {
            counts.iter().filter(|((asker, ..), _)| is(asker)).map(|(_, n)| n).sum::<u64>()
        };
        let most = u32::try_from(GATEWAYS).expect("few");
        for from in 0..most + 10 {
            send(from, 0);
        }
        let taken = counts.take();
        assert_eq!(of(&taken, |asker| *asker == Asker::Portal), u64::from(most) + 10);
        assert_eq!(of(&taken, |asker| matches!(asker, Asker::Gateway(_))), u64::from(most));
        // A flush does not begin anew, the next hour does.
        send(most + 1, 60);
        send(0, 60);
        assert_eq!(of(&counts.take(), |asker| matches!(asker, Asker::Gateway(_))), 1);
        send(most + 1, 3_600);
        assert_eq!(of(&counts.take(), |asker| matches!(asker, Asker::Gateway(_))), 1);
    }
}
