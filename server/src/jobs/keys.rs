//! What becomes due for keys: notices, pauses of keys that nobody uses, and warnings of old secrets that end while they are in
//! use.

use std::{sync::Arc, time::Duration};

use sallyport::{Error, Result, key::rotation::CutOff, verifier::Verifier};

use super::Queue;

/// The name of the queue of notices and pauses.
pub const DEADLINES: &str = "key_deadlines";

/// How often to look. All deadlines are days ahead.
const EVERY: Duration = Duration::from_secs(60 * 60);

/// Tells people what becomes due, and pauses what nobody uses.
pub fn deadlines(verifier: &Arc<Verifier>) -> Queue {
    let verifier = Arc::clone(verifier);
    Queue::recurring(DEADLINES, EVERY, move |_| {
        let verifier = Arc::clone(&verifier);
        async move { check_deadlines(&verifier).await }
    })
}

/// The same, once. A part that fails does not keep the others from being done; the first error is returned.
pub async fn check_deadlines(verifier: &Verifier) -> Result<()> {
    let store = verifier.store();
    let told = store.tell_of_deadlines().await.map(drop);
    let paused = check_pauses(verifier).await;
    let forgotten = store.delete_old_notices().await.map(drop);
    told.and(paused).and(forgotten)
}

/// Begins by writing the uses in memory: without them, a key that is in use is told of and paused.
async fn check_pauses(verifier: &Verifier) -> Result<()> {
    let store = verifier.store();
    verifier.flush_uses().await?;
    // Of pauses before, if uses of other servers are written late, or this one was killed.
    let resumed = store.resume_used_keys().await.map(drop);
    store.tell_of_pauses().await?;
    let paused = store.pause_idle_keys().await;
    if !matches!(&paused, Ok(paused) if paused.is_empty()) {
        // Of requests that were accepted just before.
        verifier.flush_uses().await?;
        store.resume_used_keys().await?;
    }
    resumed.and(paused.map(drop))
}

/// Warns of an old secret that is about to end, for the jobs that rotations add.
pub fn cut_offs(verifier: &Arc<Verifier>) -> Queue {
    let verifier = Arc::clone(verifier);
    Queue::new(CutOff::QUEUE, move |store, payload| {
        let verifier = Arc::clone(&verifier);
        async move {
            let cut_off = serde_json::from_value::<CutOff>(payload)
                .map_err(|error| Error::Unavailable(format!("a job's payload is damaged: {error}")))?;
            verifier.flush_counts().await?;
            store.warn_of_cut_off(&cut_off).await.map(drop)
        }
    })
}
