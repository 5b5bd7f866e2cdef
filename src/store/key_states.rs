//! Pausing, resuming and revoking keys: one, or several selected ones, all or none. Each is checked in the state after its row
//! was locked.

use serde_json::json;

use super::{Store, detached, keys::target, tx::Tx};
use crate::{
    Error, Result, Timestamp,
    audit::{Act, Action, NewEvent},
    key::{Digest, Key, Pause, Status},
    member::Permission,
    node::Confirmed,
};

impl Store {
    /// Revokes a key. When this returns, every node refuses it.
    /// Revoking twice changes nothing and is no error.
    pub async fn revoke_key(&self, act: &Act, key: &Key, reason: String) -> Result<()> {
        self.revoke_key_confirmed(act, key, reason).await.map(drop)
    }

    /// The same; returns when each node refused it.
    pub async fn revoke_key_confirmed(&self, act: &Act, key: &Key, reason: String) -> Result<Confirmed> {
        let (_, confirmed) = self.revoke_confirmed(act, std::slice::from_ref(key), reason).await?;
        Ok(confirmed)
    }

    /// Revokes these keys together. Returns how many were not revoked before.
    pub async fn revoke_chosen(&self, act: &Act, keys: &[Key], reason: String) -> Result<u64> {
        let (count, _) = self.revoke_confirmed(act, keys, reason).await?;
        Ok(count)
    }

    async fn revoke_confirmed(&self, act: &Act, keys: &[Key], reason: String) -> Result<(u64, Confirmed)> {
        let (store, act, keys) = (self.clone(), act.clone(), keys.to_vec());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let mut revoked = Vec::new();
            for key in tx.hold_chosen(keys).await?.into_iter().filter(|key| key.revoked.is_none()) {
                let digests = tx.revoke(&key, &reason).await?;
                revoked.push((key, digests));
            }
            if revoked.is_empty() {
                return Ok((0, tx.unchanged().await?));
            }
            for (key, _) in &revoked {
                let event = NewEvent::of(&key.org_id, Action::KeyRevoked, target(key));
                tx.record(event.with(json!({ "reason": reason }))).await?;
            }
            let committed = tx.commit_timed().await?;
            let count = revoked.len() as u64;
            for (key, digests) in revoked {
                store.measure_revocation(&key.id, digests, &committed);
            }
            Ok((count, committed.confirmed))
        })
        .await
    }

    /// Pauses a key: when this returns, requests with it are refused, until it is resumed. Returns its status from then on.
    /// A revoked or expired key is not changed. One that a rule had paused is not resumed by that rule any more.
    pub async fn pause_key(&self, act: &Act, key: &Key) -> Result<Status> {
        let (status, _) = self.set_paused(act, std::slice::from_ref(key), true).await?[0];
        Ok(status)
    }

    /// Pauses these keys together. Returns how many were not paused before.
    pub async fn pause_chosen(&self, act: &Act, keys: &[Key]) -> Result<u64> {
        let keys = self.set_paused(act, keys, true).await?;
        Ok(keys.iter().filter(|(_, changed)| *changed).count() as u64)
    }

    /// Resumes a paused key. Returns its status from then on. A revoked or expired key is not changed.
    pub async fn resume_key(&self, act: &Act, key: &Key) -> Result<Status> {
        let (status, _) = self.set_paused(act, std::slice::from_ref(key), false).await?[0];
        Ok(status)
    }

    /// The status of each key from then on, and whether this changed it.
    async fn set_paused(&self, act: &Act, keys: &[Key], paused: bool) -> Result<Vec<(Status, bool)>> {
        let (store, act, keys) = (self.clone(), act.clone(), keys.to_vec());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let mut keys = tx.hold_chosen(keys).await?;
            // Not before: one of them may have expired while this waited for its row.
            let now = tx.now();
            let action = if paused { Action::KeyPaused } else { Action::KeyResumed };
            let mut changed = Vec::with_capacity(keys.len());
            for key in &keys {
                let ended = matches!(key.status(now), Status::Revoked | Status::Expired);
                let differs = key.paused.is_some() != paused || (paused && tx.is_paused_by_rule(key).await?);
                changed.push(!ended && differs);
            }
            for (key, _) in keys.iter_mut().zip(&changed).filter(|(_, changed)| **changed) {
                tx.set_paused(key, paused).await?;
            }
            // After all rows of keys: the first event locks the chain.
            for (key, _) in keys.iter().zip(&changed).filter(|(_, changed)| **changed) {
                tx.record(NewEvent::of(&key.org_id, action, target(key))).await?;
            }
            if changed.contains(&true) {
                tx.commit().await?;
            } else if paused {
                tx.unchanged().await?;
            }
            Ok(keys.iter().map(|key| key.status(now)).zip(changed).collect())
        })
        .await
    }
}

