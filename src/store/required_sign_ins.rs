//! The owners' way into an organization that requires an issuer, while that is down.

use std::time::Duration;

use super::{Store, detached, grants::PlaceKey, row::Read};
use crate::{
    Error, Result,
    audit::{Act, Action, Actor, Credential, NewEvent, Target},
    id::{OrgId, UserId},
    mail::Mail,
    member::Role,
    place::PlaceRef,
    second_factor::{SecondProof, TypedCode},
    user::User,
};

/// How long an owner is let in without the issuer.
const BROKEN: Duration = Duration::from_secs(60 * 60);

/// An authenticator app that was set up so shortly before does not count: whoever has only the password could set one up.
const SETTLED: Duration = Duration::from_secs(7 * 24 * 60 * 60);

impl Store {
    /// Whether a person is an owner of an organization that requires an issuer: they may break the glass.
    pub async fn may_break_glass(&self, org: &OrgId, user: &UserId) -> Result<bool> {
        let row = sqlx::query(
            "SELECT 1 FROM required_sign_ins rq JOIN grants g ON g.org_id = rq.org_id AND g.place_id = rq.org_id \
             WHERE rq.org_id = $1 AND g.subject = $2 AND g.role = 'owner'",
        );
        Ok(row.bind(org.to_string()).bind(user.to_string()).fetch_optional(self.read()).await?.is_some())
    }

    /// Lets an owner in for an hour without the issuer, in this session by password or passkey, with a code that is used up. All
    /// owners are told by mail, each time.
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
            if tx.shown_by_actor().await?.provider.is_some() {
                return Err(Error::Forbidden("Sign out, and sign in with your password or a passkey first."));
            }
            if tx.needs_second_factor(&user, Some(SecondProof::Code(code))).await? {
                tx.factor_was_shown().await?;
            }
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
