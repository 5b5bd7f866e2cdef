//! Sends invitations, for the pages and the API. Each is counted, by sender, organization and address: a person may not want the mails.

use std::time::Duration;

use sallyport::{
    Error,
    audit::Act,
    id::OrgId,
    invitation::{Invitation, NewInvitations},
    place::Place,
    throttle::{Attempt, Throttled, Throttles, Who},
};

use crate::{attempts::in_words, context::Context};

/// An invitation that was sent, and its link if mail is off: for the person who invites to hand over.
#[derive(Debug)]
pub struct Sent {
    pub invitation: Invitation,
    pub url: Option<String>,
}

/// Why nobody was invited.
pub enum NotSent {
    /// Too many were, with the time until another is accepted.
    Throttled {
        message: String,
        wait: Duration,
    },
    Refused(Error),
}

impl From<Error> for NotSent {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

/// Invites people to a role at a place.
pub async fn invite(context: &Context, act: &Act, place: &Place, new: NewInvitations) -> Result<Vec<Sent>, NotSent> {
    let counted = count(context, act, &place.org_id, &new.emails).await?;
    let new = NewInvitations { handed_over: !context.has_mail, ..new };
    let made = context.store.invite(act, place, new).await;
    let made = keep_if_sent(context, counted, made).await?;
    Ok(made.into_iter().map(|invitation| sent(context, invitation)).collect())
}

/// Sends an invitation again, with a new link.
pub async fn resend(context: &Context, act: &Act, invitation: &Invitation) -> Result<Sent, NotSent> {
    let counted = count(context, act, &invitation.org_id, std::slice::from_ref(&invitation.email)).await?;
    let again = context.store.resend_invitation(act, &invitation.id, !context.has_mail).await;
    Ok(sent(context, keep_if_sent(context, counted, again).await?))
}

fn sent(context: &Context, invitation: Invitation) -> Sent {
    let url = (!context.has_mail).then(|| invitation.url(context.store.vault(), &context.public_url));
    Sent { invitation, url }
}

async fn count(context: &Context, act: &Act, org: &OrgId, emails: &[String]) -> Result<Vec<Attempt>, NotSent> {
    let mut counted = Vec::new();
    // By the sender too, who could create one organization after the other.
    let senders = [(Who::Inviting, act.actor.id()), (Who::Inviting, org.as_str())];
    let of_each = emails.iter().flat_map(|email| senders.into_iter().chain([(Who::Invited, email.as_str())]));
    for (who, account) in of_each.collect::<Vec<_>>() {
        match context.attempts.begin(who, account).await? {
            Ok(attempt) => counted.push(attempt),
            Err(Throttled { wait, .. }) => {
                take_back(context, counted).await;
                let whom = if matches!(who, Who::Inviting) { "Too many people" } else { account };
                let verb = if matches!(who, Who::Inviting) { "were invited" } else { "was invited too often" };
                return Err(NotSent::Throttled {
                    message: format!("{whom} {verb}. Try again in {}.", in_words(wait)),
                    wait,
                });
            }
        }
    }
    Ok(counted)
}

async fn keep_if_sent<T>(context: &Context, counted: Vec<Attempt>, sent: Result<T, Error>) -> Result<T, Error> {
    if sent.is_err() {
        take_back(context, counted).await;
    }
    sent
}

async fn take_back(context: &Context, counted: Vec<Attempt>) {
    for attempt in counted {
        context.attempts.take_back(attempt).await;
    }
}