impl Tx {
    /// Locks the keys and returns their current states, if the actor may change each of them. Rows of keys are always locked
    /// in this order, and before the chain, which the first event locks. If one was deleted, this fails.
    async fn hold_chosen(&mut self, mut keys: Vec<Key>) -> Result<Vec<Key>> {
        keys.sort_unstable_by(|a, b| a.id.as_str().cmp(b.id.as_str()));
        keys.dedup_by(|a, b| a.id == b.id);
        for key in &mut keys {
            *key = self.held_to_end(key).await?;
        }
        Ok(keys)
    }

    /// Revokes a locked key that was not revoked before. Returns the digests of its secrets.
    pub(super) async fn revoke(&mut self, key: &Key, reason: &str) -> Result<Vec<Digest>> {
        sqlx::query("UPDATE keys SET revoked_at = $1, revoked_by = $2, revoke_reason = $3 WHERE id = $4")
            .bind(self.now().micros())
            .bind(self.actor().name().to_owned())
            .bind(reason.to_owned())
            .bind(key.id.to_string())
            .execute(self.on())
            .await?;
        self.ends_key(&key.id);
        self.end_all_secrets(&key.id).await
    }

    /// Pauses or resumes a locked key. Returns when.
    pub(super) async fn set_paused(&mut self, key: &mut Key, paused: bool) -> Result<Timestamp> {
        if !paused {
            self.needs_to_resume(key).await?;
        }
        let pause = paused.then(|| Pause { at: self.now(), by: self.actor().name().to_owned(), for_leak: false });
        self.write_pause(key, pause).await
    }

    /// Whether a rule paused a locked key, and would resume it by itself.
    async fn is_paused_by_rule(&mut self, key: &Key) -> Result<bool> {
        let row =
            sqlx::query("SELECT 1 FROM keys WHERE id = $1 AND idle_pause_since IS NOT NULL").bind(key.id.to_string());
        Ok(row.fetch_optional(self.on()).await?.is_some())
    }

    /// Pauses a locked key because it leaked, even if it is paused already.
    pub(super) async fn pause_leaked(&mut self, key: &mut Key) -> Result<Timestamp> {
        let pause = Pause { at: self.now(), by: self.actor().name().to_owned(), for_leak: true };
        self.write_pause(key, Some(pause)).await
    }

    /// Fails if the key is paused because it leaked, and the actor does not set the rules for keys.
    pub(super) async fn needs_to_resume(&mut self, key: &Key) -> Result<()> {
        if !key.paused.as_ref().is_some_and(|pause| pause.for_leak) {
            return Ok(());
        }
        match self.needs(&key.org_id, Permission::GovernKeys).await {
            // Who has a role at the key's app alone does not see the organization.
            Err(Error::Forbidden(_) | Error::NotFound) => Err(Error::Forbidden(
                "This key is paused because it leaked. Rotate it, then ask an owner or admin of the organization to resume it.",
            )),
            other => other,
        }
    }

    async fn write_pause(&mut self, key: &mut Key, pause: Option<Pause>) -> Result<Timestamp> {
        let (now, paused) = (self.now(), pause.is_some());
        key.paused = pause;
        sqlx::query(
            "UPDATE keys SET paused_at = $1, paused_by = $2, resumed_at = COALESCE($4, resumed_at), idle_pause_since = NULL, \
             leak_paused = $5 WHERE id = $3",
        )
        .bind(key.paused.as_ref().map(|pause| pause.at.micros()))
        .bind(key.paused.as_ref().map(|pause| pause.by.clone()))
        .bind(key.id.to_string())
        .bind((!paused).then(|| now.micros()))
        .bind(i64::from(key.paused.as_ref().is_some_and(|pause| pause.for_leak)))
        .execute(self.on())
        .await?;
        self.touches_key(&key.id).await?;
        Ok(now)
    }
}
