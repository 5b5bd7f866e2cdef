//! Tokens of service accounts that leaked: they are revoked, and those who manage the account are told.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{REASON, ReportedLeak, of_kind, tokens::details};
use crate::{
    Error, Result,
    audit::{Act, Action, NewEvent},
    id::ServiceAccountId,
    journal::Entry,
    leak::{LeakResponse, reported::LeakedKind},
    service_account::ServiceToken,
    store::{Store, detached, service_tokens},
};

impl Store {
    /// Says of each whether it is, or was, a token of a service account.
    pub(super) async fn report_service_tokens(
        &self,
        act: &Act,
        reports: &[Option<ReportedLeak>],
        by_partner: bool,
        known: &mut [bool],
    ) -> Result<()> {
        let mut found: BTreeMap<ServiceAccountId, Vec<(ServiceToken, Value)>> = BTreeMap::new();
        for (at, report) in of_kind(reports, LeakedKind::ServiceToken) {
            let Some(token) = self.reported_service_token(report).await? else { continue };
            known[at] = true;
            let details = details(&token.shown, report, LeakResponse::Revoke, by_partner);
            let same = found.entry(token.account_id.clone()).or_default();
            if !same.iter().any(|(other, _)| other.id == token.id) {
                same.push((token, details));
            }
        }
        let mut failed = Ok(());
        for (account, tokens) in found {
            let revoked = self.revoke_leaked_service_tokens(act, account, tokens).await;
            failed = failed.and(revoked);
        }
        failed
    }

    async fn reported_service_token(&self, report: &ReportedLeak) -> Result<Option<ServiceToken>> {
        for digest in &report.digests {
            let query = sqlx::query("SELECT * FROM service_tokens WHERE digest = $1").bind(digest.0.to_vec());
            if let Some(row) = query.fetch_optional(self.read()).await? {
                return service_tokens::token(&row).map(Some);
            }
        }
        Ok(None)
    }

    async fn revoke_leaked_service_tokens(
        &self,
        act: &Act,
        account: ServiceAccountId,
        tokens: Vec<(ServiceToken, Value)>,
    ) -> Result<()> {
        let (store, act) = (self.clone(), act.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let account = match tx.held_account(&account).await {
                // It was removed meanwhile.
                Err(Error::NotFound) => return Ok(()),
                found => found?,
            };
            let (now, mut events) = (tx.now().micros(), Vec::new());
            for (token, mut details) in tokens {
                let ended = sqlx::query(
                    "UPDATE service_tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL AND expires_at > $2",
                );
                let ended = ended.bind(token.id.to_string()).bind(now).execute(tx.on()).await?;
                if ended.rows_affected() == 0 {
                    continue;
                }
                tx.notes(Entry::ServiceTokenRevoked { id: token.id.to_string() });
                let target = service_tokens::target(&token);
                let of_account = json!({ "id": account.id.as_str(), "name": account.name });
                let revoked = NewEvent::of(&account.org_id, Action::ServiceTokenRevoked, target.clone());
                tx.record(revoked.with(json!({ "reason": REASON, "service_account": of_account }))).await?;
                details["service_account"] = of_account;
                events.push((NewEvent::of(&account.org_id, Action::ServiceTokenLeaked, target), details));
            }
            let people = tx.people_of_account(&account).await?;
            tx.tell_together(events, &people).await
        })
        .await
    }
}
