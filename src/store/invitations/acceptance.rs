//! Accepting an invitation, once.

use serde_json::json;

use super::{
    super::{Store, detached, retried, tx::Tx},
    SELECT, event,
    inviter::may_still_invite,
    place_of, read,
};
use crate::{
    Error, Result,
    audit::{Act, Action, Actor, Credential},
    fold::fold,
    id::{InvitationId, UserId},
    invitation::{self, Invitation},
    member::Roles,
    user::{NewUser, User},
};

/// Shown to a person whose link has ended while they typed.
const ENDED: &str = "This invitation has expired, or was used or revoked. Ask for another.";

impl Store {
    /// An invitation that can be accepted; `None` once it has ended or expired, or if the inviter may not give the role
    /// any more.
    pub async fn open_invitation(&self, id: &InvitationId) -> Result<Option<Invitation>> {
        let sql =
            format!("{SELECT} WHERE i.id = $1 AND i.ended_at IS NULL AND i.expires_at > $2 AND o.suspended_at IS NULL");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.to_string()).bind(self.now().micros());
        let Some(row) = query.fetch_optional(self.read()).await? else { return Ok(None) };
        let invitation = read(&row)?;
        Ok(may_still_invite(self.read(), &invitation, self.now()).await?.then_some(invitation))
    }

    /// The same for the token of a link. Links from before it was sent again have ended.
    pub async fn invitation_of_token(&self, token: &str) -> Result<Option<Invitation>> {
        let Some(id) = invitation::id_of(token) else { return Ok(None) };
        let open = self.open_invitation(&id).await?;
        Ok(open.filter(|open| invitation::is_token(self.vault(), &open.id, open.generation, token)))
    }

    /// Gives a person the role to which they were invited. Roles that they were given at the place in the meantime stay.
    pub async fn accept_invitation(&self, act: &Act, invitation: &Invitation, user: &User) -> Result<()> {
        let (store, act, invitation, user) = (self.clone(), act.clone(), invitation.clone(), user.clone());
        detached(retried(move || {
            let (store, act, invitation, user) = (store.clone(), act.clone(), invitation.clone(), user.clone());
            async move {
                let mut tx = store.begin(&act).await?;
                let invitation = tx.takes_invitation(&invitation, &user.email).await?;
                tx.joins(&invitation, &user).await?;
                tx.commit().await
            }
        }))
        .await
    }

    /// Creates an account for the invited person, who is recorded as the actor, and gives it the role: both or neither.
    /// The role is recorded as given by them, and the account as created by them.
    pub async fn accept_invitation_as_new(
        &self,
        act: &Act,
        invitation: &Invitation,
        new: NewUser,
        password_hash: String,
    ) -> Result<User> {
        let id = UserId::mint(self.entropy());
        let actor = Actor::User { id: id.clone(), name: new.name.clone(), credential: Credential::None };
        let (store, act, invitation) = (self.clone(), Act { actor, ..act.clone() }, invitation.clone());
        detached(retried(move || {
            let (store, act, invitation, id) = (store.clone(), act.clone(), invitation.clone(), id.clone());
            let (new, hash) = (new.clone(), password_hash.clone());
            async move {
                let mut tx = store.begin(&act).await?;
                let invitation = tx.takes_invitation(&invitation, &new.email).await?;
                let user = tx.insert_user(id, new, Some(hash), false, false).await?;
                let user = if invitation.handed_over { tx.is_unverified(user).await? } else { user };
                tx.joins(&invitation, &user).await?;
                tx.commit().await?;
                Ok(user)
            }
        }))
        .await
    }

    /// Accepts an invitation for an account whose e-mail address nobody has shown to be theirs: the person who received
    /// the mail takes it over. Its password is replaced, and its sessions, tokens and second factors end, because somebody else
    /// may have made them.
    pub async fn accept_invitation_as_proof(
        &self,
        act: &Act,
        invitation: &Invitation,
        user: &User,
        new: NewUser,
        password_hash: String,
    ) -> Result<User> {
        let actor = Actor::User { id: user.id.clone(), name: new.name.clone(), credential: Credential::None };
        let (store, act, invitation) = (self.clone(), Act { actor, ..act.clone() }, invitation.clone());
        let user = User { name: new.name, unverified: false, must_change_password: false, ..user.clone() };
        detached(retried(move || {
            let (store, act, invitation) = (store.clone(), act.clone(), invitation.clone());
            let (user, hash) = (user.clone(), password_hash.clone());
            async move {
                let mut tx = store.begin(&act).await?;
                let invitation = tx.takes_invitation(&invitation, &user.email).await?;
                if invitation.handed_over {
                    return Err(Error::Forbidden(ENDED));
                }
                tx.proves_address(&user, hash).await?;
                tx.joins(&invitation, &user).await?;
                tx.commit().await?;
                Ok(user)
            }
        }))
        .await
    }
}

