//! Organizations that are seen only by people who signed in with their issuer; and the owners' way in while it is down.

use std::time::Duration;

use serde_json::json;

use super::{Store, detached, grants::PlaceKey, row::Read, tx::Tx};
use crate::{
    Error, Result,
    audit::{Act, Action, Actor, Credential, NewEvent, Target},
    id::{OrgId, UserId},
    mail::Mail,
    member::{Permission, Role},
    org::Org,
    place::PlaceRef,
    user::User,
};

/// How long an owner is let in without the issuer.
const BROKEN: Duration = Duration::from_secs(60 * 60);

/// Shown where something is done without the issuer.
const REQUIRED: &str = "This organization requires single sign-on: sign in with its issuer first.";

/// The issuer that a session `s` of a person `u` lacks for an organization `o`, as a column; `$2` is the time.
pub(super) const MISSING: &str = "(SELECT rq.provider FROM required_sign_ins rq WHERE rq.org_id = o.id \
    AND rq.provider <> COALESCE(s.provider, '') AND NOT EXISTS (SELECT 1 FROM broken_glass bg \
    WHERE bg.org_id = o.id AND bg.user_id = u.id AND bg.until_at > $2 AND s.provider IS NULL)) AS missing_sign_in, ";

/// The condition that a person, whose id is `person` in SQL, signs in with the issuer that an organization requires: for tokens,
/// which have no session.
pub(super) fn is_linked(org: &str, person: &str) -> String {
    format!(
        "NOT EXISTS (SELECT 1 FROM required_sign_ins rq WHERE rq.org_id = {org} AND NOT EXISTS \
         (SELECT 1 FROM identities ri WHERE ri.provider = rq.provider AND ri.user_id = {person}))"
    )
}

impl Store {
    /// The URL of the issuer that an organization requires.
    pub async fn required_sign_in(&self, org: &OrgId) -> Result<Option<String>> {
        let row = sqlx::query("SELECT provider FROM required_sign_ins WHERE org_id = $1").bind(org.to_string());
        row.fetch_optional(self.read()).await?.map(|row| row.text("provider")).transpose()
    }

    /// Requires an issuer, or none. Who requires one has to be signed in with it, so that nobody locks themselves out.
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
            if provider.is_some() && tx.provider_of_actor().await? != provider {
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

    /// Lets an owner in for an hour without the issuer, with a session by password and second factor. All owners are told by
    /// mail, each time.
    pub async fn break_glass(&self, act: &Act, org: &OrgId, user: &User) -> Result<()> {
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
            if !tx.has_second_factor(&user.id).await? {
                return Err(Error::Forbidden(
                    "Only owners with an authenticator app or a passkey can do this. Add one on your account, or use the issuer.",
                ));
            }
            if tx.provider_of_actor().await?.is_some() {
                return Err(Error::Forbidden("Sign out, and sign in with your second factor first: a code, or a passkey."));
            }
            sqlx::query(
                "INSERT INTO broken_glass (org_id, user_id, until_at) VALUES ($1, $2, $3) \
                 ON CONFLICT (org_id, user_id) DO UPDATE SET until_at = excluded.until_at",
            )
            .bind(org.to_string())
            .bind(user.id.to_string())
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
    async fn provider_of_actor(&mut self) -> Result<Option<String>> {
        let Actor::User { credential: Credential::Session(session), .. } = self.actor().clone() else {
            return Ok(None);
        };
        let row = sqlx::query("SELECT provider FROM sessions WHERE id_digest = $1").bind(session.to_vec());
        Ok(row.fetch_optional(self.on()).await?.map(|row| row.text_opt("provider")).transpose()?.flatten())
    }

    /// Fails if an organization requires an issuer with which the acting person did not sign in.
    pub(super) async fn needs_required_sign_in(&mut self, org: &OrgId) -> Result<()> {
        let Actor::User { id, credential, .. } = self.actor().clone() else { return Ok(()) };
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
            Credential::Token { .. } => {
                let sql = format!(
                    "SELECT CAST(CASE WHEN {} THEN NULL ELSE 'token' END AS TEXT) AS missing_sign_in \
                     FROM orgs o WHERE o.id = $1",
                    is_linked("o.id", "$2")
                );
                let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(org.to_string()).bind(id.to_string());
                query.fetch_optional(self.on()).await?
            }
        };
        let missing = row.map(|row| row.text_opt("missing_sign_in")).transpose()?.flatten();
        if missing.is_some() { Err(Error::Forbidden(REQUIRED)) } else { Ok(()) }
    }
}
