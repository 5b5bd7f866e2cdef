//! Applies the rules for keys to whatever makes a key or gives one more: within the transaction that does it.

use std::sync::Arc;

use super::{row::Read, tx::Tx};
use crate::{
    Error, Result,
    key::{Holder, Key, KeySettings, NewKey},
    key_policy::{
        KeyPolicy,
        judge::{Judgement, Proposed},
    },
};

impl Tx {
    /// Fails if the rules forbid a new key of a holder, which is locked: nobody else adds one meanwhile. Returns whether
    /// somebody else has to approve it.
    pub(super) async fn judge_new(&mut self, holder: &Holder, new: &NewKey) -> Result<bool> {
        let (policy, beside) = self.rules_for_new(holder).await?;
        let (now, profile) = (self.now(), Arc::clone(self.profile()));
        needs_approval(policy.judge(&Proposed::new(new, beside, now), &profile))
    }

    /// The rules for new keys of a holder, and how many it has, as far as they count.
    pub(super) async fn rules_for_new(&mut self, holder: &Holder) -> Result<(KeyPolicy, u64)> {
        let policy = self.key_policy(holder.org_id()).await?.policy;
        let beside = match policy.most_keys_per_app {
            Some(most) => self.count_keys(holder, most).await?,
            None => 0,
        };
        Ok((policy, beside))
    }

    /// The same for other settings of a key. Rules are for what gives a key more: one that broke them before may be changed
    /// otherwise.
    pub(super) async fn judge_change(&mut self, key: &Key, before: &KeySettings, after: &KeySettings) -> Result<bool> {
        let profile = Arc::clone(self.profile());
        if !after.widen(before, &profile) {
            return Ok(false);
        }
        let policy = self.key_policy(&key.org_id).await?.policy;
        needs_approval(policy.judge(&Proposed::changed(key, after), &profile))
    }

    /// How many keys a holder has that are neither revoked nor expired, up to that many.
    async fn count_keys(&mut self, holder: &Holder, most: u32) -> Result<u64> {
        let (whose, id) = match holder {
            Holder::App(app) => ("app_id = $1", app.id.to_string()),
            Holder::Member(_, user) => ("owner = 'member' AND owner_id = $1", user.id.to_string()),
            Holder::Organization(org) => ("owner = 'organization' AND org_id = $1", org.id.to_string()),
        };
        let sql = format!(
            "SELECT COUNT(*) AS n FROM (SELECT 1 AS one FROM keys WHERE {whose} AND org_id = $2 AND revoked_at IS NULL \
             AND (expires_at IS NULL OR expires_at > $3) LIMIT {most}) AS counted"
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).bind(holder.org_id().to_string());
        let row = query.bind(self.now().micros()).fetch_one(self.on()).await?;
        Ok(u64::try_from(row.int("n")?).unwrap_or_default())
    }
}

fn needs_approval(judgement: Judgement) -> Result<bool> {
    match judgement {
        Judgement::Allowed => Ok(false),
        Judgement::NeedsApproval => Ok(true),
        Judgement::Refused(broken) => Err(Error::Invalid(broken)),
    }
}
