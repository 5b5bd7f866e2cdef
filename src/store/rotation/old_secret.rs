//! The old secret of a key that is being rotated: ending it before its time, or giving it more, once.

use std::time::Duration;

use serde_json::json;

use super::super::{Store, detached, keys, tx::Tx};
use crate::{
    Error, Result, Timestamp,
    audit::{Act, Action, NewEvent},
    id::KeyId,
    key::{Digest, Key, LiveSecret},
};

impl Store {
    /// Ends the old secret of a key: when this returns, requests with it are refused.
    pub async fn end_previous_secret(&self, act: &Act, key: &Key) -> Result<()> {
        let (store, act, key) = (self.clone(), act.clone(), key.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let (key, secrets) = tx.held_with_secrets(&key).await?;
            let (mut tx, (previous, _)) = tx.unless_taken_away(previous(secrets.previous)).await?;
            tx.end_previous(&key, &previous).await?;
            let event = NewEvent::of(&key.org_id, Action::KeySecretEnded, keys::target(&key));
            tx.record(event.with(json!({ "shown": previous.shown, "ended": "previous" }))).await?;
            tx.commit().await
        })
        .await
    }

    /// Extends the grace period of the old secret, once in a rotation. Returns until when it is accepted.
    pub async fn extend_previous_secret(&self, act: &Act, key: &Key, by: Duration) -> Result<Timestamp> {
        let (store, act, key) = (self.clone(), act.clone(), key.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let (key, secrets) = tx.held_with_secrets(&key).await?;
            tx.needs_to_get_secret(&key)?;
            let (previous, before) = previous(secrets.previous)?;
            if previous.extended {
                let message = "The grace period of this rotation was extended before. Rotate again to get more time.";
                return Err(Error::Conflict { code: "already_extended", message: message.to_owned() });
            }
            let (now, until) = (tx.now(), before + by);
            let longest = store.profile().rotation.longest_grace;
            if by.is_zero() || until > now + longest {
                let most = (now + longest).since(before).as_secs();
                return Err(Error::field("seconds", format!("Extend it by 1 to {most} seconds.")));
            }
            tx.extend_secret(&key.id, previous.n, until).await?;
            tx.enqueue_cut_off(&key.id, Some(until)).await?;
            tx.retime_signing_secrets(&key.id, before, Some(until)).await?;
            tx.touches_key(&key.id).await?;
            let event = NewEvent::of(&key.org_id, Action::KeyGraceExtended, keys::target(&key));
            let details = json!({ "shown": previous.shown, "old_until": until.to_rfc3339() });
            tx.record(event.with(details)).await?;
            tx.commit().await?;
            Ok(until)
        })
        .await
    }
}

impl Tx {
    /// Ends the old secret of a locked key, and the signing secret that was rotated with it. Returns its digest.
    pub(in crate::store) async fn end_previous(&mut self, key: &Key, previous: &LiveSecret) -> Result<Vec<Digest>> {
        let digests = self.end_secret(&key.id, previous.n).await?;
        if let Some(retires_at) = previous.retires_at
            && self.retime_signing_secrets(&key.id, retires_at, None).await?
        {
            // Verifiers keep the signing secrets of a key with each of its secrets.
            self.touches_key(&key.id).await?;
        }
        Ok(digests)
    }

    async fn extend_secret(&mut self, key: &KeyId, n: i64, until: Timestamp) -> Result<()> {
        let extended = "UPDATE key_secrets SET retires_at = $3, extended_at = $4 WHERE key_id = $1 AND n = $2";
        let extended = sqlx::query(extended).bind(key.to_string()).bind(n).bind(until.micros());
        extended.bind(self.now().micros()).execute(self.on()).await?;
        Ok(())
    }
}

fn previous(secret: Option<LiveSecret>) -> Result<(LiveSecret, Timestamp)> {
    let found = secret.and_then(|secret| secret.retires_at.map(|at| (secret, at)));
    found.ok_or_else(|| Error::Conflict {
        code: "not_rotating",
        message: "This key has no old secret that is still accepted.".to_owned(),
    })
}
