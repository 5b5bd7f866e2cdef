//! `/invitations/{token}`: accepts an invitation. Opening it changes nothing: mail programs open links, too.

use axum::{http::StatusCode, response::Response};
use leptos::prelude::*;
use sallyport::invitation::Invitation;

use super::{
    home::Visitor,
    link_token::{Asked, text},
    sign_in::with_device_cookie,
};
use crate::{
    acts::{
        ActError, Caller,
        invitations::{accept_invitation, accept_invitation_as_new},
    },
    components::{ErrorSummary, LeadIcon, NewPasswordField, Notice, PasswordOf, TextField, Tone},
    error::{PageError, PageResult},
    form::FormState,
    icons::Icon,
    islands::SubmitOnce,
    portal::Page,
    ui::{Typed, Ui, refuse, see_other},
};

/// Who opened the link.
enum Opener {
    /// Nobody is signed in, and no account has the address.
    New,
    /// The account with the address was made by somebody who has not shown that it is theirs. This mail shows it.
    Proves,
    /// An account has the address, whose person has to sign in.
    SignedOut,
    Invited,
    /// Another person is signed in, with this address.
    Other(String),
}

impl Opener {
    async fn of(visitor: &Visitor, invitation: &Invitation) -> Result<Self, PageError> {
        let account = visitor.context.store.account_by_email(&invitation.email).await?;
        let proves = account.as_ref().is_some_and(|account| invitation.proves_address_of(&account.user));
        Ok(match &visitor.me {
            Some(me) if me.user.email != invitation.email => Self::Other(me.user.email.clone()),
            _ if proves => Self::Proves,
            Some(_) => Self::Invited,
            None if account.is_some() => Self::SignedOut,
            None => Self::New,
        })
    }
}

pub async fn get(ui: Ui, visitor: Visitor, token: Asked) -> PageResult {
    let token = text(token);
    let Some(invitation) = ui.context.store.invitation_of_token(&token).await? else { return Ok(ended(&ui).await) };
    let opener = Opener::of(&visitor, &invitation).await?;
    Ok(ui.ok(page(FormState::new(), token, invitation, opener)))
}

pub async fn post(ui: Ui, visitor: Visitor, caller: Caller, token: Asked, Typed(form): Typed) -> PageResult {
    let token = text(token);
    let store = &ui.context.store;
    let Some(invitation) = store.invitation_of_token(&token).await? else { return Ok(ended(&ui).await) };
    let place = invitation.kind.path(&invitation.place_id);
    let done = match Opener::of(&visitor, &invitation).await? {
        Opener::New | Opener::Proves => {
            let made = accept_invitation_as_new(token.clone(), form.value("name"), form.value("password"));
            caller.run(made).await.map(|started| with_device_cookie(started, see_other(&place)))
        }
        _ => caller.run(accept_invitation(token.clone())).await.map(|()| see_other(&place)),
    };
    match done {
        Ok(answer) => Ok(answer),
        Err(ActError::Denied(PageError::NotFound) | ActError::Refused(PageError::Forbidden(_))) => Ok(ended(&ui).await),
        Err(error) => {
            let wait = error.wait();
            // An account may have been created with the address meanwhile.
            let opener = Opener::of(&visitor, &invitation).await?;
            Ok(ui.refused_for(page(refuse(form, error)?, token, invitation, opener), wait))
        }
    }
}

fn page(form: FormState, token: String, invitation: Invitation, opener: Opener) -> Page {
    Page::bare("Invitation", move || {
        let Invitation { kind, place_name, role, email, message, inviter_name, .. } = invitation;
        let by =
            if inviter_name.is_empty() { "You are invited".to_owned() } else { format!("{inviter_name} invites you") };
        let about = format!("{by} to the {} {place_name}, as {}.", kind.noun(), role.title());
        let message = (!message.is_empty()).then(|| view! { <Notice tone=Tone::Neutral>{message}</Notice> });
        let path = format!("/invitations/{token}");
        view! {
            <h1 class="card-title">{format!("Join {place_name}")}</h1>
            <p class="card-sub">{about}</p>
            {message}
            {match opener {
                Opener::New => view! { <NewAccount form path email/> }.into_any(),
                Opener::Proves => view! { <NewAccount form path email taken=true/> }.into_any(),
                Opener::Invited => view! { <Accept form path email/> }.into_any(),
                Opener::SignedOut => view! { <SignIn path email/> }.into_any(),
                Opener::Other(me) => view! { <SignOut me email/> }.into_any(),
            }}
        }
    })
}

#[component]
fn NewAccount(
    form: FormState,
    path: String,
    email: String,
    /// There is an account, made by somebody who may be another person.
    #[prop(optional)]
    taken: bool,
) -> impl IntoView {
    let taken = taken.then(|| {
        view! {
            <Notice tone=Tone::Neutral>
                "An account was made for this address with a link that was not sent to it. Choose your name and a new password: what was signed in before is signed out, and its tokens and second factors end."
            </Notice>
        }
    });
    view! {
        <form method="post" action=path novalidate class="stack">
            <ErrorSummary form=&form/>
            {taken}
            <p>"Your account is for "<b>{email.clone()}</b>"."</p>
            <PasswordOf email/>
            <TextField form=&form name="name" label="Name" autocomplete="name" autofocus=!form.is_refused()/>
            <NewPasswordField form name="password" label="Password"/>
            <button class="btn btn-primary btn-wide">"Accept invitation"</button>
            <SubmitOnce/>
        </form>
    }
}

#[component]
fn Accept(form: FormState, path: String, email: String) -> impl IntoView {
    view! {
        <form method="post" action=path class="stack">
            <ErrorSummary form=&form/>
            <p>"You are signed in as "<b>{email}</b>"."</p>
            <button class="btn btn-primary btn-wide">"Accept invitation"</button>
            <SubmitOnce/>
        </form>
    }
}

#[component]
fn SignIn(path: String, email: String) -> impl IntoView {
    let next: String = url::form_urlencoded::byte_serialize(path.as_bytes()).collect();
    view! {
        <p>"There is an account for "<b>{email}</b>". Sign in to accept."</p>
        <a class="btn btn-primary btn-wide" href=format!("/sign-in?next={next}")>"Sign in"</a>
    }
}

#[component]
fn SignOut(me: String, email: String) -> impl IntoView {
    view! {
        <Notice tone=Tone::Warning>
            "You are signed in as "<b>{me}</b>", and this invitation is for "<b>{email}</b>
            ". Sign out, then open the link again."
        </Notice>
        <form method="post" action="/sign-out">
            <button class="btn btn-primary btn-wide">"Sign out"</button>
            <SubmitOnce/>
        </form>
    }
}

/// The same for every link that does not work, whatever the reason.
async fn ended(ui: &Ui) -> Response {
    let page = Page::bare("This invitation does not work", || {
        view! {
            <LeadIcon icon=Icon::Warning/>
            <h1 class="card-title">"This invitation does not work"</h1>
            <p>
                "It was used or revoked, it has expired, or the person who sent it may no longer invite: a link works once, for 7 days. Check that its address is complete."
            </p>
            <p>"Ask the person who invited you to send it again. If you accepted it already, sign in."</p>
            <a class="btn btn-wide" href="/sign-in">"Sign in"</a>
        }
    });
    ui.show(StatusCode::NOT_FOUND, page)
}
