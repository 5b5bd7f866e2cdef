//! Organizations that are seen only by people who signed in with their issuer; and the owners' way in while it is down.

use std::time::Duration;

use serde_json::json;

use super::{Store, detached, grants::PlaceKey, row::Read, tx::Tx};
use crate::{
    Error, Result,
    audit::{Act, Action, Actor, Credential, NewEvent, Target},
    id::{OrgId, UserId},
    journal::Entry,
    mail::Mail,
    member::{Permission, Role},
    org::Org,
    place::PlaceRef,
    second_factor::{SecondProof, TypedCode},
    user::User,
};

/// How long an owner is let in without the issuer.
const BROKEN: Duration = Duration::from_secs(60 * 60);

/// An authenticator app that was set up so shortly before does not count: whoever has only the password could set one up.
const SETTLED: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Shown where something is done without the issuer.
const REQUIRED: &str = "This organization requires single sign-on: sign in with its issuer first.";

/// The same for a personal token or a command line.
pub const REQUIRED_OF_TOKEN: &str = "This organization requires single sign-on. Sign in to the portal with its issuer, and create \
    the personal token, or approve the command line, there.";

/// The issuer that a session `s` of a person `u` lacks for an organization `o`, as a column; `$2` is the time.
pub(super) const MISSING: &str = "(SELECT rq.provider FROM required_sign_ins rq WHERE rq.org_id = o.id \
    AND rq.provider <> COALESCE(s.provider, '') AND NOT EXISTS (SELECT 1 FROM broken_glass bg \
    WHERE bg.org_id = o.id AND bg.session = s.id_digest AND bg.until_at > $2)) AS missing_sign_in, ";

/// The condition that an organization is open to a session: the digest of its token and the time are given in SQL. The one for
/// whatever lists or finds across organizations.
pub(super) fn open_to_session(org: &str, session: &str, now: &str) -> String {
    format!(
        "NOT EXISTS (SELECT 1 FROM required_sign_ins rq WHERE rq.org_id = {org} AND NOT EXISTS \
         (SELECT 1 FROM sessions rs WHERE rs.id_digest = {session} AND rs.provider = rq.provider) AND NOT EXISTS \
         (SELECT 1 FROM broken_glass bg WHERE bg.org_id = {org} AND bg.session = {session} AND bg.until_at > {now}))"
    )
}

/// The same for a personal token, whose id is given: its session was signed in by the issuer, to which its person is still
/// linked.
pub(super) fn open_to_token(org: &str, token: &str) -> String {
    format!(
        "NOT EXISTS (SELECT 1 FROM required_sign_ins rq WHERE rq.org_id = {org} AND NOT EXISTS \
         (SELECT 1 FROM personal_tokens rt JOIN identities ri ON ri.user_id = rt.user_id AND ri.provider = rt.provider \
         WHERE rt.id = {token} AND rt.provider = rq.provider))"
    )
}

impl Store {
    /// The URL of the issuer that an organization requires.
    pub async fn required_sign_in(&self, org: &OrgId) -> Result<Option<String>> {
        let row = sqlx::query("SELECT provider FROM required_sign_ins WHERE org_id = $1").bind(org.to_string());
        row.fetch_optional(self.read()).await?.map(|row| row.text("provider")).transpose()
    }

    /// Whether a session sees an organization, as far as the issuer goes that this requires.
    pub async fn is_open_to(&self, session: &[u8; 32], org: &OrgId) -> Result<bool> {
        let sql = format!("SELECT 1 FROM orgs o WHERE o.id = $1 AND {}", open_to_session("o.id", "$2", "$3"));
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(org.to_string()).bind(session.to_vec());
        Ok(query.bind(self.now().micros()).fetch_optional(self.read()).await?.is_some())
    }

