//! What organizations demand of sign-ins: kept, changed, and checked where something is read or written.

use std::time::Duration;

use serde_json::{Value, json};
use sqlx::any::AnyRow;

use super::{
    Store, detached,
    row::Read,
    second_factors::HAS_FACTOR,
    sign_in_judge::{DEMANDS, POLICY, SIGNED_IN_AT, missing, of_session, of_token},
    tx::Tx,
};
use crate::{
    Error, Result, Timestamp,
    audit::{Act, Action, Actor, Credential, NewEvent, Target},
    id::{OrgId, PersonalTokenId, UserId},
    journal::Entry,
    member::Permission,
    org::Org,
    sign_in_policy::{Missing, SignInPolicy},
};

/// An organization that a person does not get into with a session or a token, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedOrg {
    pub org_id: OrgId,
    pub missing: Vec<Missing>,
}

/// What a person had shown when a session began, for what is made with it.
#[derive(Clone, Debug, Default)]
pub(super) struct ShownAtSignIn {
    /// The URL of the issuer by which they signed in.
    pub provider: Option<String>,
    /// When they signed in, by the issuer's word where it says. A confirmation here does not count.
    pub signed_in_at: Option<Timestamp>,
    pub with_factor: bool,
}

const READ: &str = "SELECT o.id, sp.factor_from, sp.lifetime, sp.idle, sp.most_sessions, \
    (SELECT rq.provider FROM required_sign_ins rq WHERE rq.org_id = o.id) AS issuer FROM orgs o \
    LEFT JOIN sign_in_policies sp ON sp.org_id = o.id WHERE o.id = $1";

const DOMAINS: &str = "SELECT domain FROM sign_in_domains WHERE org_id = $1 ORDER BY domain";

fn policy(row: &AnyRow, domains: &[AnyRow]) -> Result<SignInPolicy> {
    let units = |column, unit: Duration| -> Result<Option<u32>> {
        let units = row.int_opt(column)?.map(|micros| micros / i64::try_from(unit.as_micros()).unwrap_or(i64::MAX));
        Ok(units.and_then(|units| u32::try_from(units).ok()))
    };
    let (one, minute) = (Duration::from_micros(1), Duration::from_secs(60));
    let mut domains = domains.iter().map(|row| row.text("domain")).collect::<Result<Vec<_>>>()?;
    // Databases sort by their own rules.
    domains.sort();
    Ok(SignInPolicy {
        issuer: row.text_opt("issuer")?,
        factor_from: row.time_opt("factor_from")?,
        lifetime_hours: units("lifetime", 60 * minute)?,
        idle_minutes: units("idle", minute)?,
        domains,
        most_sessions: units("most_sessions", one)?,
    })
}

/// As in events. The issuer has an event of its own.
fn described(policy: &SignInPolicy) -> Value {
    json!({
        "factor_from": policy.factor_from, "lifetime_hours": policy.lifetime_hours,
        "idle_minutes": policy.idle_minutes, "domains": policy.domains, "most_sessions": policy.most_sessions,
    })
}

fn micros(duration: Option<Duration>) -> Option<i64> {
    duration.and_then(|duration| i64::try_from(duration.as_micros()).ok())
}

impl Store {
    /// What an organization demands.
    pub async fn sign_in_policy(&self, org: &OrgId) -> Result<SignInPolicy> {
        let row = sqlx::query(READ).bind(org.to_string()).fetch_optional(self.read()).await?;
        let domains = sqlx::query(DOMAINS).bind(org.to_string()).fetch_all(self.read()).await?;
        policy(&row.ok_or(Error::NotFound)?, &domains)
    }

