//! Approving and refusing requests, and withdrawing one's own.

use serde_json::json;

use super::{changed_since, conflict, ended, read, target, told};
use crate::{
    Error, Result,
    approval::{Approval, ApprovalStatus, CLAIMED_WITHIN, Wish},
    audit::{Act, Action, NewEvent},
    id::{ApprovalId, UserId},
    key::{Key, KeySettings},
    mail::Mail,
    member::Permission,
    place::PlaceRef,
    store::{Store, detached, tx::Tx},
};

impl Store {
    /// Approves a request of somebody else, who may claim it from then on.
    pub async fn approve(&self, act: &Act, id: &ApprovalId) -> Result<Approval> {
        self.decide(act, id, None).await
    }

    /// Refuses a request of somebody else, or takes an approval back that nobody claimed yet.
    pub async fn refuse_approval(&self, act: &Act, id: &ApprovalId, reason: String) -> Result<Approval> {
        self.decide(act, id, Some(reason)).await
    }

    /// Refuses it where there is a reason to.
    async fn decide(&self, act: &Act, id: &ApprovalId, reason: Option<String>) -> Result<Approval> {
        let (store, act, id) = (self.clone(), act.clone(), id.clone());
        detached(async move {
            let found = store.approval(&id).await?.ok_or(Error::NotFound)?;
            let key = match &found.key_id {
                Some(key) => store.find(Some(&found.org_id), key).await?,
                None => None,
            };
            let mut tx = store.begin(&act).await?;
            tx.hold_chain_of(&found).await?;
            let approval = tx.hold_approval(&id).await?;
            tx.needs(PlaceRef::from(&approval.org_id), Permission::GovernKeys).await?;
            let actor = tx.actor().clone();
            let person = tx.person_behind(&actor).await?;
            if approval.is_of(&actor, person.as_deref()) {
                return Err(Error::Forbidden("Nobody decides their own request. Another owner or admin can."));
            }
            let now = tx.now();
            match (approval.status(now), &reason) {
                (ApprovalStatus::Waiting, _) | (ApprovalStatus::Approved, Some(_)) => {}
                _ => return Err(ended(&approval, now)),
            }
            if let (Wish::Change(wish), None) = (&approval.wish, &reason)
                && key.is_none_or(|key: Key| !wish.is_asked_on(&KeySettings::from(&key)))
            {
                return Err(changed_since());
            }
            let expires_at = if reason.is_none() { now + CLAIMED_WITHIN } else { now };
            sqlx::query(
                "UPDATE approvals SET approved = $2, decided_at = $3, decided_by_kind = $4, decided_by = $5, reason = $6, \
                 expires_at = $7 WHERE id = $1",
            )
            .bind(id.to_string())
            .bind(i64::from(reason.is_none()))
            .bind(now.micros())
            .bind(actor.kind())
            .bind(actor.id().to_owned())
            .bind(reason.clone().unwrap_or_default())
            .bind(expires_at.micros())
            .execute(tx.on())
            .await?;
            let action = if reason.is_none() { Action::ApprovalGiven } else { Action::ApprovalRefused };
            let mut details = told(&approval);
            if let Some(reason) = reason {
                details["reason"] = reason.into();
            }
            let event = NewEvent::of(&approval.org_id, action, target(&approval)).with(details);
            let asked = approval.person_id.as_deref().and_then(UserId::parse);
            tx.record_and_mail_all(event, asked.as_slice(), Mail::ApprovalDecided).await?;
            let decided = tx.hold_approval(&id).await?;
            tx.commit().await?;
            Ok(decided)
        })
        .await
    }

    /// Withdraws a request that the actor made.
    pub async fn withdraw_approval(&self, act: &Act, id: &ApprovalId) -> Result<()> {
        let (store, act, id) = (self.clone(), act.clone(), id.clone());
        detached(async move {
            let found = store.approval(&id).await?.ok_or(Error::NotFound)?;
            let mut tx = store.begin(&act).await?;
            tx.hold_chain_of(&found).await?;
            let approval = tx.hold_own_approval(&id).await?;
            let now = tx.now();
            if !matches!(approval.status(now), ApprovalStatus::Waiting | ApprovalStatus::Approved) {
                return Err(ended(&approval, now));
            }
            sqlx::query("UPDATE approvals SET withdrawn_at = $2 WHERE id = $1")
                .bind(id.to_string())
                .bind(now.micros())
                .execute(tx.on())
                .await?;
            let event = NewEvent::of(&approval.org_id, Action::ApprovalWithdrawn, target(&approval));
            tx.record(event.with(json!({ "kind": approval.wish.kind() }))).await?;
            tx.commit().await
        })
        .await
    }
}

impl Tx {
    /// A claim of a person's key locks the organization's log before the request: so does what decides about one.
    async fn hold_chain_of(&mut self, found: &Approval) -> Result<()> {
        if found.owner_id.is_some() { self.lock_chain(found.org_id.as_str()).await } else { Ok(()) }
    }

    /// A request's current state, locked until this transaction ends: of several who decide or claim it, the first does.
    pub(super) async fn hold_approval(&mut self, id: &ApprovalId) -> Result<Approval> {
        sqlx::query("UPDATE approvals SET label = label WHERE id = $1").bind(id.to_string()).execute(self.on()).await?;
        // A separate statement: on PostgreSQL the one that waited for the lock may have an older snapshot.
        let sql = format!("{} WHERE a.id = $1", super::SELECT);
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.to_string()).fetch_optional(self.on()).await?;
        read(&row.ok_or(Error::NotFound)?)
    }

    /// The same for who asked.
    pub(super) async fn hold_own_approval(&mut self, id: &ApprovalId) -> Result<Approval> {
        self.needs_scope_for(Permission::ManageKeys)?;
        let approval = self.hold_approval(id).await?;
        self.needs_own(&approval).await?;
        Ok(approval)
    }

    /// Fails for others than who asked. Those who see the request are told that it is not theirs.
    pub(super) async fn needs_own(&mut self, approval: &Approval) -> Result<()> {
        self.needs_scope_for(Permission::ManageKeys)?;
        if approval.asked_by.is(self.actor()) {
            return Ok(());
        }
        match self.needs(PlaceRef::from(&approval.org_id), Permission::GovernKeys).await {
            Ok(()) => Err(conflict("approval_of_another", "Only who asked for this can do that.")),
            Err(Error::Forbidden(_)) => Err(Error::NotFound),
            Err(error) => Err(error),
        }
    }
}
