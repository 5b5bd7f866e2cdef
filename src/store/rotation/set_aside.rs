//! Replacing a secret that nobody used, such as one whose response was lost. It is set aside first, so that it is refused from
//! then on; only then can be judged whether anybody had used it.

use serde_json::json;

use super::super::{Store, detached, keys, tx::Tx, verify::COUNTED_BY_SECRET};
use crate::{
    Error, Result, Timestamp,
    audit::{Act, Action, Actor, NewEvent},
    id::KeyId,
    key::{Issued, Key, LiveSecret, NewRotation},
};

/// A secret that is refused until it is decided what becomes of it.
#[derive(Clone, Debug)]
pub struct SetAside {
    pub(super) secret: LiveSecret,
    pub(super) created_at: Timestamp,
    ended_at: Timestamp,
}

impl Store {
    /// Sets the newest secret of a key aside: when this returns, it is refused.
    pub async fn set_aside(&self, act: &Act, key: &Key) -> Result<SetAside> {
        let (store, act, key) = (self.clone(), act.clone(), key.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let key = tx.held_to_rotate(&key).await?;
            tx.needs_to_get_secret(&key)?;
            let secrets = tx.live_secrets(&key.id).await?;
            let Some(secret) = secrets.current else { return Err(in_use()) };
            // A key that calls with it uses it.
            tx.needs_another_key(&key)?;
            tx.needs_unused(&key.id, &secret).await?;
            let ended_at = tx.now();
            let ended = "UPDATE key_secrets SET ended_at = $3 WHERE key_id = $1 AND n = $2";
            let ended = sqlx::query(ended).bind(key.id.to_string()).bind(secret.n).bind(ended_at.micros());
            ended.execute(tx.on()).await?;
            tx.touches_key(&key.id).await?;
            let event = NewEvent::of(&key.org_id, Action::KeySecretEnded, keys::target(&key));
            tx.record(event.with(json!({ "shown": secret.shown, "ended": "unseen" }))).await?;
            tx.commit().await?;
            Ok(SetAside { created_at: secret.created_at, secret, ended_at })
        })
        .await
    }

    /// Fails if a secret that was set aside had been used before. All uses have to be written already.
    pub async fn needs_unused(&self, key: &Key, aside: &SetAside) -> Result<()> {
        let used = used_query(&key.id, &aside.secret).fetch_optional(self.read()).await?;
        if used.is_some() { Err(in_use()) } else { Ok(()) }
    }

    /// Gives the key another secret instead of the one that was set aside.
    pub async fn replace_set_aside(&self, act: &Act, key: &Key, new: NewRotation, aside: SetAside) -> Result<Issued> {
        self.rotate(act, key, new, Some(aside)).await
    }

    /// Accepts a secret again that was set aside, unless the key got another one or was revoked.
    pub async fn take_back(&self, key: &Key, aside: &SetAside) -> Result<()> {
        let (store, key, aside) = (self.clone(), key.clone(), aside.clone());
        detached(async move {
            // Not by who asked: whatever they may do by now, the secret works as before.
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            tx.hold_key(&key.id).await?;
            let restored = sqlx::query(
                "UPDATE key_secrets SET ended_at = NULL WHERE key_id = $1 AND n = $2 AND ended_at = $3 \
                 AND EXISTS (SELECT 1 FROM keys k WHERE k.id = $1 AND k.revoked_at IS NULL) \
                 AND NOT EXISTS (SELECT 1 FROM key_secrets s WHERE s.key_id = $1 AND s.n > $2)",
            );
            let restored = restored.bind(key.id.to_string()).bind(aside.secret.n).bind(aside.ended_at.micros());
            if restored.execute(tx.on()).await?.rows_affected() == 0 {
                return Ok(());
            }
            tx.touches_key(&key.id).await?;
            let event = NewEvent::of(&key.org_id, Action::KeySecretRestored, keys::target(&key));
            tx.record(event.with(json!({ "shown": aside.secret.shown }))).await?;
            tx.commit().await
        })
        .await
    }
}

/// A row if the secret was used. The first secret of a key has no counts of its own.
fn used_query(key: &KeyId, secret: &LiveSecret) -> sqlx::query::Query<'static, sqlx::Any, sqlx::any::AnyArguments> {
    let sql = match secret.n {
        1 => "SELECT 1 FROM key_uses WHERE key_id = $1 AND $2 = 1",
        _ => "SELECT 1 FROM secret_uses WHERE key_id = $1 AND n = $2 LIMIT 1",
    };
    sqlx::query(sql).bind(key.to_string()).bind(secret.n)
}

fn in_use() -> Error {
    let message = "The newest secret of this key may have been used, so it is not replaced. Rotate the key, and say which \
        of its secrets ends.";
    Error::Conflict { code: "secret_in_use", message: message.to_owned() }
}

impl Tx {
    /// Fails if the newest secret of a locked key was used, or was not counted by itself for its whole life.
    async fn needs_unused(&mut self, key: &KeyId, secret: &LiveSecret) -> Result<()> {
        let counted = secret.n == 1 || self.now() < secret.created_at + COUNTED_BY_SECRET;
        let used = used_query(key, secret).fetch_optional(self.on()).await?;
        if counted && used.is_none() { Ok(()) } else { Err(in_use()) }
    }
}
