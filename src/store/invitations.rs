//! Invitations: sent, listed, sent again and revoked by the people who manage a place's members. `acceptance.rs` is about
//! those who accept.

mod acceptance;
mod inviter;

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    Store, detached,
    grants::{PlaceKey, at_or_below},
    old_rows::Old,
    row::Read,
    tx::Tx,
};
use crate::{
    Error, Result,
    audit::{Act, Action, Actor, NewEvent, Target},
    id::{InvitationId, OrgId},
    invitation::{Invitation, NewInvitations, VALID},
    mail::Mail,
    member::Role,
    place::{Place, PlaceKind, PlaceRef},
};

/// How long an invitation is kept after it expired.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The most open invitations of an organization, which a page lists.
const MOST_OPEN: i64 = 500;

/// Of `invitations i` and its organization.
const SELECT: &str = "SELECT i.*, CAST(CASE WHEN o.suspended_at IS NULL THEN 0 ELSE 1 END AS BIGINT) AS suspended, COALESCE((SELECT t.name FROM tenants t WHERE t.id = i.place_id), \
    (SELECT p.name FROM projects p WHERE p.id = i.place_id), o.name) AS place_name, \
    COALESCE((SELECT u.name FROM users u WHERE u.id = i.invited_by), \
    (SELECT k.name FROM root_tokens k WHERE k.id = i.invited_by), '') AS inviter_name \
    FROM invitations i JOIN orgs o ON o.id = i.org_id";

fn read(row: &impl Read) -> Result<Invitation> {
    Ok(Invitation {
        id: InvitationId::stored(row.text("id")?),
        org_id: OrgId::stored(row.text("org_id")?),
        kind: row.word("place_kind", PlaceKind::parse)?,
        place_id: row.text("place_id")?,
        place_name: row.text("place_name")?,
        role: row.word("role", Role::parse)?,
        email: row.text("email")?,
        message: row.text("message")?,
        invited_by: row.text("invited_by")?,
        inviter_name: row.text("inviter_name")?,
        generation: u32::try_from(row.int("generation")?).unwrap_or(u32::MAX),
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
        handed_over: row.flag("handed_over")?,
        suspended: row.flag("suspended")?,
    })
}

fn place_of(invitation: &Invitation) -> PlaceKey {
    PlaceKey { kind: invitation.kind, id: invitation.place_id.clone(), org_id: invitation.org_id.clone() }
}

/// Shown to a person who asks for something that another did before.
fn ended() -> Error {
    Error::Conflict { code: "invitation_ended", message: "This invitation was accepted or revoked already.".to_owned() }
}

