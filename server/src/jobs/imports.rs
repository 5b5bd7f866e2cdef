//! Imports of keys that were made elsewhere: a part after the other, each in its own transaction.

use std::time::Duration;

use sallyport::{id::ImportId, job::Retries, store::IMPORT_QUEUE};

use super::queues::{Failure, Job, Queue};

/// A part is imported or not, so that an attempt goes on where the last one ended.
const RETRIES: Retries = Retries { limit: 1_000, first: Duration::from_secs(1), longest: Duration::from_secs(5 * 60) };

pub fn queue() -> Queue {
    Queue::of_jobs(IMPORT_QUEUE, RETRIES, |store, Job { payload, .. }| async move {
        let id = payload["import_id"].as_str().and_then(ImportId::parse);
        let id = id.ok_or_else(|| Failure::permanent("its payload names no import".to_owned()))?;
        while store.import_part(&id).await? {}
        Ok(())
    })
}
