//! Used signatures: each is accepted once.
//!
//! One set for all workers of the process, bounded and exact: nothing is removed before its timestamp is out of time
//! by every clock. If there is no room, the request is refused.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::shared_state::ReplayError;
use crate::{
    Timestamp,
    clock::Elapsed,
    id::{KeyId, OrgId},
    signature::{Proof, WINDOW},
};

/// The maximum number of signatures in memory; each takes 16 bytes and its share of a hash table. A single key can
/// use a third of them: about 2,000 signed requests per second.
const MOST: usize = 2_000_000;
/// Signatures that expire within the same interval of this many microseconds are removed together.
const SPAN: i64 = 10 * 1_000_000;

pub struct Replays {
    seen: Mutex<Seen>,
    most: usize,
    /// How long this has been running, by a monotonic clock.
    age: Option<Elapsed>,
}

struct Seen {
    /// By expiry.
    spans: BTreeMap<i64, Span>,
    /// Signatures from before this time may have been used in the previous process, so they are refused.
    started: Timestamp,
    /// Signatures that expire before this time were removed and might be replays, so they are refused. It only grows,
    /// so that setting the clock back does not make them valid again.
    horizon: Timestamp,
    total: usize,
    of_key: HashMap<KeyId, usize>,
    of_org: HashMap<OrgId, usize>,
}

#[derive(Default)]
struct Span {
    signatures: HashSet<u128>,
    /// The owner of each key's signatures, and their number.
    of_key: HashMap<KeyId, (OrgId, usize)>,
}

impl Replays {
    /// Signatures from before `started` may have been used in the previous process.
    pub fn new(started: Timestamp) -> Self {
        Self::of_at_most(MOST, started)
    }

    fn of_at_most(most: usize, started: Timestamp) -> Self {
        let seen = Seen {
            spans: BTreeMap::new(),
            started,
            horizon: Timestamp::from_micros(i64::MIN),
            total: 0,
            of_key: HashMap::new(),
            of_org: HashMap::new(),
        };
        Self { seen: Mutex::new(seen), most, age: None }
    }

    /// Adds a monotonic clock: if the machine's clock was ahead at the start and was corrected since, the start is
    /// moved back accordingly. Otherwise all signatures would be refused until that time comes again.
    #[must_use]
    pub fn on(self, elapsed: Elapsed) -> Self {
        let began = elapsed();
        Self { age: Some(Arc::new(move || elapsed().saturating_sub(began))), ..self }
    }

    fn at(&self, now: Timestamp) -> MutexGuard<'_, Seen> {
        let age = self.age.as_ref().map(|age| age());
        let mut seen = self.lock();
        if let Some(age) = age {
            let began = now - age;
            // A small correction changes nothing: signatures from before the start may have been used in the previous
            // process.
            if seen.started.since(began) > WINDOW {
                seen.started = began;
            }
        }
        seen
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Uses up a signature, unless it was used before. Of two concurrent requests, one succeeds.
    pub fn take(&self, proof: &Proof, org: &OrgId, key: &KeyId, now: Timestamp) -> Result<(), ReplayError> {
        let mut seen = self.at(now);
        let forgotten = seen.forget(now);
        let taken = seen.take(proof, org, key, self.most);
        drop(seen);
        // Large allocations are freed outside the lock.
        drop(forgotten);
        taken
    }

    /// It was used up for nothing: the sender may repeat the request.
    pub fn give_back(&self, proof: &Proof, org: &OrgId, key: &KeyId) {
        self.lock().give_back(proof, org, key);
    }

    /// What `take` would return; nothing is used up, not even for a moment.
    pub fn peek(&self, proof: &Proof, org: &OrgId, key: &KeyId, now: Timestamp) -> Result<(), ReplayError> {
        let mut seen = self.at(now);
        let forgotten = seen.forget(now);
        let free = seen.is_free(proof, org, key, self.most);
        drop(seen);
        drop(forgotten);
        free
    }
}

/// Half of a signature is enough to distinguish it.
fn short(proof: &Proof) -> u128 {
    let (half, _) = proof.signature.split_at(16);
    half.iter().fold(0, |sum, byte| sum << 8 | u128::from(*byte))
}

fn span_of(proof: &Proof) -> i64 {
    proof.ends().micros().div_euclid(SPAN)
}

impl Seen {
    /// Removes expired intervals.
    fn forget(&mut self, now: Timestamp) -> Vec<Span> {
        let current = now.micros().div_euclid(SPAN);
        let mut forgotten = Vec::new();
        while let Some(first) = self.spans.first_entry().filter(|first| *first.key() < current) {
            // Not up to now: a clock that ran ahead for a moment would refuse everything after its correction.
            let ends = Timestamp::from_micros((first.key() + 1).saturating_mul(SPAN));
            self.horizon = self.horizon.max(ends);
            let span = first.remove();
            self.total -= span.signatures.len();
            for (key, (org, n)) in &span.of_key {
                less(&mut self.of_org, org, *n);
                less(&mut self.of_key, key, *n);
            }
            forgotten.push(span);
        }
        forgotten
    }

    fn is_free(&self, proof: &Proof, org: &OrgId, key: &KeyId, most: usize) -> Result<(), ReplayError> {
        if proof.signed_at < self.started || proof.ends() < self.horizon {
            return Err(ReplayError::Forgotten);
        }
        let span = self.spans.get(&span_of(proof));
        if span.is_some_and(|span| span.signatures.contains(&short(proof))) {
            return Err(ReplayError::Seen);
        }
        // Each may have as much as it leaves free: whatever keys and organizations use, there is room for another key
        // of theirs, and for another organization.
        let held = |n: Option<&usize>| n.copied().unwrap_or_default();
        if held(self.of_key.get(key)) + held(self.of_org.get(org)) >= most - self.total {
            return Err(ReplayError::Full);
        }
        Ok(())
    }

    fn take(&mut self, proof: &Proof, org: &OrgId, key: &KeyId, most: usize) -> Result<(), ReplayError> {
        self.is_free(proof, org, key, most)?;
        let span = self.spans.entry(span_of(proof)).or_default();
        span.signatures.insert(short(proof));
        match span.of_key.get_mut(key) {
            Some((_, n)) => *n += 1,
            None => drop(span.of_key.insert(key.clone(), (org.clone(), 1))),
        }
        more(&mut self.of_key, key);
        more(&mut self.of_org, org);
        self.total += 1;
        Ok(())
    }

    /// Unless it was removed in the meantime.
    fn give_back(&mut self, proof: &Proof, org: &OrgId, key: &KeyId) {
        let Some(span) = self.spans.get_mut(&span_of(proof)) else { return };
        if !span.signatures.remove(&short(proof)) {
            return;
        }
        if let Some((_, n)) = span.of_key.get_mut(key) {
            *n -= 1;
        }
        less(&mut self.of_key, key, 1);
        less(&mut self.of_org, org, 1);
        self.total -= 1;
    }
}

fn more<K: Hash + Eq + Clone>(counts: &mut HashMap<K, usize>, of: &K) {
    match counts.get_mut(of) {
        Some(n) => *n += 1,
        None => drop(counts.insert(of.clone(), 1)),
    }
}

/// Decrements a count, and removes it at zero.
fn less<K: Hash + Eq>(counts: &mut HashMap<K, usize>, of: &K, by: usize) {
    if let Some(n) = counts.get_mut(of) {
        *n = n.saturating_sub(by);
        if *n == 0 {
            counts.remove(of);
        }
    }
}

#[cfg(test)]
mod tests;