impl Store {
    /// Invites people to a role at a place: all of them, or none.
    pub async fn invite<'a>(
        &self,
        act: &Act,
        place: impl Into<PlaceRef<'a>>,
        new: NewInvitations,
    ) -> Result<Vec<Invitation>> {
        let (store, act, place) = (self.clone(), act.clone(), PlaceKey::from(place.into()));
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(place.org_id.as_str()).await?;
            tx.needs_to_grant(&place, new.role.into()).await?;
            tx.may_invite(&place.org_id, new.emails.len()).await?;
            let at = tx.described(&place).await?;
            let mut made = Vec::with_capacity(new.emails.len());
            for email in &new.emails {
                let id = InvitationId::mint(store.entropy());
                if made.is_empty() {
                    // A repeated request is told the first.
                    tx.makes(id.as_str()).await?;
                }
                tx.may_be_invited(&place, email).await?;
                made.push(tx.add_invitation(id, &place, email, &new, at.clone()).await?);
            }
            tx.commit().await?;
            Ok(made)
        })
        .await
    }

    /// Sends an invitation again, with a new link that is valid as long as the first was: the one before ends. `handed_over`
    /// is that of [`NewInvitations`].
    pub async fn resend_invitation(&self, act: &Act, id: &InvitationId, handed_over: bool) -> Result<Invitation> {
        let (store, act, id) = (self.clone(), act.clone(), id.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let (_, place) = tx.managed_invitation(&id).await?;
            tx.may_invite(&place.org_id, 0).await?;
            let sender = tx.inviter()?;
            let done = sqlx::query(
                "UPDATE invitations SET generation = generation + 1, expires_at = $2, invited_by = $3, handed_over = $4 \
                 WHERE id = $1 AND ended_at IS NULL",
            );
            let expires_at = tx.now() + VALID;
            let done = done.bind(id.to_string()).bind(expires_at.micros()).bind(sender);
            let done = done.bind(i64::from(handed_over)).execute(tx.on()).await?;
            if done.rows_affected() == 0 {
                return Err(ended());
            }
            let again = tx.invitation(&id).await?.ok_or(Error::NotFound)?;
            let at = tx.described(&place).await?;
            tx.sends_invitation(&again, Action::InvitationResent, at).await?;
            tx.commit().await?;
            Ok(again)
        })
        .await
    }

    /// Revokes an invitation: its link ends at once.
    pub async fn revoke_invitation(&self, act: &Act, id: &InvitationId) -> Result<()> {
        let (store, act, id) = (self.clone(), act.clone(), id.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let (invitation, place) = tx.managed_invitation(&id).await?;
            if !tx.end_invitation(&id).await? {
                return Err(ended());
            }
            let at = tx.described(&place).await?;
            tx.record(event(&invitation, Action::InvitationRevoked, at)).await?;
            tx.commit().await
        })
        .await
    }

    /// An invitation, ended or not.
    pub async fn invitation(&self, id: &InvitationId) -> Result<Option<Invitation>> {
        let sql = format!("{SELECT} WHERE i.id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.to_string()).fetch_optional(self.read()).await?;
        row.as_ref().map(read).transpose()
    }

    /// Those of a place and of everything in it that were neither accepted nor revoked, newest first.
    pub async fn invitations<'a>(&self, place: impl Into<PlaceRef<'a>>) -> Result<Vec<Invitation>> {
        let place = place.into();
        let sql = format!(
            "{SELECT} WHERE i.ended_at IS NULL AND i.org_id = $1 AND {} ORDER BY i.created_at DESC, i.id",
            at_or_below(place.kind)
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(place.org_id.to_string())
            .bind(place.id.to_owned())
            .fetch_all(self.read())
            .await?;
        rows.iter().map(read).collect()
    }

    /// Deletes invitations that expired more than 30 days ago; returns how many.
    pub async fn delete_invitations(&self) -> Result<u64> {
        let old = Old { table: "invitations", key: "id", when: "expires_at < $1" };
        self.delete_old(old, (self.now() - KEPT).micros()).await
    }
}

/// What happened to an invitation. `at` is the place, unless it is the organization.
fn event(invitation: &Invitation, action: Action, at: Option<Value>) -> NewEvent {
    let mut details = json!({ "role": invitation.role.as_str() });
    if let Some(at) = at {
        details["at"] = at;
    }
    let target = Target::new("invitation", &invitation.id, &invitation.email);
    NewEvent::of(&invitation.org_id, action, target).with(details)
}

impl Tx {
    /// An invitation whose role the actor may grant, and its place.
    async fn managed_invitation(&mut self, id: &InvitationId) -> Result<(Invitation, PlaceKey)> {
        let invitation = self.held_invitation(id).await?;
        let place = place_of(&invitation);
        self.needs_to_grant(&place, invitation.role.into()).await?;
        Ok((invitation, place))
    }

    /// The id of who invites: their permission is checked again when the invitation is accepted.
    fn inviter(&self) -> Result<String> {
        match self.actor() {
            Actor::User { id, .. } => Ok(id.to_string()),
            Actor::RootToken { id, .. } => Ok(id.to_string()),
            _ => Err(Error::Forbidden("Only a person or a root token can invite.")),
        }
    }

    /// Fails if the organization is suspended, or would have more open invitations than it may have. The chain has to be
    /// locked.
    async fn may_invite(&mut self, org: &OrgId, more: usize) -> Result<()> {
        let row = sqlx::query(
            "SELECT o.suspended_at, (SELECT COUNT(*) FROM invitations i WHERE i.org_id = o.id AND i.ended_at IS NULL) AS open \
             FROM orgs o WHERE o.id = $1",
        );
        let row = row.bind(org.to_string()).fetch_optional(self.on()).await?.ok_or(Error::NotFound)?;
        if row.time_opt("suspended_at")?.is_some() {
            return Err(Error::Forbidden("This organization is suspended, so nobody can be invited."));
        }
        let most = MOST_OPEN - i64::try_from(more).unwrap_or(MOST_OPEN);
        if row.int("open")? > most {
            let message = format!("An organization has at most {MOST_OPEN} open invitations. Revoke some first.");
            return Err(Error::field("emails", message));
        }
        Ok(())
    }

