//! Adding and ending secrets of a key, for tests of rotation. Not in the released binary.

use serde_json::json;

use super::{
    Store, detached, keys,
    row::{Read, digest},
    tx::Tx,
};
use crate::{
    Error, Result, Timestamp,
    audit::{Act, Action, NewEvent},
    id::KeyId,
    key::{Key, PlainSecret},
};

impl Store {
    /// Adds a secret with that prefix to a key. The secret `before` retires at the given time.
    pub async fn add_secret(
        &self,
        act: &Act,
        key: &Key,
        prefix: &str,
        before: (i64, Timestamp),
    ) -> Result<PlainSecret> {
        let (store, act, key, prefix) = (self.clone(), act.clone(), key.clone(), prefix.to_owned());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.needs_on(&key).await?;
            if tx.hold_key(&key.id).await?.is_some() {
                return Err(Error::field("", "This key is revoked."));
            }
            let secret = PlainSecret::mint(&prefix, store.entropy());
            tx.end_key_secret(&key.id, before.0, Some(before.1)).await?;
            tx.add_key_secret(&key.id, &secret).await?;
            let event = NewEvent::of(&key.org_id, Action::KeyEdited, keys::target(&key));
            tx.record(event.with(json!({ "secret_added": secret.shown() }))).await?;
            tx.commit().await?;
            Ok(secret)
        })
        .await
    }

    /// Ends one secret of a key: it is refused when this returns.
    pub async fn end_secret(&self, act: &Act, key: &Key, n: i64) -> Result<()> {
        let (store, act, key) = (self.clone(), act.clone(), key.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.needs_on(&key).await?;
            tx.hold_key(&key.id).await?;
            tx.end_key_secret(&key.id, n, None).await?;
            let event = NewEvent::of(&key.org_id, Action::KeyEdited, keys::target(&key));
            tx.record(event.with(json!({ "secret_ended": n }))).await?;
            tx.commit().await
        })
        .await
    }
}

impl Tx {
    /// Ends one secret of a locked key, at the given time or at once. One that was ended stays so.
    async fn end_key_secret(&mut self, key: &KeyId, n: i64, retires_at: Option<Timestamp>) -> Result<()> {
        let (column, at) = match retires_at {
            Some(at) => ("retires_at", at),
            None => ("ended_at", self.now()),
        };
        let sql = format!(
            "UPDATE key_secrets SET {column} = $3 WHERE key_id = $1 AND n = $2 AND ended_at IS NULL RETURNING digest"
        );
        let ended = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(key.to_string()).bind(n).bind(at.micros());
        let row = ended.fetch_optional(self.on()).await?.ok_or(Error::NotFound)?;
        self.touches(digest(&row.bytes("digest")?)?);
        Ok(())
    }
}
