//! Replacing a secret that nobody used, such as one whose response was lost. It is set aside first, so that it is refused from
//! then on; only then can be judged whether anybody had used it. What nobody decided about is accepted again after a minute.

use std::time::Duration;

use serde_json::json;

use super::super::{
    Store, detached,
    keys::{self, COLUMNS},
    row::Read,
    rows::MOST_ROWS,
    tx::Tx,
    verify::COUNTED_BY_SECRET,
};
use crate::{
    Error, Result, Timestamp,
    audit::{Act, Action, Actor, NewEvent},
    id::KeyId,
    key::{Issued, Key, LiveSecret, NewRotation},
};

/// How long it may take to decide about a secret that is set aside.
const DECIDED_WITHIN: Duration = Duration::from_secs(60);

/// A secret that is refused until it is decided what becomes of it.
#[derive(Clone, Debug)]
pub struct SetAside {
    n: i64,
    pub(super) created_at: Timestamp,
    at: Timestamp,
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
            let at = tx.now();
            let ended = "UPDATE key_secrets SET ended_at = $3, set_aside_at = $3 WHERE key_id = $1 AND n = $2";
            let ended = sqlx::query(ended).bind(key.id.to_string()).bind(secret.n).bind(at.micros());
            ended.execute(tx.on()).await?;
            tx.touches_key(&key.id).await?;
            let event = NewEvent::of(&key.org_id, Action::KeySecretEnded, keys::target(&key));
            tx.record(event.with(json!({ "shown": secret.shown, "ended": "unseen" }))).await?;
            tx.commit().await?;
            Ok(SetAside { n: secret.n, created_at: secret.created_at, at })
        })
        .await
    }

    /// Fails if a secret that was set aside had been used before. All uses have to be written already.
    pub async fn needs_unused(&self, key: &Key, aside: &SetAside) -> Result<()> {
        let used = used_query(&key.id, aside.n).fetch_optional(self.read()).await?;
        if used.is_some() { Err(in_use()) } else { Ok(()) }
    }

    /// Gives the key another secret instead of the one that was set aside.
    pub async fn replace_set_aside(&self, act: &Act, key: &Key, new: NewRotation, aside: SetAside) -> Result<Issued> {
        self.rotate(act, key, new, Some(aside)).await
    }

    /// Accepts a secret again that was set aside, unless the key got another one or was revoked.
    pub async fn take_back(&self, key: &Key, aside: &SetAside) -> Result<()> {
        self.decide_late(key.id.clone(), aside.n, aside.at).await.map(drop)
    }

    /// The same for all that were set aside more than a minute ago: their process was killed, or could not take them back.
    /// Returns how many are accepted again.
    pub async fn take_back_undecided(&self) -> Result<u64> {
        let sql = format!(
            "SELECT key_id, n, set_aside_at FROM key_secrets WHERE set_aside_at < $1 \
             ORDER BY set_aside_at LIMIT {MOST_ROWS}"
        );
        let before = (self.now() - DECIDED_WITHIN).micros();
        let undecided = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(before).fetch_all(self.read()).await?;
        let (mut accepted, mut ended) = (0, Ok(()));
        for row in &undecided {
            let key = KeyId::stored(row.text("key_id")?);
            // One that fails does not keep others from being accepted.
            match self.decide_late(key, row.int("n")?, row.time("set_aside_at")?).await {
                Ok(is_accepted) => accepted += u64::from(is_accepted),
                Err(error) => ended = Err(error),
            }
        }
        ended.map(|()| accepted)
    }

    /// Returns whether the secret is accepted again.
    async fn decide_late(&self, key: KeyId, n: i64, set_aside_at: Timestamp) -> Result<bool> {
        let store = self.clone();
        detached(async move {
            // Not by who asked: whatever they may do by now, the secret works as before.
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            tx.hold_key(&key).await?;
            let restored = sqlx::query(
                "UPDATE key_secrets SET ended_at = NULL, set_aside_at = NULL \
                 WHERE key_id = $1 AND n = $2 AND set_aside_at = $3 \
                 AND EXISTS (SELECT 1 FROM keys k WHERE k.id = $1 AND k.revoked_at IS NULL) \
                 AND NOT EXISTS (SELECT 1 FROM key_secrets s WHERE s.key_id = $1 AND s.n > $2) RETURNING shown",
            );
            let restored = restored.bind(key.to_string()).bind(n).bind(set_aside_at.micros());
            let Some(row) = restored.fetch_optional(tx.on()).await? else {
                tx.decides(&key, n, set_aside_at).await?;
                tx.commit_counts().await?;
                return Ok(false);
            };
            tx.touches_key(&key).await?;
            let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM keys k WHERE k.id = $1"));
            let key = keys::key(&sqlx::query(sql).bind(key.to_string()).fetch_one(tx.on()).await?)?;
            let event = NewEvent::of(&key.org_id, Action::KeySecretRestored, keys::target(&key));
            tx.record(event.with(json!({ "shown": row.text("shown")? }))).await?;
            tx.commit().await?;
            Ok(true)
        })
        .await
    }
}

/// A row if the secret was used. The first secret of a key has no counts of its own.
fn used_query(key: &KeyId, n: i64) -> sqlx::query::Query<'static, sqlx::Any, sqlx::any::AnyArguments> {
    let sql = match n {
        1 => "SELECT 1 FROM key_uses WHERE key_id = $1 AND $2 = 1",
        _ => "SELECT 1 FROM secret_uses WHERE key_id = $1 AND n = $2 LIMIT 1",
    };
    sqlx::query(sql).bind(key.to_string()).bind(n)
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
        let used = used_query(key, secret.n).fetch_optional(self.on()).await?;
        if counted && used.is_none() { Ok(()) } else { Err(in_use()) }
    }

    /// Fails if the secret of a locked key is no longer set aside: it may have been accepted and used since. From here on it
    /// is not accepted again.
    pub(super) async fn needs_set_aside(&mut self, key: &KeyId, aside: &SetAside) -> Result<()> {
        if self.decides(key, aside.n, aside.at).await? { Ok(()) } else { Err(in_use()) }
    }

    /// Notes that a secret of a locked key is no longer set aside. Returns whether it was.
    async fn decides(&mut self, key: &KeyId, n: i64, set_aside_at: Timestamp) -> Result<bool> {
        let decided = "UPDATE key_secrets SET set_aside_at = NULL WHERE key_id = $1 AND n = $2 AND set_aside_at = $3";
        let decided = sqlx::query(decided).bind(key.to_string()).bind(n).bind(set_aside_at.micros());
        Ok(decided.execute(self.on()).await?.rows_affected() > 0)
    }
}