    /// Fails if the person has a role at the place or was invited there. The chain has to be locked.
    async fn may_be_invited(&mut self, place: &PlaceKey, email: &str) -> Result<()> {
        let refused = |why: &str| Error::field("emails", format!("{email} {why}"));
        let member = sqlx::query(
            "SELECT 1 FROM grants g JOIN users u ON u.id = g.subject \
             WHERE g.org_id = $1 AND g.place_id = $2 AND u.email = $3 LIMIT 1",
        );
        let open = sqlx::query(
            "SELECT 1 FROM invitations WHERE org_id = $1 AND place_id = $2 AND email = $3 AND ended_at IS NULL",
        );
        for (query, why) in [
            (member, "is a member here already. Change their role in the list of members."),
            (open, "was invited here already. Send that invitation again, or revoke it first."),
        ] {
            let query = query.bind(place.org_id.to_string()).bind(place.id.clone()).bind(email.to_owned());
            if query.fetch_optional(self.on()).await?.is_some() {
                return Err(refused(why));
            }
        }
        Ok(())
    }

    async fn add_invitation(
        &mut self,
        id: InvitationId,
        place: &PlaceKey,
        email: &str,
        new: &NewInvitations,
        at: Option<Value>,
    ) -> Result<Invitation> {
        let (now, by) = (self.now(), self.inviter()?);
        sqlx::query(
            "INSERT INTO invitations (id, org_id, place_kind, place_id, role, email, message, invited_by, generation, \
             created_at, expires_at, handed_over) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $10, $11)",
        )
        .bind(id.to_string())
        .bind(place.org_id.to_string())
        .bind(place.kind.noun())
        .bind(place.id.clone())
        .bind(new.role.as_str())
        .bind(email.to_owned())
        .bind(new.message.clone())
        .bind(by)
        .bind(now.micros())
        .bind((now + VALID).micros())
        .bind(i64::from(new.handed_over))
        .execute(self.on())
        .await?;
        let invitation = self.invitation(&id).await?.ok_or(Error::NotFound)?;
        self.sends_invitation(&invitation, Action::InvitationSent, at).await?;
        Ok(invitation)
    }

    async fn sends_invitation(&mut self, invitation: &Invitation, action: Action, at: Option<Value>) -> Result<()> {
        let mail = Mail::Invitation { invitation_id: invitation.id.clone(), generation: invitation.generation };
        self.enqueue_mail(&mail).await?;
        self.record(event(invitation, action, at)).await
    }

    /// An invitation, after the chain of its organization was locked.
    async fn held_invitation(&mut self, id: &InvitationId) -> Result<Invitation> {
        let org = self.invitation(id).await?.ok_or(Error::NotFound)?.org_id;
        self.lock_chain(org.as_str()).await?;
        self.invitation(id).await?.ok_or(Error::NotFound)
    }

    async fn invitation(&mut self, id: &InvitationId) -> Result<Option<Invitation>> {
        let sql = format!("{SELECT} WHERE i.id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.to_string()).fetch_optional(self.on()).await?;
        row.as_ref().map(read).transpose()
    }

    /// Ends an invitation; `false` if it had ended.
    async fn end_invitation(&mut self, id: &InvitationId) -> Result<bool> {
        let now = self.now().micros();
        let done = sqlx::query("UPDATE invitations SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL")
            .bind(id.to_string())
            .bind(now)
            .execute(self.on())
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Ends the open ones to this address at a place and everything in it, and returns their events. The chain has to be
    /// locked.
    pub(super) async fn end_invitations_to(&mut self, place: &PlaceKey, email: &str) -> Result<Vec<NewEvent>> {
        let (org, within) = (place.org_id.to_string(), at_or_below(place.kind));
        let sql =
            format!("{SELECT} WHERE i.ended_at IS NULL AND i.org_id = $1 AND i.email = $3 AND {within} ORDER BY i.id");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(org).bind(place.id.clone()).bind(email.to_owned());
        let mut events = Vec::new();
        for row in query.fetch_all(self.on()).await? {
            let invitation = read(&row)?;
            self.end_invitation(&invitation.id).await?;
            let at = self.described(&place_of(&invitation)).await?;
            events.push(event(&invitation, Action::InvitationRevoked, at));
        }
        Ok(events)
    }

    /// Deletes those of a place and of everything in it, before these are deleted. The chain has to be locked.
    pub(super) async fn delete_invitations_within(&mut self, place: &Place) -> Result<()> {
        let sql = format!("DELETE FROM invitations WHERE org_id = $1 AND {}", at_or_below(place.kind));
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(place.org_id.to_string());
        query.bind(place.id.clone()).execute(self.on()).await?;
        Ok(())
    }
}
