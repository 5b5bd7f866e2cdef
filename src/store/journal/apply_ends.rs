//! Ends again what is neither a key nor a person, and can't be begun again.

use serde_json::json;

use super::{
    super::{audit_keys::stored_key, row::Read, tx::Tx},
    wanted::Commit,
};
use crate::{
    Result,
    audit::{Action, NewEvent, SYSTEM, Target},
    id::{AppId, OrgId},
    journal::Entry,
};

impl Tx {
    /// The events of what was changed; none if it was so already, or does not exist.
    pub(super) async fn apply_end(&mut self, entry: &Entry, commit: Commit) -> Result<Vec<NewEvent>> {
        let now = self.now().micros();
        match entry {
            Entry::CapabilitiesRevoked { app, epoch } => {
                let sql =
                    "UPDATE apps SET capability_epoch = $2 WHERE id = $1 AND capability_epoch < $2 RETURNING org_id";
                self.of_org(sql, app, *epoch, (Action::CapabilitiesRevoked, "app"), commit).await
            }
            Entry::TrustRuleChanged { id } => {
                let sql = "UPDATE trust_rules SET paused_at = $2 WHERE id = $1 AND paused_at IS NULL RETURNING org_id";
                let mut events = self.of_org(sql, id, now, (Action::TrustRulePaused, "trust_rule"), commit).await?;
                for event in &mut events {
                    event.details["reason"] =
                        json!("Its terms were changed before the database was restored. Look at them, then resume it.");
                }
                Ok(events)
            }
            Entry::AuditKeyRevoked { key } => {
                self.lock_chain(SYSTEM).await?;
                match stored_key(key) {
                    Some(key) => self.revoke_audit_key_again(key).await,
                    None => Ok(Vec::new()),
                }
            }
            Entry::RecoveryCodesEnded { person } => {
                let sql = "DELETE FROM recovery_codes WHERE user_id = $1 AND created_at <= $2";
                if !self.changes(sql, person, commit.at).await? {
                    return Ok(Vec::new());
                }
                let mut details = commit.details();
                details["reason"] = json!("They were used or replaced before the database was restored. Get new ones.");
                let target = Target::new("user", person, person);
                Ok(vec![NewEvent::of_system(Action::RecoveryCodesRenewed, target).with(details)])
            }
            Entry::AuthenticatorRemoved { person } => {
                let sql = "DELETE FROM authenticators WHERE user_id = $1 AND added_at <= $2";
                if !self.changes(sql, person, commit.at).await? {
                    return Ok(Vec::new());
                }
                let event = NewEvent::of_system(Action::AuthenticatorRemoved, Target::new("user", person, person));
                Ok(vec![event.with(commit.details())])
            }
            Entry::PasskeyRemoved { person, id } => {
                let sql = "DELETE FROM passkeys WHERE id = $1 AND added_at <= $2";
                if !self.changes(sql, id, commit.at).await? {
                    return Ok(Vec::new());
                }
                let event = NewEvent::of_system(Action::PasskeyRemoved, Target::new("user", person, person));
                Ok(vec![event.with(commit.details())])
            }
            Entry::WebhookEnded { id } => {
                let sql = "UPDATE webhooks SET active = 0 \
                           WHERE id = $1 AND active = 1 AND CAST($2 AS BIGINT) IS NOT NULL RETURNING org_id";
                self.of_org(sql, id, now, (Action::WebhookStopped, "webhook"), commit).await
            }
            Entry::AppLimited { app, per_minute, per_day } => {
                self.limit_again(app, *per_minute, *per_day, commit).await
            }
            _ => Ok(Vec::new()),
        }
    }

    /// The smaller limit counts.
    async fn limit_again(
        &mut self,
        app: &str,
        per_minute: Option<i64>,
        per_day: Option<i64>,
        commit: Commit,
    ) -> Result<Vec<NewEvent>> {
        let row = sqlx::query("SELECT org_id, name, limit_per_minute, limit_per_day FROM apps WHERE id = $1");
        let Some(row) = row.bind(app.to_owned()).fetch_optional(self.on()).await? else { return Ok(Vec::new()) };
        let before = (row.int_opt("limit_per_minute")?, row.int_opt("limit_per_day")?);
        let least = |one: Option<i64>, other: Option<i64>| one.into_iter().chain(other).min();
        let after = (least(before.0, per_minute), least(before.1, per_day));
        if after == before {
            return Ok(Vec::new());
        }
        let set = sqlx::query("UPDATE apps SET limit_per_minute = $2, limit_per_day = $3 WHERE id = $1");
        set.bind(app.to_owned()).bind(after.0).bind(after.1).execute(self.on()).await?;
        let target = Target::new("app", app, row.text("name")?).of_app(&AppId::stored(app.to_owned()));
        let event = NewEvent::of(&OrgId::stored(row.text("org_id")?), Action::AppLimited, target);
        Ok(vec![event.with(commit.details())])
    }
}
