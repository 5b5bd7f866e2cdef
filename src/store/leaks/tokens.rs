//! Root tokens and personal tokens that leaked. A personal token is revoked. A root token is announced: without it no backend
//! verifies a key any more, so people decide when. Each person gets one mail about a report, however many tokens it names.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};

use super::{REASON, ReportedLeak, of_kind, reporter};
use crate::{
    Result,
    audit::{Act, Action, NewEvent, SYSTEM, Target},
    id::{OrgId, UserId},
    journal::Entry,
    leak::{LeakResponse, reported::LeakedKind},
    mail::Mail,
    personal_token::PersonalToken,
    root_token::RootToken,
    store::{Store, detached, personal_tokens, root_tokens, tx::Tx},
};

/// A report that is repeated is told once in this time.
const AGAIN: Duration = Duration::from_secs(24 * 60 * 60);

impl Store {
    /// Says of each whether it is, or was, a root token.
    pub(super) async fn report_root_tokens(
        &self,
        act: &Act,
        reports: &[Option<ReportedLeak>],
        by_partner: bool,
        known: &mut [bool],
    ) -> Result<()> {
        let mut found: BTreeMap<Option<String>, Vec<(RootToken, Value)>> = BTreeMap::new();
        for (at, report) in of_kind(reports, LeakedKind::RootToken) {
            let Some(token) = self.reported_root_token(report).await? else { continue };
            known[at] = true;
            let details = details(&token.shown, report, LeakResponse::Announce, by_partner);
            let same = found.entry(token.org_id.as_ref().map(ToString::to_string)).or_default();
            let is_over = token.revoked_at.is_some() || token.is_expired(self.now());
            if !is_over && !same.iter().any(|(other, _)| other.id == token.id) {
                same.push((token, details));
            }
        }
        let mut failed = Ok(());
        for (org, tokens) in found {
            let announced = self.announce_root_tokens(act, org.map(OrgId::stored), tokens).await;
            failed = failed.and(announced);
        }
        failed
    }

    async fn announce_root_tokens(&self, act: &Act, org: Option<OrgId>, tokens: Vec<(RootToken, Value)>) -> Result<()> {
        let people = match &org {
            Some(org) => self.governors(org).await?,
            None => self.operators_to_tell().await?,
        };
        let (store, act) = (self.clone(), act.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(org.as_ref().map_or(SYSTEM, OrgId::as_str)).await?;
            let mut events = Vec::new();
            for (token, details) in tokens {
                let target = Target::new("root_token", &token.id, &token.name);
                let event = match &org {
                    Some(org) => NewEvent::of(org, Action::TokenLeaked, target),
                    None => NewEvent::of_system(Action::TokenLeaked, target),
                };
                if !tx.was_told(&event).await? {
                    events.push((event, details));
                }
            }
            tx.tell_together(events, &people).await
        })
        .await
    }

    async fn reported_root_token(&self, report: &ReportedLeak) -> Result<Option<RootToken>> {
        for digest in &report.digests {
            let query = sqlx::query("SELECT * FROM root_tokens WHERE digest = $1").bind(digest.0.to_vec());
            if let Some(row) = query.fetch_optional(self.read()).await? {
                return root_tokens::token(&row).map(Some);
            }
        }
        Ok(None)
    }

    /// Says of each whether it is, or was, a personal token or its refresh token.
    pub(super) async fn report_personal_tokens(
        &self,
        act: &Act,
        reports: &[Option<ReportedLeak>],
        by_partner: bool,
        known: &mut [bool],
    ) -> Result<()> {
        let mut found: BTreeMap<String, Vec<(PersonalToken, Value)>> = BTreeMap::new();
        for (at, report) in of_kind(reports, LeakedKind::PersonalToken) {
            let Some(token) = self.reported_personal_token(report).await? else { continue };
            known[at] = true;
            let details = details(&token.shown, report, LeakResponse::Revoke, by_partner);
            let same = found.entry(token.user_id.to_string()).or_default();
            if !same.iter().any(|(other, _)| other.id == token.id) {
                same.push((token, details));
            }
        }
        let mut failed = Ok(());
        for (user, tokens) in found {
            let revoked = self.revoke_leaked_tokens(act, UserId::stored(user), tokens).await;
            failed = failed.and(revoked);
        }
        failed
    }

    async fn reported_personal_token(&self, report: &ReportedLeak) -> Result<Option<PersonalToken>> {
        for digest in &report.digests {
            let query = sqlx::query("SELECT * FROM personal_tokens WHERE digest = $1 OR refresh_digest = $1");
            if let Some(row) = query.bind(digest.0.to_vec()).fetch_optional(self.read()).await? {
                return personal_tokens::token(&row).map(Some);
            }
        }
        Ok(None)
    }

    async fn revoke_leaked_tokens(&self, act: &Act, user: UserId, tokens: Vec<(PersonalToken, Value)>) -> Result<()> {
        let (store, act) = (self.clone(), act.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(SYSTEM).await?;
            let now = tx.now().micros();
            let mut events = Vec::new();
            for (token, details) in tokens {
                let ended = sqlx::query(
                    "UPDATE personal_tokens SET revoked_at = $2 \
                     WHERE id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)",
                );
                let ended = ended.bind(token.id.to_string()).bind(now).execute(tx.on()).await?;
                if ended.rows_affected() == 0 {
                    continue;
                }
                tx.notes(Entry::PersonalTokenRevoked { id: token.id.to_string() });
                let target = personal_tokens::target(&token);
                let revoked = NewEvent::of_system(Action::PersonalTokenRevoked, target.clone());
                tx.record(revoked.with(json!({ "reason": REASON }))).await?;
                events.push((NewEvent::of_system(Action::PersonalTokenLeaked, target), details));
            }
            tx.tell_together(events, std::slice::from_ref(&user)).await
        })
        .await
    }
}

impl Tx {
    /// Records these, sends one mail about the first to each of `people`, and commits.
    pub(super) async fn tell_together(mut self, events: Vec<(NewEvent, Value)>, people: &[UserId]) -> Result<()> {
        if events.is_empty() {
            return self.commit_counts().await;
        }
        let others = events.len() - 1;
        for (at, (event, mut details)) in events.into_iter().enumerate() {
            if at == 0 && others > 0 {
                details["others"] = others.into();
            }
            let to = if at == 0 { people } else { &[] };
            self.record_and_mail_all(event.with(details), to, Mail::Leaked).await?;
        }
        self.commit().await
    }

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

pub(super) fn details(shown: &str, report: &ReportedLeak, response: LeakResponse, by_partner: bool) -> Value {
    json!({
        "shown": shown,
        "place": report.place,
        "response": response.as_str(),
        "reported_by": reporter(by_partner),
    })
}
