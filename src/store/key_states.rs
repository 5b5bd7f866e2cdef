//! Pausing, resuming and revoking keys: one, or several selected ones, all or none.

use serde_json::json;

use super::{Store, detached, keys::target, tx::Tx};
use crate::{
    Result,
    audit::{Act, Action, NewEvent},
    key::{Digest, Key},
};

impl Store {
    /// Revokes a key. When this answers, every verifier of this process refuses it.
    /// Revoking twice changes nothing and is no error.
    pub async fn revoke_key(&self, act: &Act, key: &Key, reason: String) -> Result<()> {
        self.revoke_chosen(act, std::slice::from_ref(key), reason).await.map(drop)
    }

    /// Revokes these keys together; how many of them were not revoked before.
    pub async fn revoke_chosen(&self, act: &Act, keys: &[Key], reason: String) -> Result<u64> {
        let (store, act, keys) = (self.clone(), act.clone(), keys.to_vec());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let keys = tx.hold_chosen(keys).await?;
            let mut revoked = Vec::new();
            for key in keys {
                if let Some(digests) = tx.revoke(&key, &reason).await? {
                    revoked.push((key, digests));
                }
            }
            if revoked.is_empty() {
                return Ok(0);
            }
            for (key, _) in &revoked {
                let event = NewEvent::of(&key.org_id, Action::KeyRevoked, target(key));
                tx.record(event.with(json!({ "reason": reason }))).await?;
            }
            let committed = tx.commit_timed().await?;
            let count = revoked.len() as u64;
            for (key, digests) in revoked {
                store.measure_revocation(&key.id, digests, committed);
            }
            Ok(count)
        })
        .await
    }

    /// Pauses a key: requests with it are refused when this answers, until it is resumed.
    pub async fn pause_key(&self, act: &Act, key: &Key) -> Result<()> {
        self.set_paused(act, std::slice::from_ref(key), true).await.map(drop)
    }

    /// Pauses these keys together; how many of them were in use.
    pub async fn pause_chosen(&self, act: &Act, keys: &[Key]) -> Result<u64> {
        self.set_paused(act, keys, true).await
    }

    pub async fn resume_key(&self, act: &Act, key: &Key) -> Result<()> {
        self.set_paused(act, std::slice::from_ref(key), false).await.map(drop)
    }

    async fn set_paused(&self, act: &Act, keys: &[Key], paused: bool) -> Result<u64> {
        let (store, act, keys) = (self.clone(), act.clone(), keys.to_vec());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let keys = tx.hold_chosen(keys).await?;
            let mut changed = Vec::new();
            for key in keys {
                if tx.set_paused(&key, paused).await? {
                    changed.push(key);
                }
            }
            if changed.is_empty() {
                return Ok(0);
            }
            let action = if paused { Action::KeyPaused } else { Action::KeyResumed };
            for key in &changed {
                tx.record(NewEvent::of(&key.org_id, action, target(key))).await?;
            }
            tx.commit().await?;
            Ok(changed.len() as u64)
        })
        .await
    }
}

impl Tx {
    /// Holds the keys that whoever acts may change, in the one order in which rows of keys are taken, and before the chain,
    /// which the first event takes. One that was deleted meanwhile fails all.
    async fn hold_chosen(&mut self, mut keys: Vec<Key>) -> Result<Vec<Key>> {
        keys.sort_unstable_by(|a, b| a.id.as_str().cmp(b.id.as_str()));
        keys.dedup_by(|a, b| a.id == b.id);
        for key in &keys {
            self.needs_on(key).await?;
        }
        if keys.len() > 1 {
            for key in &keys {
                self.hold_key(&key.id).await?;
            }
        }
        Ok(keys)
    }

    /// The digests of its secrets, where it was not revoked before.
    async fn revoke(&mut self, key: &Key, reason: &str) -> Result<Option<Vec<Digest>>> {
        let revoked = sqlx::query(
            "UPDATE keys SET revoked_at = $1, revoked_by = $2, revoke_reason = $3 \
             WHERE id = $4 AND revoked_at IS NULL RETURNING id",
        )
        .bind(self.now().micros())
        .bind(self.actor().name().to_owned())
        .bind(reason.to_owned())
        .bind(key.id.to_string())
        .fetch_optional(self.on())
        .await?;
        if revoked.is_none() {
            return Ok(None);
        }
        self.end_all_secrets(&key.id).await.map(Some)
    }

    /// Whether that changed something: twice is once, and what is revoked stays as it was.
    async fn set_paused(&mut self, key: &Key, paused: bool) -> Result<bool> {
        let unless = if paused { "paused_at IS NULL" } else { "paused_at IS NOT NULL" };
        let sql = format!(
            "UPDATE keys SET paused_at = $1, paused_by = $2 WHERE id = $3 AND revoked_at IS NULL AND {unless} \
             RETURNING id"
        );
        let (at, by) = (self.now().micros(), self.actor().name().to_owned());
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(paused.then_some(at))
            .bind(paused.then_some(by))
            .bind(key.id.to_string())
            .fetch_optional(self.on())
            .await?;
        if row.is_some() {
            self.touches_key(&key.id).await?;
        }
        Ok(row.is_some())
    }
}
