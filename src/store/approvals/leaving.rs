//! The open requests of people who leave: nobody is left to claim them.

use serde_json::json;

use super::{is_open, target};
use crate::{
    Result,
    approval::ApprovalStatus,
    audit::{Action, NewEvent},
    id::{ApprovalId, OrgId, UserId},
    store::{row::Read, tx::Tx},
};

impl Tx {
    /// Locks the open requests that a person made in an organization, before its chain is locked: like what decides about one.
    /// Those for keys of people are locked after it, by [`Tx::withdraw_held`].
    pub(in crate::store) async fn hold_requests_of(&mut self, user: &UserId, org: &OrgId) -> Result<Vec<ApprovalId>> {
        let mut held = self.open_requests_of(user, org, "a.owner_id IS NULL").await?;
        held.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
        for id in &held {
            self.hold_approval(id).await?;
        }
        Ok(held)
    }

    /// Withdraws these requests of a person who has no role in the organization any more, and those for their own keys. The
    /// chain has to be locked. Returns the events, which are still to be recorded.
    pub(in crate::store) async fn withdraw_held(
        &mut self,
        mut held: Vec<ApprovalId>,
        user: &UserId,
        org: &OrgId,
    ) -> Result<Vec<NewEvent>> {
        held.extend(self.open_requests_of(user, org, "a.owner_id IS NOT NULL").await?);
        let mut events = Vec::with_capacity(held.len());
        for id in &held {
            let approval = self.hold_approval(id).await?;
            if !matches!(approval.status(self.now()), ApprovalStatus::Waiting | ApprovalStatus::Approved) {
                continue;
            }
            sqlx::query("UPDATE approvals SET withdrawn_at = $2 WHERE id = $1")
                .bind(id.to_string())
                .bind(self.now().micros())
                .execute(self.on())
                .await?;
            let details = json!({ "kind": approval.wish.kind(), "reason": "Who asked left the organization" });
            events.push(NewEvent::of(org, Action::ApprovalWithdrawn, target(&approval)).with(details));
        }
        Ok(events)
    }

    async fn open_requests_of(&mut self, user: &UserId, org: &OrgId, which: &str) -> Result<Vec<ApprovalId>> {
        let sql = format!(
            "SELECT a.id FROM approvals a WHERE a.org_id = $1 AND a.asked_by = $2 AND a.asked_by_kind = 'user' AND {} AND {which}",
            is_open("a", "$3")
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(org.to_string()).bind(user.to_string());
        let rows = query.bind(self.now().micros()).fetch_all(self.on()).await?;
        rows.iter().map(|row| Ok(ApprovalId::stored(row.text("id")?))).collect()
    }
}
