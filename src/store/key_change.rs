//! Changes of keys that were issued.

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
    id::KeyId,
    key::{Key, KeyChange, KeySettings, LimitOverride, Pause},
};

impl Store {
    /// Changes the fields that are named: all of them, or nothing. When this answers, verifiers of this process hold the
    /// key to it. A key that is revoked or expired is left alone, and what changes nothing leaves no event.
    pub async fn change_key(&self, act: &Act, key: &Key, change: KeyChange) -> Result<()> {
        self.apply(act, key, change, KeySettings::changes_since).await
    }

    /// The same, recorded as `events` says of the settings after it and before it.
    pub(super) async fn apply(&self, act: &Act, key: &Key, change: KeyChange, events: Events) -> Result<()> {
        let (store, act, key) = (self.clone(), act.clone(), key.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            // What was found before may be another by now: a revocation comes before this or after it.
            let key = tx.held_to_change(&key).await?;
            tx.needs_another_key(&key)?;
            let (before, after) = (KeySettings::from(&key), change.applied(&key, store.now())?);
            let events = events(&after, &before);
            if events.is_empty() {
                return Ok(());
            }
            tx.needs_to_widen(&key, &before, &after).await?;
            tx.within_plan(&key.org_id, raised(before.restrictions.limits, after.restrictions.limits)).await?;
            tx.write_settings(&key, &after).await?;
            tx.touches_key(&key.id).await?;
            for (action, details) in events {
                tx.record(NewEvent::of(&key.org_id, action, target(&key)).with(details)).await?;
            }
            tx.commit().await
        })
        .await
    }
}

/// The events of a change, by the settings after it and before it; none where nothing changed.
pub(super) type Events = fn(&KeySettings, &KeySettings) -> Vec<(Action, Value)>;

/// The limits that are others than before: one above the plan that an operator set is no obstacle to other changes.
fn raised(before: LimitOverride, after: LimitOverride) -> LimitOverride {
    let changed = |before, after: Option<u32>| after.filter(|_| after != before);
    LimitOverride {
        per_minute: changed(before.per_minute, after.per_minute),
        per_day: changed(before.per_day, after.per_day),
    }
}

impl Tx {
    /// A key as it is now, held until this ends, for who may change it: as it was found before and as it is by then. So
    /// nobody holds the key of somebody else, and nobody changes what became somebody else's while this waited.
    pub(super) async fn held_to_change(&mut self, found: &Key) -> Result<Key> {
        self.needs_on(found).await?;
        let key = self.held(&found.id).await?;
        self.needs_on(&key).await?;
        Ok(key)
    }

    async fn held(&mut self, id: &KeyId) -> Result<Key> {
        self.hold_key(id).await?;
        // A statement of its own: on PostgreSQL the one that waited may have begun before what it waited for.
        let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM keys k WHERE k.id = $1"));
        let row = sqlx::query(sql).bind(id.to_string()).fetch_optional(self.on()).await?;
        key(&row.ok_or(Error::NotFound)?)
    }

    async fn write_settings(&mut self, key: &Key, new: &KeySettings) -> Result<()> {
        let pause = match &key.paused {
            _ if !new.paused => None,
            Some(pause) => Some(pause.clone()),
            None => Some(Pause { at: self.now(), by: self.actor().name().to_owned() }),
        };
        let own = &new.restrictions;
        sqlx::query(
            "UPDATE keys SET label = $2, label_folded = $3, metadata = $4, scopes = $5, expires_at = $6, \
             require_signed = $7, addresses = $8, addresses_enforced = $9, limit_per_minute = $10, limit_per_day = $11, \
             paused_at = $12, paused_by = $13 WHERE id = $1",
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
        .execute(self.on())
        .await?;
        Ok(())
    }
}
