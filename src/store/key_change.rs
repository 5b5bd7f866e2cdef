//! Changes of issued keys.

use serde_json::Value;

use super::{
    Store, detached,
    keys::{COLUMNS, key, target},
    tx::Tx,
};
use crate::{
    Error, Result, Timestamp,
    audit::{Act, Action, NewEvent},
    fold::fold,
    id::{ApprovalId, KeyId},
    journal::Entry,
    key::{Key, KeyChange, KeySettings, LimitOverride, Pause},
};

impl Store {
    /// Changes the given fields, all or none. When this returns, verifiers of this process apply the change. A
    /// revoked or expired key is not changed, and a change without effect records no event. Where the change needs an
    /// approval, this asks for it and returns the request.
    pub async fn change_key(&self, act: &Act, key: &Key, change: KeyChange) -> Result<Option<ApprovalId>> {
        let pauses = change.paused == Some(true);
        let asked = self.apply(act, key, change, KeySettings::changes_since).await?;
        if pauses {
            // One that a rule had paused is paused by the actor from then on.
            self.pause_key(act, key).await?;
        }
        Ok(asked)
    }

    /// The same, with the events that `events` makes of the settings after and before it.
    pub(super) async fn apply(
        &self,
        act: &Act,
        key: &Key,
        change: KeyChange,
        events: Events,
    ) -> Result<Option<ApprovalId>> {
        let (store, act, key) = (self.clone(), act.clone(), key.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            // The key may have changed since it was loaded: a revocation comes before this or after it.
            let key = tx.held_to_change(&key).await?;
            tx.needs_another_key(&key)?;
            let before = KeySettings::from(&key);
            let (mut tx, after) = tx.unless_taken_away(change.applied(&key, store.now())).await?;
            let events = events(&after, &before);
            if events.is_empty() {
                tx.unchanged().await?;
                return Ok(None);
            }
            tx.may_have(&key, &before, &after).await?;
            if tx.judge_change(&key, &before, &after).await? {
                return tx.ask_for_change(&key, &before, &after).await.map(Some);
            }
            tx.change_settings(&key, &after, events).await?;
            tx.commit().await?;
            Ok(None)
        })
        .await
    }
}

/// Makes the events of a change from the settings after and before it; none if nothing changed.
pub(super) type Events = fn(&KeySettings, &KeySettings) -> Vec<(Action, Value)>;

/// The limits that differ from before: a limit above the plan that an operator set does not prevent other changes.
fn raised(before: LimitOverride, after: LimitOverride) -> LimitOverride {
    let changed = |before, after: Option<u32>| after.filter(|_| after != before);
    LimitOverride {
        per_minute: changed(before.per_minute, after.per_minute),
        per_day: changed(before.per_day, after.per_day),
    }
}

/// Whether a key can do less afterwards, or may: restrictions that differ are not compared further.
fn narrows(before: &KeySettings, after: &KeySettings) -> bool {
    let lost = before.scopes.iter().any(|scope| !after.scopes.contains(scope));
    lost || before.restrictions != after.restrictions
}

/// Fails for a key that a trust rule gave: it ends soon, and the rule says what it may do.
pub(super) fn needs_no_rule(key: &Key) -> Result<()> {
    if key.trust_rule.is_none() {
        return Ok(());
    }
    let message = "A trust rule gave this key to a job. It can be revoked, but not changed: change the rule instead.";
    Err(Error::Conflict { code: "key_of_trust_rule", message: message.to_owned() })
}

impl Tx {
    /// Locks a key until this transaction ends, and returns its current state. The permission is checked before, so that
    /// nobody locks a key that they may not change, and again after the lock: the key or the role may have changed meanwhile.
    pub(super) async fn held_to_change(&mut self, found: &Key) -> Result<Key> {
        let key = self.held_to_end(found).await?;
        needs_no_rule(&key)?;
        Ok(key)
    }

    /// The same where access is taken away, from a key that a trust rule gave, too.
    pub(super) async fn held_to_end(&mut self, found: &Key) -> Result<Key> {
        self.needs_on(found).await?;
        let key = self.held(&found.id).await?;
        self.needs_on(&key).await?;
        Ok(key)
    }

    /// A key's current state, locked until this transaction ends.
    pub(super) async fn held(&mut self, id: &KeyId) -> Result<Key> {
        self.hold_key(id).await?;
        // A separate statement: on PostgreSQL the one that waited for the lock may have an older snapshot.
        let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM keys k WHERE k.id = $1"));
        let row = sqlx::query(sql).bind(id.to_string()).fetch_optional(self.on()).await?;
        key(&row.ok_or(Error::NotFound)?)
    }

    /// Fails if the actor may not give a key these settings, whatever the rules for keys say.
    pub(super) async fn may_have(&mut self, key: &Key, before: &KeySettings, after: &KeySettings) -> Result<()> {
        self.needs_to_widen(key, before, after).await?;
        self.within_plan(&key.org_id, raised(before.restrictions.limits, after.restrictions.limits)).await
    }

    /// Changes a locked key, with these events.
    pub(super) async fn change_settings(
        &mut self,
        key: &Key,
        after: &KeySettings,
        events: Vec<(Action, Value)>,
    ) -> Result<()> {
        self.write_settings(key, after).await?;
        self.touches_key(&key.id).await?;
        if narrows(&KeySettings::from(key), after) {
            self.notes(Entry::Narrowed { key: key.id.to_string() });
        }
        for (action, details) in events {
            self.record(NewEvent::of(&key.org_id, action, target(key)).with(details)).await?;
        }
        Ok(())
    }

    async fn write_settings(&mut self, key: &Key, new: &KeySettings) -> Result<()> {
        let pause = match &key.paused {
            _ if !new.paused => None,
            Some(pause) => Some(pause.clone()),
            None => Some(Pause { at: self.now(), by: self.actor().name().to_owned(), for_leak: false }),
        };
        let resumed = key.paused.is_some() && !new.paused;
        if resumed {
            self.needs_to_resume(key).await?;
        }
        let own = &new.restrictions;
        sqlx::query(
            "UPDATE keys SET label = $2, label_folded = $3, metadata = $4, scopes = $5, expires_at = $6, \
             require_signed = $7, addresses = $8, addresses_enforced = $9, limit_per_minute = $10, limit_per_day = $11, \
             paused_at = $12, paused_by = $13, resumed_at = COALESCE($14, resumed_at), \
             idle_pause_since = CASE WHEN CAST($12 AS BIGINT) IS NULL THEN NULL ELSE idle_pause_since END, \
             leak_paused = CASE WHEN CAST($12 AS BIGINT) IS NULL THEN 0 ELSE leak_paused END WHERE id = $1",
        )
        .bind(key.id.to_string())
        .bind(new.label.clone())
        .bind(fold(&new.label))
        .bind(new.metadata.to_string())
        .bind(new.scopes.join(" "))
        .bind(new.expires_at.map(Timestamp::micros))
        .bind(i64::from(own.require_signed))
        .bind(own.addresses.to_string())
        .bind(i64::from(own.addresses_enforced))
        .bind(own.limits.per_minute.map(i64::from))
        .bind(own.limits.per_day.map(i64::from))
        .bind(pause.as_ref().map(|pause| pause.at.micros()))
        .bind(pause.map(|pause| pause.by))
        .bind(resumed.then(|| self.now().micros()))
        .execute(self.on())
        .await?;
        Ok(())
    }
}
