//! Requests that come again under the `Idempotency-Key` of the first: what they make is made once.

use std::time::Duration;

use sqlx::{Any, Executor, query::Query};

use super::{Store, old_rows::Old, row::Read, tx::Tx};
use crate::{
    Error, Result,
    audit::{Act, Actor, Once},
};

/// Whoever repeats a request does it sooner than that.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

impl Store {
    /// Refuses a request that was answered before, before anything else of it is judged: what was good then may be
    /// refused today, and would hide that it was made.
    pub async fn check_repeat(&self, act: &Act) -> Result<()> {
        let (Some(caller), Some(once)) = (caller(&act.actor), act.once) else { return Ok(()) };
        made_before(self.read(), caller, once).await
    }

    /// Forgets the requests of more than a day ago; how many those were.
    pub async fn forget_repeats(&self) -> Result<u64> {
        let old = Old { table: "idempotency", key: "caller_id, key_digest", when: "created_at < $1" };
        self.delete_old(old, (self.now() - KEPT).micros()).await
    }
}

impl Tx {
    /// Names what this transaction is about to make, if its request has a name. Of two at once the second waits here for
    /// the first to end, and makes nothing if that one did.
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

/// The id of the root token or the key that asks.
fn caller(actor: &Actor) -> Option<&str> {
    matches!(actor, Actor::RootToken { .. } | Actor::Key { .. }).then(|| actor.id())
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
