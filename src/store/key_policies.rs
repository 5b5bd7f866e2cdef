//! The rules for keys of organizations.

use serde_json::json;
use sqlx::{any::AnyRow, query::Query};

use super::{
    Store, detached,
    key_deadlines::{deadlines, pause_unused, rotate_every},
    row::Read,
    tx::Tx,
};
use crate::{
    Error, Result,
    audit::{Act, Action, NewEvent},
    id::OrgId,
    key_policy::{Deadlines, KeyPolicy},
    member::Permission,
    org::Org,
    place::Place,
};

/// Rules as they are in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyInForce {
    pub policy: KeyPolicy,
    /// How often the organization changed them; 0 for those of the profile.
    pub version: i64,
}

impl Store {
    /// The rules for keys of an organization: its own, or else the profile's.
    pub async fn key_policy(&self, org: &OrgId) -> Result<PolicyInForce> {
        let row = own(org).fetch_optional(self.read()).await?;
        in_force(row.as_ref(), &self.profile().key_policy)
    }

    /// After how long the secrets of an organization's keys are due to be replaced, and unused keys are paused.
    pub async fn key_deadlines(&self, org: &OrgId) -> Result<Deadlines> {
        let profile = self.profile();
        let (rotate, pause) = (rotate_every("$1", profile), pause_unused("$1", profile));
        let sql = format!("SELECT {rotate} AS rotate_every, {pause} AS pause_unused");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(org.to_string()).fetch_one(self.read()).await?;
        deadlines(&row)
    }

    /// Sets the rules of an organization, if they are still at the version that was `seen`. Keys that break them stay as they
    /// are.
    pub async fn set_key_policy(
        &self,
        act: &Act,
        org: &Org,
        policy: KeyPolicy,
        seen: Option<i64>,
    ) -> Result<PolicyInForce> {
        let (store, act, place) = (self.clone(), act.clone(), Place::from(org));
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.needs(&place, Permission::GovernKeys).await?;
            let policy = policy.check(store.profile())?;
            // Others who change the rules wait here.
            tx.lock_chain(place.org_id.as_str()).await?;
            tx.needs(&place, Permission::GovernKeys).await?;
            // Rules that can't be read can be replaced.
            let (before, is_readable) = match tx.key_policy(&place.org_id).await {
                Err(Error::Unavailable(_)) => (tx.unreadable(&place.org_id).await?, false),
                before => (before?, true),
            };
            if seen.is_some_and(|seen| seen != before.version) {
                let message = "Somebody else changed the rules meanwhile. Look at them, then send yours again.";
                return Err(Error::Conflict { code: "changed_meanwhile", message: message.to_owned() });
            }
            if is_readable && policy == before.policy {
                tx.commit_counts().await?;
                return Ok(before);
            }
            let version = before.version + 1;
            sqlx::query(
                "INSERT INTO key_policies (org_id, policy, version, changed_at, pause_unused_days, rotate_every_days) \
                 VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (org_id) DO UPDATE SET policy = excluded.policy, \
                 version = excluded.version, changed_at = excluded.changed_at, \
                 pause_unused_days = excluded.pause_unused_days, rotate_every_days = excluded.rotate_every_days",
            )
            .bind(place.org_id.to_string())
            .bind(json!(policy).to_string())
            .bind(version)
            .bind(store.now().micros())
            .bind(policy.pause_unused_days.map(i64::from))
            .bind(policy.rotate_every_days.map(i64::from))
            .execute(tx.on())
            .await?;
            let details = json!({ "from": before.policy, "to": policy });
            tx.record(NewEvent::of(&place.org_id, Action::KeyPolicyChanged, place.target()).with(details)).await?;
            tx.commit().await?;
            Ok(PolicyInForce { policy, version })
        })
        .await
    }
}

impl Tx {
    /// In place of rules that can't be read: their version.
    async fn unreadable(&mut self, org: &OrgId) -> Result<PolicyInForce> {
        let version = own(org).fetch_one(self.on()).await?.int("version")?;
        Ok(PolicyInForce { policy: KeyPolicy::default(), version })
    }

    /// The same, within a transaction.
    pub(super) async fn key_policy(&mut self, org: &OrgId) -> Result<PolicyInForce> {
        let row = own(org).fetch_optional(self.on()).await?;
        in_force(row.as_ref(), &self.profile().key_policy)
    }
}

fn own(org: &OrgId) -> Query<'static, sqlx::Any, sqlx::any::AnyArguments> {
    sqlx::query("SELECT policy, version FROM key_policies WHERE org_id = $1").bind(org.to_string())
}

/// Rules that can't be read allow nothing.
fn in_force(row: Option<&AnyRow>, of_profile: &KeyPolicy) -> Result<PolicyInForce> {
    let Some(row) = row else { return Ok(PolicyInForce { policy: of_profile.clone(), version: 0 }) };
    let policy = serde_json::from_str(&row.text("policy")?);
    let policy = policy.map_err(|error| Error::Unavailable(format!("the rules for keys can't be read: {error}")))?;
    Ok(PolicyInForce { policy, version: row.int("version")? })
}
