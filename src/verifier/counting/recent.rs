//! Individual requests on their way to the database. Bounded: what has no room is only counted, and how many were left out is
//! kept with the next request of the key that is listed.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU32, Ordering},
};

use crate::{
    Result, Timestamp,
    decision::{RequestRecord, sanitized},
    key::{Ask, KeyRecord, Verdict, verdict::Via},
    profile::Profile,
    request::Client,
    store::{KeyRequest, Store},
};

/// The maximum number of requests of a key in a second that are listed.
pub(super) const PER_SECOND: u8 = 10;
/// The maximum number that wait for a flush, which is the maximum between two flushes.
const MOST: usize = 1_000;
const USER_AGENT: usize = 200;

pub(super) struct RecentRequests {
    room: Room,
    waiting: Mutex<Vec<KeyRequest>>,
}

/// How many requests may be added before the next flush.
pub(super) struct Room(AtomicU32);

impl Room {
    pub(super) const fn new(requests: u32) -> Self {
        Self(AtomicU32::new(requests))
    }

    pub(super) fn take_one(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |room| room.checked_sub(1)).is_ok()
    }
}

impl Default for RecentRequests {
    fn default() -> Self {
        Self { room: Room::new(MOST as u32), waiting: Mutex::default() }
    }
}

/// A verified request.
pub(super) struct Seen<'a> {
    pub(super) key: &'a KeyRecord,
    pub(super) verdict: Verdict,
    pub(super) scope: String,
    pub(super) ask: &'a Ask<'a>,
    pub(super) client: &'a Client,
    pub(super) at: Timestamp,
    pub(super) left_out: u32,
}

impl Seen<'_> {
    fn into_request(self, profile: &Profile) -> KeyRequest {
        let Self { key, verdict, scope, ask, client, at, left_out } = self;
        let asked = RequestRecord::new(ask, profile, at);
        // The program that called is the backend, and not its client.
        let user_agent = client.user_agent.as_deref().filter(|_| matches!(ask.via, Via::Gateway));
        KeyRequest {
            key_id: key.key_id.clone(),
            org_id: key.owner.org_id.clone(),
            at,
            request_id: client.request_id.clone(),
            verdict,
            scope,
            method: asked.method.map(String::from),
            path: asked.path.map(String::from),
            address: asked.ip.map(|ip| ip.to_string()),
            user_agent: user_agent.map(|text| sanitized(text, USER_AGENT, profile).into()),
            left_out: left_out.into(),
        }
    }
}

impl RecentRequests {
    pub(super) fn room(&self) -> &Room {
        &self.room
    }

    /// Its place was taken from the room.
    pub(super) fn add(&self, seen: Seen<'_>, profile: &Profile) {
        let request = seen.into_request(profile);
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(request);
    }

    /// Writes what waits, after what an earlier flush left in `unwritten`, which takes the room of others.
    pub(super) async fn flush(&self, store: &Store, unwritten: &mut Vec<KeyRequest>) -> Result<()> {
        unwritten.append(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        let written = match unwritten.is_empty() {
            true => Ok(()),
            false => store.record_requests(unwritten).await,
        };
        if written.is_ok() {
            unwritten.clear();
        }
        self.room.0.store(u32::try_from(MOST.saturating_sub(unwritten.len())).unwrap_or(0), Ordering::Relaxed);
        written
    }
}