impl Tx {
    async fn is_unverified(&mut self, user: User) -> Result<User> {
        let query = sqlx::query("UPDATE users SET unverified = 1 WHERE id = $1").bind(user.id.to_string());
        query.execute(self.on()).await?;
        Ok(User { unverified: true, ..user })
    }

    /// Of two who do so the second finds the invitation ended.
    async fn proves_address(&mut self, user: &User, hash: String) -> Result<()> {
        let done = sqlx::query(
            "UPDATE users SET unverified = 0, password_hash = $2, must_change_password = 0, name = $3, name_folded = $4 \
             WHERE id = $1 AND unverified = 1 AND disabled_at IS NULL",
        );
        let done = done.bind(user.id.to_string()).bind(hash).bind(user.name.clone()).bind(fold(&user.name));
        if done.execute(self.on()).await?.rows_affected() == 0 {
            return Err(Error::Forbidden(ENDED));
        }
        let revoked = self.end_personal_tokens(&user.id).await?;
        self.password_was_changed(user, Action::AddressVerified, (revoked, 0)).await?;
        // A passkey signs in by itself, and anybody else's factor would lock the person out. After the sessions ended, so that
        // none is added meanwhile.
        self.delete_second_factors(&user.id).await.map(drop)
    }

    /// Ends an invitation because it is accepted. Two that accept it wait for each other: the second finds it ended.
    async fn takes_invitation(&mut self, asked: &Invitation, email: &str) -> Result<Invitation> {
        let refused = || Error::Forbidden(ENDED);
        let invitation = self.held_invitation(&asked.id).await.map_err(|error| match error {
            Error::NotFound => refused(),
            other => other,
        })?;
        let now = self.now();
        let is_open = invitation.generation == asked.generation && invitation.expires_at > now && !invitation.suspended;
        if !is_open || invitation.email != email || !may_still_invite(self.on(), &invitation, now).await? {
            return Err(refused());
        }
        if self.end_invitation(&invitation.id).await? { Ok(invitation) } else { Err(refused()) }
    }

    async fn joins(&mut self, invitation: &Invitation, user: &User) -> Result<()> {
        let place = place_of(invitation);
        let at = self.described(&place).await?;
        let mut accepted = event(invitation, Action::InvitationAccepted, at);
        accepted.details["invited_by"] = json!(invitation.inviter_name);
        self.record(accepted).await?;
        let (had, _) = self.granted_at(&place, &user.id).await?;
        if !had.is_empty() {
            return Ok(());
        }
        self.gives(&place, user, Roles::default(), invitation.role, None).await?;
        sqlx::query("UPDATE grants SET granted_by = $4 WHERE org_id = $1 AND subject = $2 AND place_id = $3")
            .bind(place.org_id.to_string())
            .bind(user.id.to_string())
            .bind(place.id.clone())
            .bind(invitation.invited_by.clone())
            .execute(self.on())
            .await?;
        Ok(())
    }
}
