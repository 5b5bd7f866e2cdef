//! Signatures that were seen: each holds once.
//!
//! One memory for all workers of the process, bounded, and exact: nothing is forgotten before its timestamp is out of
//! time by every clock. Where there is no room, the request is refused.

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

/// Signatures in memory at most; each takes 16 bytes and its share of a hash table. One key alone can have a third of
/// them: that is about 2,000 signed requests in each second.
const MOST: usize = 2_000_000;
/// Signatures that end within the same so many microseconds are forgotten together.
const SPAN: i64 = 10 * 1_000_000;

pub struct Replays {
    seen: Mutex<Seen>,
    most: usize,
    /// How long this remembers already, by a clock that nobody sets.
    age: Option<Elapsed>,
}

struct Seen {
    /// By when they end.
    spans: BTreeMap<i64, Span>,
    /// What was signed before this may have been seen by the process before this one, so it is refused.
    started: Timestamp,
    /// What ends before this is forgotten: it may have come before, so it is refused. It only grows, so that a clock which
    /// is set back brings nothing back.
    horizon: Timestamp,
    total: usize,
    of_key: HashMap<KeyId, usize>,
    of_org: HashMap<OrgId, usize>,
}

#[derive(Default)]
struct Span {
    signatures: HashSet<u128>,
    /// Whose those are.
    of_key: HashMap<KeyId, (OrgId, usize)>,
}

impl Replays {
    /// Whatever was signed before `started` may have been seen by the process before this one.
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

    /// By that clock, which nobody can set: where the machine's clock ran ahead at the start and was set right since, the
    /// start was as much earlier. Else everything that is signed would be refused until that time has come again.
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
            // A small step back moves nothing: what was signed before the start may have been seen by the process before.
            if seen.started.since(began) > WINDOW {
                seen.started = began;
            }
        }
        seen
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a signature, if nobody did. Of two that come at once, one is taken.
    pub fn take(&self, proof: &Proof, org: &OrgId, key: &KeyId, now: Timestamp) -> Result<(), ReplayError> {
        let mut seen = self.at(now);
        let forgotten = seen.forget(now);
        let taken = seen.take(proof, org, key, self.most);
        drop(seen);
        // What is large is given back while nobody waits.
        drop(forgotten);
        taken
    }

    /// It was taken for nothing: whoever sent it may send it again.
    pub fn give_back(&self, proof: &Proof, org: &OrgId, key: &KeyId) {
        self.lock().give_back(proof, org, key);
    }

    /// What `take` would say; nothing is taken, not even for a moment.
    pub fn peek(&self, proof: &Proof, org: &OrgId, key: &KeyId, now: Timestamp) -> Result<(), ReplayError> {
        let mut seen = self.at(now);
        let forgotten = seen.forget(now);
        let free = seen.is_free(proof, org, key, self.most);
        drop(seen);
        drop(forgotten);
        free
    }
}

/// Half of a signature tells it from any other.
fn short(proof: &Proof) -> u128 {
    let (half, _) = proof.signature.split_at(16);
    half.iter().fold(0, |sum, byte| sum << 8 | u128::from(*byte))
}

fn span_of(proof: &Proof) -> i64 {
    proof.ends().micros().div_euclid(SPAN)
}

impl Seen {
    /// Drops the spans that are over.
    fn forget(&mut self, now: Timestamp) -> Vec<Span> {
        let current = now.micros().div_euclid(SPAN);
        let mut forgotten = Vec::new();
        while let Some(first) = self.spans.first_entry().filter(|first| *first.key() < current) {
            // Not up to now: a clock that ran ahead for a moment would refuse whatever comes after it was set right.
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
        // Each may have as much as it leaves free: however many keys and organizations take all they can, there is room
        // for another key of theirs, and for another organization.
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

    /// Unless it was forgotten meanwhile.
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

/// Counts down, and forgets what has come to nothing.
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
