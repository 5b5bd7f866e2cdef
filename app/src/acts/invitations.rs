//! Acts on invitations: of those who manage the members of a place, and of the invited person.

use leptos::prelude::*;
use sallyport::{
    audit::Actor,
    id::InvitationId,
    invitation::{Invitation, NewInvitations, addresses},
    limit::whole_seconds,
    member::{Permission, Role},
    throttle::{Throttled, Throttles, Who},
    user::NewUser,
};

use super::{
    ActError, Caller, InPage,
    inviting::{self, NotSent, Sent},
    members::place_of,
    places::{PlaceAccess, PlaceId},
    sessions::{Started, start},
};
use crate::{attempts::in_words, error::PageError};

impl From<NotSent> for ActError {
    fn from(not_sent: NotSent) -> Self {
        match not_sent {
            NotSent::Throttled { message, wait } => {
                Self::Throttled { field: String::new(), message, seconds: whole_seconds(wait) }
            }
            NotSent::Refused(error) => error.into(),
        }
    }
}

/// Invites people to a role at a place.
#[server(prefix = "/act", endpoint = "invitations/invite")]
pub async fn invite(
    place: PlaceId,
    #[server(default)] emails: String,
    #[server(default)] role: String,
    #[server(default)] message: String,
) -> Result<InPage<Vec<Sent>>, ActError> {
    let caller = Caller::current();
    let access = place_of(&caller, &place).await?;
    access.org.needs(Permission::ManageMembers)?;
    let new = NewInvitations::check(access.place.kind, addresses(&emails), &role, &message)?;
    needs_fresh_for(&caller, &access, new.role).await?;
    Ok(InPage(inviting::invite(&caller.context, &access.org.me.act(), &access.place, new).await?))
}

/// An owner may do everything, so making one needs a fresh sign-in, here as where a role is changed.
async fn needs_fresh_for(caller: &Caller, access: &PlaceAccess, role: Role) -> Result<(), ActError> {
    if role == Role::Owner {
        caller.fresh(&access.org.me).await?;
    }
    Ok(())
}

/// The invitation with this id and its place, if the person manages members where it leads.
async fn managed(caller: &Caller, id: &InvitationId) -> Result<(PlaceAccess, Invitation), ActError> {
    let invitation = caller.store().invitation(id).await?.ok_or(PageError::NotFound)?;
    let place = PlaceId::try_from(invitation.place_id.clone()).map_err(|_| PageError::NotFound)?;
    let access = place_of(caller, &place).await?;
    access.org.needs(Permission::ManageMembers)?;
    Ok((access, invitation))
}

/// Sends an invitation again, with a new link.
#[server(prefix = "/act", endpoint = "invitations/resend")]
pub async fn resend_invitation(invitation: InvitationId) -> Result<InPage<Sent>, ActError> {
    let caller = Caller::current();
    let (access, invitation) = managed(&caller, &invitation).await?;
    needs_fresh_for(&caller, &access, invitation.role).await?;
    Ok(InPage(inviting::resend(&caller.context, &access.org.me.act(), &invitation).await?))
}

/// Revokes an invitation: its link ends.
#[server(prefix = "/act", endpoint = "invitations/revoke")]
pub async fn revoke_invitation(invitation: InvitationId) -> Result<(), ActError> {
    let caller = Caller::current();
    let (access, invitation) = managed(&caller, &invitation).await?;
    Ok(caller.store().revoke_invitation(&access.org.me.act(), &invitation.id).await?)
}

/// A signed-in person accepts an invitation to their own address.
#[server(prefix = "/act", endpoint = "invitations/accept")]
pub async fn accept_invitation(token: String) -> Result<(), ActError> {
    let caller = Caller::current();
    let me = caller.signed_in().await?;
    let invitation = open(&caller, &token).await?;
    if invitation.email != me.user.email {
        return Err(ActError::field("", format!("This invitation is for {}. Sign in as them.", invitation.email)));
    }
    Ok(caller.store().accept_invitation(&me.act(), &invitation, &me.user).await?)
}

/// A person without an account accepts an invitation: creates the account, and signs in. An account whose address nobody has
/// shown to be theirs is taken over by the person who received the mail.
#[server(prefix = "/act", endpoint = "invitations/accept-as-new")]
pub async fn accept_invitation_as_new(
    token: String,
    #[server(default)] name: String,
    #[server(default)] password: String,
) -> Result<Started, ActError> {
    let caller = Caller::current();
    let (context, store) = (&caller.context, caller.store());
    let invitation = open(&caller, &token).await?;
    let account = store.account_by_email(&invitation.email).await?;
    let to_prove = account.as_ref().filter(|account| invitation.proves_address_of(&account.user));
    if account.is_some() && to_prove.is_none() {
        return Err(ActError::field("", "There is an account with this e-mail address already. Sign in to accept."));
    }
    let new = NewUser::check(&name, &invitation.email, &password)?;
    // Hashing is slow on purpose.
    if let Err(Throttled { wait, .. }) = context.attempts.begin(Who::Accepting, invitation.id.as_str()).await? {
        let message = format!("This was sent too often. Try again in {}.", in_words(wait));
        return Err(ActError::Throttled { field: String::new(), message, seconds: whole_seconds(wait) });
    }
    let hash = context.passwords.hash_new(&new.password, "password").await?;
    let nobody = caller.client.act(Actor::Anonymous);
    let user = match to_prove {
        Some(account) => {
            store.accept_invitation_as_proof(&nobody, &invitation, &account.user, new, hash.clone()).await?
        }
        None => store.accept_invitation_as_new(&nobody, &invitation, new, hash.clone()).await?,
    };
    start(&caller, &user, hash).await
}

async fn open(caller: &Caller, token: &str) -> Result<Invitation, ActError> {
    Ok(caller.store().invitation_of_token(token).await?.ok_or(PageError::NotFound)?)
}
