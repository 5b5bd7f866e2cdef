//! What keys were used for, gathered in memory and written every few seconds.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering},
    time::Duration,
};

use sallyport::{
    Timestamp,
    id::{KeyId, RequestId},
    key::Verdict,
    store::{Refused, Used},
};
use sallyport_app::context::Client;

use super::CachedKey;

/// The first refusal of a kind is told at once, those after it together: a flood must not fill the log.
const TOLD_EVERY: Duration = Duration::from_secs(10 * 60);
/// Kinds of refusals in memory; what is beyond is counted with none.
const KINDS: usize = 10_000;

#[derive(Default)]
pub struct Usage(Mutex<Gathered>);

#[derive(Default)]
struct Gathered {
    used: Vec<FirstSeen>,
    refused: HashMap<(KeyId, Verdict), Kind>,
}

/// A key that was good, and where its first use came from.
struct FirstSeen {
    key: Arc<CachedKey>,
    address: Option<String>,
    user_agent: Option<String>,
}

/// One key, refused for one reason.
#[derive(Clone)]
struct Kind {
    key: Arc<CachedKey>,
    verdict: Verdict,
    times: u64,
    told_at: Option<Timestamp>,
    address: Option<String>,
    user_agent: Option<String>,
    request_id: RequestId,
}

impl Usage {
    fn lock(&self) -> MutexGuard<'_, Gathered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the lock once for each key and flush, not once for each request.
    pub fn used(&self, key: &Arc<CachedKey>, now: Timestamp, client: &Client) {
        let before = key.last_used.fetch_max(now.micros(), Ordering::Relaxed);
        if key.dirty.swap(true, Ordering::AcqRel) {
            return;
        }
        let first = before == i64::MIN;
        let address = first.then(|| client.address());
        let user_agent = if first { client.user_agent.clone() } else { None };
        self.lock().used.push(FirstSeen { key: Arc::clone(key), address, user_agent });
    }

    pub fn refused(&self, key: &Arc<CachedKey>, verdict: Verdict, client: &Client) {
        let mut gathered = self.lock();
        let kind = (key.record.key_id.clone(), verdict);
        if gathered.refused.len() >= KINDS && !gathered.refused.contains_key(&kind) {
            return;
        }
        let kind = gathered.refused.entry(kind).or_insert_with(|| Kind {
            key: Arc::clone(key),
            verdict,
            times: 0,
            told_at: None,
            address: None,
            user_agent: None,
            request_id: client.request_id.clone(),
        });
        if kind.times == 0 {
            kind.address = Some(client.address());
            kind.user_agent.clone_from(&client.user_agent);
            kind.request_id = client.request_id.clone();
        }
        kind.times += 1;
    }

    /// What is to be written now.
    pub fn take(&self, now: Timestamp) -> Batch {
        let mut gathered = self.lock();
        let used = mem::take(&mut gathered.used);
        let mut refused = Vec::new();
        gathered.refused.retain(|_, kind| {
            if kind.told_at.is_some_and(|at| now.since(at) < TOLD_EVERY) {
                return true;
            }
            if kind.times == 0 {
                return false;
            }
            refused.push(kind.clone());
            kind.times = 0;
            kind.told_at = Some(now);
            true
        });
        drop(gathered);
        for one in &used {
            // Cleared before the time is read: a use in between is gathered again.
            one.key.dirty.store(false, Ordering::Release);
        }
        Batch { used, refused }
    }

    /// The write failed: it is gathered again, and tried with the next one.
    pub fn put_back(&self, batch: Batch) {
        let mut gathered = self.lock();
        for used in batch.used {
            if !used.key.dirty.swap(true, Ordering::AcqRel) {
                gathered.used.push(used);
            }
        }
        for mut kind in batch.refused {
            let name = (kind.key.record.key_id.clone(), kind.verdict);
            kind.times += gathered.refused.get(&name).map_or(0, |since| since.times);
            kind.told_at = None;
            gathered.refused.insert(name, kind);
        }
    }
}

/// What was taken to be written.
pub struct Batch {
    used: Vec<FirstSeen>,
    refused: Vec<Kind>,
}

impl Batch {
    pub fn used(&self) -> Vec<Used> {
        let used = self.used.iter().map(|used| Used {
            key: Arc::clone(&used.key.record),
            at: Timestamp::from_micros(used.key.last_used.load(Ordering::Acquire)),
            address: used.address.clone(),
            user_agent: used.user_agent.clone(),
        });
        used.collect()
    }

    pub fn refused(&self) -> Vec<Refused> {
        let refused = self.refused.iter().map(|kind| Refused {
            key: Arc::clone(&kind.key.record),
            verdict: kind.verdict,
            times: kind.times,
            address: kind.address.clone(),
            user_agent: kind.user_agent.clone(),
            request_id: kind.request_id.clone(),
        });
        refused.collect()
    }
}
