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
    used: Vec<(Arc<CachedKey>, Option<String>, Option<String>)>,
    refused: HashMap<(KeyId, Verdict), Kind>,
}

/// One key, refused for one reason.
struct Kind {
    key: Arc<CachedKey>,
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
        self.lock().used.push((Arc::clone(key), address, user_agent));
    }

    pub fn refused(&self, key: &Arc<CachedKey>, verdict: Verdict, _now: Timestamp, client: &Client) {
        let mut gathered = self.lock();
        let kind = (key.record.key_id.clone(), verdict);
        if gathered.refused.len() >= KINDS && !gathered.refused.contains_key(&kind) {
            return;
        }
        let kind = gathered.refused.entry(kind).or_insert_with(|| Kind {
            key: Arc::clone(key),
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
    pub fn take(&self, now: Timestamp) -> (Vec<Used>, Vec<Refused>) {
        let mut gathered = self.lock();
        let used = mem::take(&mut gathered.used);
        let mut refused = Vec::new();
        gathered.refused.retain(|(_, verdict), kind| {
            if kind.told_at.is_some_and(|at| now.since(at) < TOLD_EVERY) {
                return true;
            }
            if kind.times == 0 {
                return false;
            }
            refused.push(Refused {
                key: Arc::clone(&kind.key.record),
                verdict: *verdict,
                times: mem::take(&mut kind.times),
                address: kind.address.take(),
                user_agent: kind.user_agent.take(),
                request_id: kind.request_id.clone(),
            });
            kind.told_at = Some(now);
            true
        });
        drop(gathered);
        let used = used.into_iter().map(|(key, address, user_agent)| {
            // Cleared before it is read: a use in between is gathered again.
            key.dirty.store(false, Ordering::Release);
            let at = Timestamp::from_micros(key.last_used.load(Ordering::Acquire));
            Used { key: Arc::clone(&key.record), at, address, user_agent }
        });
        (used.collect(), refused)
    }
}
