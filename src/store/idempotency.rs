//! Repeated requests with the same `Idempotency-Key`: what they create is created once.

use std::time::Duration;

use sqlx::{Any, Executor, query::Query};

use super::{Store, old_rows::Old, row::Read, tx::Tx};
use crate::{
    Error, Result,
    audit::{Act, Actor, Once},
};

/// Clients that retry do so sooner than this.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

impl Store {
    /// Fails if this request was answered before. This check comes before all others: a request that succeeded then
    /// might be refused now, which would hide that something was created.
    pub async fn check_repeat(&self, act: &Act) -> Result<()> {
        let (Some(caller), Some(once)) = (caller(&act.actor), act.once) else { return Ok(()) };
        made_before(self.read(), caller, once).await
    }

    /// Deletes requests older than a day; returns how many.
    pub async fn forget_repeats(&self) -> Result<u64> {
        let old = Old { table: "idempotency", key: "caller_id, key_digest", when: "created_at < $1" };
        self.delete_old(old, (self.now() - KEPT).micros()).await
    }
}

impl Tx {
    /// Records what this transaction is about to create, if its request has a key. Of two concurrent requests the
    /// second waits here for the first, and creates nothing if the first succeeded.
    pub(super) async fn makes(&mut self, id: &str) -> Result<()> {
        let actor = self.actor().clone();
        let (Some(caller), Some(once)) = (caller(&actor), self.once()) else { return Ok(()) };
        let now = self.now().micros();
        let insert = sqlx::query(
            "INSERT INTO idempotency (caller_id, key_digest, request_digest, made_id, created_at) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (caller_id, key_digest) DO NOTHING",
        );
        let insert: Query<'_, Any, _> = insert.bind(caller.to_owned()).bind(once.key.to_vec());
        let insert = insert.bind(once.request.to_vec()).bind(id.to_owned()).bind(now);
        if insert.execute(self.on()).await?.rows_affected() == 1 {
            return Ok(());
        }
        made_before(self.on(), caller, once).await
    }
}

/// The id of the root token, key, personal token or token of a service account that makes the request.
fn caller(actor: &Actor) -> Option<&str> {
    match actor {
        Actor::RootToken { .. } | Actor::Key { .. } => Some(actor.id()),
        Actor::ServiceAccount { token, .. } => Some(token.as_str()),
        _ => actor.personal_token().map(|(id, _)| id.as_str()),
    }
}

async fn made_before(on: impl Executor<'_, Database = Any>, caller: &str, once: Once) -> Result<()> {
    let row = sqlx::query("SELECT request_digest, made_id FROM idempotency WHERE caller_id = $1 AND key_digest = $2")
        .bind(caller.to_owned())
        .bind(once.key.to_vec())
        .fetch_optional(on)
        .await?;
    let Some(row) = row else { return Ok(()) };
    if row.bytes("request_digest")? == once.request {
        Err(Error::AlreadyMade(row.text("made_id")?))
    } else {
        Err(Error::OtherRequest)
    }
}
