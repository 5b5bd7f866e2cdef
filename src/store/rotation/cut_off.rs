//! The warning that an old secret ends in an hour and is still in use: by a job that a rotation adds, due at that time.

use std::time::Duration;

use serde_json::json;

use super::super::{Store, detached, keys, tx::Tx};
use crate::{
    Error, Result, Timestamp,
    audit::{Act, Action, Actor, NewEvent},
    id::KeyId,
    job::NewJob,
    key::rotation::{CutOff, QUIET},
};

/// So long before the end people are told.
const BEFORE: Duration = Duration::from_secs(60 * 60);

impl Tx {
    /// Adds the job that warns before the old secret of a key ends, unless it ends too soon.
    pub(super) async fn enqueue_cut_off(&mut self, key: &KeyId, until: Option<Timestamp>) -> Result<()> {
        let Some(until) = until else { return Ok(()) };
        let run_at = until - BEFORE;
        if run_at <= self.now() {
            return Ok(());
        }
        let payload = serde_json::to_value(CutOff { key_id: key.clone(), until: until.micros() });
        let payload = payload.expect("an id and a number are JSON");
        let job = NewJob { run_at, ..NewJob::once(CutOff::QUEUE, payload, run_at, self.store().entropy()) };
        self.enqueue(job).await
    }
}

impl Store {
    /// Tells those who may act on a key that its old secret ends soon, if it is in use and nobody was told before. All uses
    /// have to be written already. Returns whether they were told.
    pub async fn warn_of_cut_off(&self, CutOff { key_id, until }: &CutOff) -> Result<bool> {
        let until = Timestamp::from_micros(*until);
        let Some((notice, people)) = self.cut_off_notice(key_id, until).await? else { return Ok(false) };
        let (store, id) = (self.clone(), key_id.clone());
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            let key = match tx.held(&id).await {
                Ok(key) => key,
                Err(Error::NotFound) => return tx.leaves_as_it_is().await,
                Err(error) => return Err(error),
            };
            // It may have been extended or ended since.
            let old = tx.live_secrets(&id).await?.previous.filter(|old| old.retires_at == Some(until));
            let Some(old) = old.filter(|_| key.status(tx.now()).is_usable()) else { return tx.leaves_as_it_is().await };
            let last = tx.secret_last_used(&id, old.n).await?.filter(|at| tx.now().since(*at) < QUIET);
            let Some(last) = last else { return tx.leaves_as_it_is().await };
            if tx.tell(&[notice], &people).await?.is_empty() {
                return tx.leaves_as_it_is().await;
            }
            let details = json!({
                "shown": old.shown, "old_until": until.to_rfc3339(), "last_used_at": last.to_rfc3339(),
            });
            let event = NewEvent::of(&key.org_id, Action::KeyOldSecretInUse, keys::target(&key));
            tx.record(event.with(details)).await?;
            tx.commit().await?;
            Ok(true)
        })
        .await
    }
}

impl Tx {
    async fn leaves_as_it_is(self) -> Result<bool> {
        self.commit_counts().await.map(|()| false)
    }
}