    /// From when on an organization requires a second factor, if that is ahead and the person has none.
    pub async fn factor_due(&self, org: &OrgId, user: &UserId) -> Result<Option<Timestamp>> {
        let sql = format!(
            "SELECT sp.factor_from FROM sign_in_policies sp CROSS JOIN users u WHERE sp.org_id = $1 AND u.id = $2 \
             AND sp.factor_from > $3 AND NOT {HAS_FACTOR}"
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(org.to_string()).bind(user.to_string());
        let row = query.bind(self.now().micros()).fetch_optional(self.read()).await?;
        row.map(|row| row.time("factor_from")).transpose()
    }

    /// Replaces what an organization demands. Who sets it has to meet it, as if its day had come, so that nobody locks themselves
    /// out.
    pub async fn set_sign_in_policy(&self, act: &Act, org: &Org, new: SignInPolicy) -> Result<()> {
        let new = new.check(self.now()).map_err(Error::Invalid)?;
        self.change_sign_in_policy(act, org, move |_| new).await?;
        Ok(())
    }

    /// Ends all that is demanded: on the command line, for people who are locked out, be it by an issuer that is gone or by one of
    /// the owners. Returns what it was.
    pub async fn end_sign_in_policy(&self, act: &Act, org: &Org) -> Result<SignInPolicy> {
        self.change_sign_in_policy(act, org, |_| SignInPolicy::default()).await
    }

    /// Returns what was demanded before.
    async fn change_sign_in_policy(
        &self,
        act: &Act,
        org: &Org,
        change: impl FnOnce(SignInPolicy) -> SignInPolicy + Send + 'static,
    ) -> Result<SignInPolicy> {
        let (store, act, org) = (self.clone(), act.clone(), org.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(org.id.as_str()).await?;
            tx.needs(&org.id, Permission::OwnOrg).await?;
            let row = sqlx::query(READ).bind(org.id.to_string()).fetch_optional(tx.on()).await?;
            let domains = sqlx::query(DOMAINS).bind(org.id.to_string()).fetch_all(tx.on()).await?;
            let before = policy(&row.ok_or(Error::NotFound)?, &domains)?;
            let new = change(before.clone());
            if before == new {
                return Ok(before);
            }
            tx.may_change_issuer(before.issuer.as_deref(), new.issuer.as_deref()).await?;
            tx.write_sign_in_policy(&org.id, &before, &new).await?;
            tx.locks_nobody_out(&org.id).await?;
            let target = Target::new("organization", &org.id, &org.name);
            if before.issuer != new.issuer {
                tx.notes(Entry::SignInRequired { org: org.id.to_string(), provider: new.issuer.clone() });
                let details = json!({ "provider": new.issuer, "from": before.issuer });
                tx.record(NewEvent::of(&org.id, Action::SignInRequired, target.clone()).with(details)).await?;
            }
            let (from, to) = (described(&before), described(&new));
            if from != to {
                let details = json!({ "policy": to, "from": from });
                tx.record(NewEvent::of(&org.id, Action::SignInPolicyChanged, target).with(details)).await?;
            }
            tx.commit().await?;
            Ok(before)
        })
        .await
    }