    /// Requires an issuer, or none. Who requires one has to be signed in with it, so that nobody locks themselves out; and who
    /// ends that, with the one that was required. The command line ends it for an issuer that is gone.
    pub async fn require_sign_in(&self, act: &Act, org: &Org, provider: Option<String>) -> Result<()> {
        let (store, act, org) = (self.clone(), act.clone(), org.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(org.id.as_str()).await?;
            tx.needs(&org.id, Permission::OwnOrg).await?;
            let before =
                sqlx::query("SELECT provider FROM required_sign_ins WHERE org_id = $1").bind(org.id.to_string());
            let before = before.fetch_optional(tx.on()).await?.map(|row| row.text("provider")).transpose()?;
            if before == provider {
                return Ok(());
            }
            let signed_in = tx.provider_of_actor().await?;
            if before.is_some() && provider.is_some() {
                return Err(Error::field("issuer", "Require none first; then sign in with the other, and require that."));
            }
            if before.is_some() && signed_in != before && *tx.actor() != Actor::CommandLine {
                return Err(Error::Forbidden(
                    "Only who is signed in with the required issuer can end this. If the issuer is gone, an operator can.",
                ));
            }
            if provider.is_some() && signed_in != provider {
                let message = "Sign in with it yourself first: otherwise you would lock yourself out.";
                return Err(Error::field("issuer", message));
            }
            for table in ["required_sign_ins", "broken_glass"] {
                let sql = format!("DELETE FROM {table} WHERE org_id = $1");
                sqlx::query(sqlx::AssertSqlSafe(sql)).bind(org.id.to_string()).execute(tx.on()).await?;
            }
            if let Some(provider) = provider.clone() {
                sqlx::query("INSERT INTO required_sign_ins (org_id, provider, set_at) VALUES ($1, $2, $3)")
                    .bind(org.id.to_string())
                    .bind(provider)
                    .bind(store.now().micros())
                    .execute(tx.on())
                    .await?;
            }
            tx.notes(Entry::SignInRequired { org: org.id.to_string(), provider: provider.clone() });
            let target = Target::new("organization", &org.id, &org.name);
            let details = json!({ "provider": provider, "from": before });
            tx.record(NewEvent::of(&org.id, Action::SignInRequired, target).with(details)).await?;
            tx.commit().await
        })
        .await
    }

    /// Whether a person is an owner of an organization that requires an issuer: they may break the glass.
    pub async fn may_break_glass(&self, org: &OrgId, user: &UserId) -> Result<bool> {
        let row = sqlx::query(
            "SELECT 1 FROM required_sign_ins rq JOIN grants g ON g.org_id = rq.org_id AND g.place_id = rq.org_id \
             WHERE rq.org_id = $1 AND g.subject = $2 AND g.role = 'owner'",
        );
        Ok(row.bind(org.to_string()).bind(user.to_string()).fetch_optional(self.read()).await?.is_some())
    }

    /// Lets an owner in for an hour without the issuer, in this session by password alone, with a code that is used up. All owners
    /// are told by mail, each time.
    pub async fn break_glass(&self, act: &Act, org: &OrgId, user: &User, code: TypedCode) -> Result<()> {
        let (store, act, org, user) = (self.clone(), act.clone(), org.clone(), user.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(org.as_str()).await?;
            let place = PlaceKey::from(PlaceRef::from(&org));
            if !tx.roles_at((&place).into(), &user.id).await?.contains(Role::Owner) {
                return Err(Error::NotFound);
            }
            let required = sqlx::query("SELECT 1 FROM required_sign_ins WHERE org_id = $1").bind(org.to_string());
            if required.fetch_optional(tx.on()).await?.is_none() {
                return Err(Error::NotFound);
            }
            let added = sqlx::query("SELECT added_at FROM authenticators WHERE user_id = $1").bind(user.id.to_string());
            let added = added.fetch_optional(tx.on()).await?.map(|row| row.time("added_at")).transpose()?;
            if added.is_none_or(|added| added > store.now() - SETTLED) {
                return Err(Error::Forbidden(
                    "Only owners who set up an authenticator app more than seven days ago can do this. Ask another owner, or an \
                     operator of this portal.",
                ));
            }
            let session = match tx.actor() {
                Actor::User { credential: Credential::Session(session), .. } => *session,
                _ => return Err(Error::SignedOut),
            };
            if tx.provider_of_actor().await?.is_some() {
                return Err(Error::Forbidden("Sign out, and sign in with your password and your code first."));
            }
            tx.needs_second_factor(&user, Some(SecondProof::Code(code))).await?;
            sqlx::query(
                "INSERT INTO broken_glass (org_id, session, until_at) VALUES ($1, $2, $3) \
                 ON CONFLICT (org_id, session) DO UPDATE SET until_at = excluded.until_at",
            )
            .bind(org.to_string())
            .bind(session.to_vec())
            .bind((store.now() + BROKEN).micros())
            .execute(tx.on())
            .await?;
            let owners = sqlx::query(
                "SELECT g.subject FROM grants g JOIN users u ON u.id = g.subject WHERE g.org_id = $1 \
                 AND g.place_id = $1 AND g.role = 'owner' AND u.disabled_at IS NULL ORDER BY g.subject",
            );
            let owners = owners.bind(org.to_string()).fetch_all(tx.on()).await?;
            let owners: Vec<_> =
                owners.iter().map(|row| Ok(UserId::stored(row.text("subject")?))).collect::<Result<_>>()?;
            let target = Target::new("user", &user.id, &user.name);
            tx.record_and_mail_all(NewEvent::of(&org, Action::GlassBroken, target), &owners, Mail::GlassBroken).await?;
            tx.commit().await
        })
        .await
    }
}

impl Tx {
    /// The issuer by which the acting person signed in; `None` for a password, and for whoever has no session.
    pub(super) async fn provider_of_actor(&mut self) -> Result<Option<String>> {
        let Actor::User { credential: Credential::Session(session), .. } = self.actor().clone() else {
            return Ok(None);
        };
        let row = sqlx::query("SELECT provider FROM sessions WHERE id_digest = $1").bind(session.to_vec());
        Ok(row.fetch_optional(self.on()).await?.map(|row| row.text_opt("provider")).transpose()?.flatten())
    }

    /// Fails if an organization requires an issuer with which the acting person did not sign in.
    pub(super) async fn needs_required_sign_in(&mut self, org: &OrgId) -> Result<()> {
        let Actor::User { credential, .. } = self.actor().clone() else { return Ok(()) };
        let is_token = matches!(credential, Credential::Token { .. });
        let row = match credential {
            // They are signing in, or accept an invitation.
            Credential::None => return Ok(()),
            Credential::Session(session) => {
                let sql = format!(
                    "SELECT {MISSING} o.id FROM sessions s JOIN users u ON u.id = s.user_id CROSS JOIN orgs o \
                     WHERE s.id_digest = $1 AND o.id = $3"
                );
                let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(session.to_vec()).bind(self.now().micros());
                query.bind(org.to_string()).fetch_optional(self.on()).await?
            }
            Credential::Token { id, .. } => {
                let sql = format!(
                    "SELECT CAST(CASE WHEN {} THEN NULL ELSE 'token' END AS TEXT) AS missing_sign_in \
                     FROM orgs o WHERE o.id = $1",
                    open_to_token("o.id", "$2")
                );
                let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(org.to_string()).bind(id.to_string());
                query.fetch_optional(self.on()).await?
            }
        };
        let missing = row.map(|row| row.text_opt("missing_sign_in")).transpose()?.flatten();
        let message = if is_token { REQUIRED_OF_TOKEN } else { REQUIRED };
        if missing.is_some() { Err(Error::Forbidden(message)) } else { Ok(()) }
    }
}
