//! Root tokens and personal tokens that leaked. A personal token is revoked. A root token is announced: without it no backend
//! verifies a key any more, so people decide when.

use std::time::Duration;

use serde_json::json;

use super::{REASON, ReportedLeak, reporter};
use crate::{
    Result,
    audit::{Act, Action, NewEvent, SYSTEM, Target},
    leak::LeakResponse,
    mail::Mail,
    store::{Store, detached, personal_tokens, root_tokens, tx::Tx},
};

/// A report that is repeated is told once in this time.
const AGAIN: Duration = Duration::from_secs(24 * 60 * 60);

impl Store {
    /// Whether it is, or was, a root token.
    pub(super) async fn report_root_token(&self, act: &Act, report: &ReportedLeak, by_partner: bool) -> Result<bool> {
        let Some(token) = self.reported_root_token(report).await? else { return Ok(false) };
        if token.revoked_at.is_some() || token.is_expired(self.now()) {
            return Ok(true);
        }
        let people = match &token.org_id {
            Some(org) => self.governors(org).await?,
            None => self.operators_to_tell().await?,
        };
        let target = Target::new("root_token", &token.id, &token.name);
        let event = match &token.org_id {
            Some(org) => NewEvent::of(org, Action::TokenLeaked, target),
            None => NewEvent::of_system(Action::TokenLeaked, target),
        };
        let event = event.with(details(&token.shown, report, LeakResponse::Announce, by_partner));
        let (store, act) = (self.clone(), act.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(event.chain()).await?;
            if tx.was_told(&event).await? {
                return tx.commit_counts().await;
            }
            tx.record_and_mail_all(event, &people, Mail::Leaked).await?;
            tx.commit().await
        })
        .await?;
        Ok(true)
    }

    async fn reported_root_token(&self, report: &ReportedLeak) -> Result<Option<crate::root_token::RootToken>> {
        for digest in &report.digests {
            let query = sqlx::query("SELECT * FROM root_tokens WHERE digest = $1").bind(digest.0.to_vec());
            if let Some(row) = query.fetch_optional(self.read()).await? {
                return root_tokens::token(&row).map(Some);
            }
        }
        Ok(None)
    }

    /// Whether it is, or was, a personal token or its refresh token.
    pub(super) async fn report_personal_token(
        &self,
        act: &Act,
        report: &ReportedLeak,
        by_partner: bool,
    ) -> Result<bool> {
        let mut found = None;
        for digest in &report.digests {
            let query = sqlx::query("SELECT * FROM personal_tokens WHERE digest = $1 OR refresh_digest = $1");
            found = query.bind(digest.0.to_vec()).fetch_optional(self.read()).await?;
            if found.is_some() {
                break;
            }
        }
        let Some(token) = found.map(|row| personal_tokens::token(&row)).transpose()? else { return Ok(false) };
        let details = details(&token.shown, report, LeakResponse::Revoke, by_partner);
        let (store, act) = (self.clone(), act.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(SYSTEM).await?;
            let now = tx.now().micros();
            let ended = sqlx::query(
                "UPDATE personal_tokens SET revoked_at = $2 \
                 WHERE id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)",
            );
            let ended = ended.bind(token.id.to_string()).bind(now).execute(tx.on()).await?;
            if ended.rows_affected() == 0 {
                return tx.commit_counts().await;
            }
            let target = personal_tokens::target(&token);
            let revoked = NewEvent::of_system(Action::PersonalTokenRevoked, target.clone());
            tx.record(revoked.with(json!({ "reason": REASON }))).await?;
            let leaked = NewEvent::of_system(Action::PersonalTokenLeaked, target).with(details);
            tx.record_and_mail(leaked, &token.user_id, Mail::Leaked).await?;
            tx.commit().await
        })
        .await?;
        Ok(true)
    }
}

impl Tx {
    /// Whether the same was recorded about the same target not long ago. The chain is locked.
    async fn was_told(&mut self, event: &NewEvent) -> Result<bool> {
        let query = sqlx::query(
            "SELECT 1 FROM events WHERE chain = $1 AND target_id = $2 AND action = $3 AND at > $4 ORDER BY seq DESC LIMIT 1",
        );
        let since = self.now() - AGAIN;
        let query = query.bind(event.chain().to_owned()).bind(event.target.id.clone());
        let query = query.bind(event.action.as_str()).bind(since.micros());
        Ok(query.fetch_optional(self.on()).await?.is_some())
    }
}

fn details(shown: &str, report: &ReportedLeak, response: LeakResponse, by_partner: bool) -> serde_json::Value {
    json!({
        "shown": shown,
        "place": report.place,
        "response": response.as_str(),
        "reported_by": reporter(by_partner),
    })
}
