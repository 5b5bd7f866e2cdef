//! Values that are written after the response: the revocation latency, and when a session was last seen. No request
//! waits for it. They are written in batches and lost if that fails: the next request notes them again, or they stay
//! unknown.

use std::{
    collections::BTreeMap,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::task::JoinSet;

use super::{Store, peppers::Digests};
use crate::{
    Result,
    audit::{Act, Actor},
    id::{PersonalTokenId, ServiceTokenId},
};

#[derive(Default)]
pub(super) struct DeferredWrites {
    waiting: Mutex<Waiting>,
    /// Held by the task that writes.
    writing: tokio::sync::Mutex<()>,
    tasks: Mutex<JoinSet<()>>,
}

/// Sorted, the order in which all writes of many rows lock them.
#[derive(Default)]
pub(super) struct Waiting {
    /// Microseconds from the commit until the key was refused, and by which nodes.
    pub refused_after: BTreeMap<String, (i64, Option<String>)>,
    /// When sessions were seen.
    pub last_seen: BTreeMap<[u8; 32], i64>,
    /// Secrets that are digested anew.
    pub digests: Digests,
    /// When personal tokens were used, and from which address.
    pub tokens_used: BTreeMap<PersonalTokenId, (i64, String)>,
    /// The same of tokens of service accounts.
    pub service_tokens_used: BTreeMap<ServiceTokenId, (i64, String)>,
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.refused_after.is_empty()
            && self.last_seen.is_empty()
            && self.digests.is_empty()
            && self.tokens_used.is_empty()
            && self.service_tokens_used.is_empty()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const PERSONAL_TOKEN_USED: &str = "UPDATE personal_tokens SET last_used_at = $1, last_address = $2, longest_pause = CASE WHEN \
    $1 - COALESCE(last_used_at, created_at) > longest_pause THEN $1 - COALESCE(last_used_at, created_at) ELSE longest_pause END \
    WHERE id = $3 AND (last_used_at IS NULL OR last_used_at <= $1)";
const SERVICE_TOKEN_USED: &str = "UPDATE service_tokens SET last_used_at = $1, last_address = $2 \
    WHERE id = $3 AND (last_used_at IS NULL OR last_used_at <= $1)";

impl Store {
    /// DeferredWrites something to be written soon. However much is noted, one task writes and at most one more waits.
    pub(super) fn note(&self, add: impl FnOnce(&mut Waiting)) {
        let is_first = {
            let mut waiting = lock(&self.0.deferred_writes.waiting);
            let was_empty = waiting.is_empty();
            add(&mut waiting);
            was_empty
        };
        if is_first {
            let store = self.clone();
            self.afterwards(async move { store.write_notes().await });
        }
    }

    /// Runs in the background, detached from the request.
    pub(super) fn afterwards(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = lock(&self.0.deferred_writes.tasks);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(work);
    }

    /// Waits until everything noted is written.
    pub async fn settled(&self) {
        loop {
            let tasks = mem::take(&mut *lock(&self.0.deferred_writes.tasks));
            if tasks.is_empty() {
                return;
            }
            tasks.join_all().await;
        }
    }

    async fn write_notes(&self) {
        let _writing = self.0.deferred_writes.writing.lock().await;
        let mut waiting = mem::take(&mut *lock(&self.0.deferred_writes.waiting));
        let digests = mem::take(&mut waiting.digests);
        let _ = self.write_digests(digests).await;
        if waiting.is_empty() {
            return;
        }
        let _ = self.write_waiting(waiting).await;
    }

    async fn write_waiting(&self, waiting: Waiting) -> Result<()> {
        let mut tx = self.begin(&Act::by(Actor::Sallyport)).await?;
        for (key, (micros, nodes)) in waiting.refused_after {
            let noted = sqlx::query(
                "UPDATE keys SET refused_after = $1, refused_by = $3 WHERE id = $2 AND revoked_at IS NOT NULL",
            );
            noted.bind(micros).bind(key).bind(nodes).execute(tx.on()).await?;
        }
        for (session, at) in waiting.last_seen {
            let seen = sqlx::query(
                "UPDATE sessions SET last_seen_at = $1, longest_pause = CASE WHEN $1 - last_seen_at > longest_pause \
                 THEN $1 - last_seen_at ELSE longest_pause END WHERE id_digest = $2 AND last_seen_at < $1",
            );
            seen.bind(at).bind(session.to_vec()).execute(tx.on()).await?;
        }
        let personal = waiting.tokens_used.into_iter().map(|(id, used)| (PERSONAL_TOKEN_USED, id.to_string(), used));
        let service =
            waiting.service_tokens_used.into_iter().map(|(id, used)| (SERVICE_TOKEN_USED, id.to_string(), used));
        for (sql, token, (at, address)) in personal.chain(service) {
            let used = sqlx::query(sql).bind(at).bind(address).bind(token);
            used.execute(tx.on()).await?;
        }
        tx.commit_counts().await
    }
}
