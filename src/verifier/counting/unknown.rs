//! Requests without a known key, counted for the portal and for who asked: a root token, or a gateway.

use std::{
    collections::BTreeMap,
    mem,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use crate::{Timestamp, id::TokenId, key::Verdict, store::PORTAL};

use super::tally::{Minute, minute};

/// The maximum number of counts that wait for a flush. Beyond it they are counted for the portal alone.
const MOST: usize = 4_096;

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
    Gateway(IpAddr),
}

impl Asker {
    /// The stored value.
    pub(super) fn place(&self) -> String {
        match self {
            Self::Portal => PORTAL.to_owned(),
            Self::Token(token) => token.to_string(),
            Self::Gateway(ip) => format!("gateway:{ip}"),
        }
    }
}

/// Verdicts by their code, and by the minute.
pub(super) type Counts = BTreeMap<(Asker, Minute, &'static str), u64>;

#[derive(Default)]
pub(super) struct UnknownCounts(Mutex<Counts>);

impl UnknownCounts {
    pub(super) fn count(&self, source: Source<'_>, verdict: Verdict, at: Timestamp) {
        let asker = match source {
            Source::Token(token) => Asker::Token(token.clone()),
            Source::Gateway(ip) => Asker::Gateway(ip),
        };
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (minute, code) = (minute(at), verdict.code());
        // There are few codes, so that an outage of hours takes little.
        *counts.entry((Asker::Portal, minute, code)).or_default() += 1;
        let name = (asker, minute, code);
        if counts.len() < MOST || counts.contains_key(&name) {
            *counts.entry(name).or_default() += 1;
        }
    }

    /// What is to be written now.
    pub(super) fn take(&self) -> Counts {
        mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
