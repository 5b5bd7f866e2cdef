//! Revoking every key of a place at once.

use serde_json::json;

use super::{
    Store, WRITE_OF_MANY, detached_within,
    lifecycle::{KeyLock, keys_within},
    retried,
};
use crate::{
    Result,
    audit::{Act, Action, NewEvent},
    journal::Entry,
    member::Permission,
    place::Place,
};

/// What allows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Authority {
    /// The actor's role at the place, or what a credential manages.
    Role,
    /// The person is an operator.
    Operator,
}

impl Store {
    /// Revokes every key of an app or of an organization at once; returns how many.
    pub async fn revoke_all(&self, act: &Act, place: &Place, reason: String) -> Result<u64> {
        Ok(self.revoke_all_journaled(act, place, reason).await?.0)
    }

    /// The same; returns whether it is in the revocation journal, too.
    pub async fn revoke_all_journaled(&self, act: &Act, place: &Place, reason: String) -> Result<(u64, bool)> {
        let (store, act, place) = (self.clone(), act.clone(), place.clone());
        let work = async move { retried(|| revoke(&store, &act, &place, &reason, Authority::Role)).await };
        detached_within(WRITE_OF_MANY, work).await
    }

    /// The same, to be run within a task that nobody cancels.
    pub(super) async fn revoke_keys_of(
        &self,
        act: &Act,
        place: &Place,
        reason: &str,
        authority: Authority,
    ) -> Result<u64> {
        Ok(retried(|| revoke(self, act, place, reason, authority)).await?.0)
    }
}

async fn revoke(store: &Store, act: &Act, place: &Place, reason: &str, authority: Authority) -> Result<(u64, bool)> {
    let mut tx = store.begin_many(act).await?;
    match authority {
        Authority::Role => {
            tx.needs(place, place.kind.to_revoke_all()).await?;
            tx.needs_scope_for(Permission::ManageKeys)?;
        }
        Authority::Operator => tx.needs_operator().await?,
    }
    tx.hold_place(place).await?;
    tx.lock_keys_of(place, KeyLock::Change).await?;
    tx.ends_keys_of(place, place.kind.to_revoke_all()).await?;
    tx.touches_keys_of(place).await?;
    tx.notes(Entry::KeysRevoked { place: place.kind.noun().to_owned(), id: place.id.clone() });
    let kept = format!("{} AND revoked_at IS NULL", keys_within(place.kind));
    tx.end_secrets_within(&kept, &[&place.id]).await?;
    let sql = format!("UPDATE keys SET revoked_at = $2, revoked_by = $3, revoke_reason = $4 WHERE {kept}");
    let revoked = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(place.id.clone())
        .bind(store.now().micros())
        .bind(act.actor.name().to_owned())
        .bind(reason.to_owned())
        .execute(tx.on())
        .await?
        .rows_affected();
    if revoked == 0 {
        return Ok((0, tx.unchanged().await?.journaled));
    }
    let event = NewEvent::of(&place.org_id, Action::AllKeysRevoked, place.target());
    tx.record(event.with(json!({ "keys": revoked, "reason": reason }))).await?;
    let committed = tx.commit_timed().await?;
    Ok((revoked, committed.confirmed.journaled))
}