    /// The organizations of a person that this session does not get into.
    pub async fn closed_to_session(&self, session: &[u8; 32]) -> Result<Vec<ClosedOrg>> {
        let sql = format!(
            "SELECT {}o.id FROM sessions s JOIN users u ON u.id = s.user_id JOIN orgs o ON o.id IN \
             (SELECT g.org_id FROM grants g WHERE g.subject = u.id) {POLICY} WHERE s.id_digest = $1 AND {DEMANDS}",
            of_session("$2")
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(session.to_vec()).bind(self.now().micros());
        closed(&query.fetch_all(self.read()).await?)
    }

    /// Whether a session gets into an organization of its person.
    pub async fn is_open_to(&self, session: &[u8; 32], org: &OrgId) -> Result<bool> {
        Ok(self.closed_to_session(session).await?.iter().all(|closed| closed.org_id != *org))
    }

    /// The same as [`Self::closed_to_session`] for a token.
    pub async fn closed_to_token(&self, token: &PersonalTokenId) -> Result<Vec<ClosedOrg>> {
        let sql = format!(
            "SELECT {}o.id FROM personal_tokens t JOIN users u ON u.id = t.user_id JOIN orgs o ON o.id IN \
             (SELECT g.org_id FROM grants g WHERE g.subject = u.id) {POLICY} WHERE t.id = $1 AND {DEMANDS}",
            of_token()
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(token.to_string()).bind(self.now().micros());
        closed(&query.fetch_all(self.read()).await?)
    }
}

fn closed(rows: &[AnyRow]) -> Result<Vec<ClosedOrg>> {
    let mut closed = Vec::new();
    for row in rows {
        let missing = missing(row)?;
        if !missing.is_empty() {
            closed.push(ClosedOrg { org_id: OrgId::stored(row.text("id")?), missing });
        }
    }
    Ok(closed)
}

impl Tx {
    async fn write_sign_in_policy(&mut self, org: &OrgId, before: &SignInPolicy, new: &SignInPolicy) -> Result<()> {
        let now = self.now().micros();
        if before.issuer != new.issuer {
            for table in ["required_sign_ins", "broken_glass"] {
                let sql = format!("DELETE FROM {table} WHERE org_id = $1");
                sqlx::query(sqlx::AssertSqlSafe(sql)).bind(org.to_string()).execute(self.on()).await?;
            }
            if let Some(issuer) = new.issuer.clone() {
                sqlx::query("INSERT INTO required_sign_ins (org_id, provider, set_at) VALUES ($1, $2, $3)")
                    .bind(org.to_string())
                    .bind(issuer)
                    .bind(now)
                    .execute(self.on())
                    .await?;
            }
        }
        for table in ["sign_in_domains", "sign_in_policies"] {
            let sql = format!("DELETE FROM {table} WHERE org_id = $1");
            sqlx::query(sqlx::AssertSqlSafe(sql)).bind(org.to_string()).execute(self.on()).await?;
        }
        if new.is_empty() {
            return Ok(());
        }
        sqlx::query(
            "INSERT INTO sign_in_policies (org_id, factor_from, lifetime, idle, most_sessions, set_at) \
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(org.to_string())
        .bind(new.factor_from.map(Timestamp::micros))
        .bind(micros(new.lifetime()))
        .bind(micros(new.idle()))
        .bind(new.most_sessions.map(i64::from))
        .bind(now)
        .execute(self.on())
        .await?;
        for domain in new.domains.clone() {
            sqlx::query("INSERT INTO sign_in_domains (org_id, domain) VALUES ($1, $2)")
                .bind(org.to_string())
                .bind(domain)
                .execute(self.on())
                .await?;
        }
        Ok(())
    }

    /// Fails if the acting person does not end the requirement of an issuer with a session of that issuer, as an owner under broken
    /// glass does not; or would replace it by another, with which they can't have signed in at once. The command line ends it for
    /// an issuer that is gone.
    async fn may_change_issuer(&mut self, before: Option<&str>, new: Option<&str>) -> Result<()> {
        if before.is_none() || before == new {
            return Ok(());
        }
        if new.is_some() {
            return Err(Error::field("issuer", "Require none first; then sign in with the other, and require that."));
        }
        if *self.actor() != Actor::CommandLine && self.shown_by_actor().await?.provider.as_deref() != before {
            return Err(Error::Forbidden(
                "Only who is signed in with the required issuer can end this. If the issuer is gone, an operator can.",
            ));
        }
        Ok(())
    }

    /// Fails if the session that set a policy does not meet it, with an error at the field.
    async fn locks_nobody_out(&mut self, org: &OrgId) -> Result<()> {
        let forever = i64::MAX.to_string();
        let Some(first) = self.missing_of_session(org, &forever).await?.into_iter().next() else { return Ok(()) };
        let (field, message) = match first {
            Missing::Address => {
                ("domains", "Your own e-mail address is not of these, or not verified: you would lock yourself out.")
            }
            Missing::Issuer { .. } => {
                ("issuer", "Sign in with it yourself first: otherwise you would lock yourself out.")
            }
            Missing::Factor => {
                ("factor", "Set up a second factor for yourself first: otherwise you would lock yourself out.")
            }
            Missing::ShownFactor => (
                "factor",
                "Sign in with your second factor, or confirm that it’s you with it, first: otherwise you would lock yourself out.",
            ),
            Missing::Recent => ("lifetime_hours", "Sign in again first: otherwise you would lock yourself out."),
            Missing::Pause => ("idle_minutes", "Confirm that it’s you first: otherwise you would lock yourself out."),
            Missing::Room => {
                ("most_sessions", "You have more sessions than that: sign out everywhere else first, on your account.")
            }
        };
        Err(Error::field(field, message))
    }

    /// What the acting session lacks for an organization; nothing for who acts without one.
    async fn missing_of_session(&mut self, org: &OrgId, factor_due: &str) -> Result<Vec<Missing>> {
        let Actor::User { credential: Credential::Session(session), .. } = self.actor().clone() else {
            return Ok(Vec::new());
        };
        let sql = format!(
            "SELECT {}o.id FROM sessions s JOIN users u ON u.id = s.user_id CROSS JOIN orgs o {POLICY} \
             WHERE s.id_digest = $1 AND o.id = $3",
            of_session(factor_due)
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(session.to_vec()).bind(self.now().micros());
        let row = query.bind(org.to_string()).fetch_optional(self.on()).await?;
        row.as_ref().map_or_else(|| Ok(Vec::new()), missing)
    }

    /// Fails if the acting person's session or token does not meet what an organization demands.
    pub(super) async fn meets_sign_in_policy(&mut self, org: &OrgId) -> Result<()> {
        let Actor::User { credential, .. } = self.actor().clone() else { return Ok(()) };
        let missing = match credential {
            // They are signing in, or accept an invitation.
            Credential::None => return Ok(()),
            Credential::Session(_) => self.missing_of_session(org, "$2").await?,
            Credential::Token { id, .. } => {
                let sql = format!(
                    "SELECT {}o.id FROM personal_tokens t JOIN users u ON u.id = t.user_id CROSS JOIN orgs o {POLICY} \
                     WHERE t.id = $1 AND o.id = $3",
                    of_token()
                );
                let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.to_string()).bind(self.now().micros());
                let row = query.bind(org.to_string()).fetch_optional(self.on()).await?;
                row.as_ref().map_or_else(|| Ok(Vec::new()), missing)?
            }
        };
        missing.first().map_or(Ok(()), |missing| Err(Error::Forbidden(missing.refusal())))
    }

    /// What the acting person had shown when their session began; nothing for who acts without one.
    pub(super) async fn shown_by_actor(&mut self) -> Result<ShownAtSignIn> {
        let Actor::User { credential: Credential::Session(session), .. } = self.actor().clone() else {
            return Ok(ShownAtSignIn::default());
        };
        let sql = format!(
            "SELECT s.provider, s.factor_at, {SIGNED_IN_AT} AS signed_in_at FROM sessions s WHERE s.id_digest = $1"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(session.to_vec());
        let Some(row) = row.fetch_optional(self.on()).await? else { return Ok(ShownAtSignIn::default()) };
        Ok(ShownAtSignIn {
            provider: row.text_opt("provider")?,
            signed_in_at: row.time_opt("signed_in_at")?,
            with_factor: row.time_opt("factor_at")?.is_some(),
        })
    }
}
