//! `/account`: name, password, tokens and sessions of the signed-in person.

pub mod authenticator;
mod command_lines;
pub mod confirm;
pub mod link;
mod linked;
pub mod new_password;
pub mod passkeys;
mod password;
pub mod recovery_codes;
mod sessions;
pub mod tokens;
mod two_step;

use leptos::prelude::*;
use sallyport::{
    personal_token::{PersonalToken, TokenKind},
    session::OpenSession,
};
use serde::Deserialize;

use crate::{
    access::SignedIn,
    acts::{
        Caller,
        account::{change_password, end_other_sessions, end_session, rename},
        error::ActError,
        single_sign_on::unlink_sign_in,
    },
    components::{Avatar, DoneNotice, ErrorSummary, Hidden, Notice, PageHead, Setting, TextField, Tone},
    error::{PageError, PageResult},
    form::FormState,
    islands::SubmitOnce,
    pages::sign_in::with_device_cookie,
    portal::Page,
    shell,
    ui::{Typed, Ui, UrlQuery, refuse, see_other},
    words::OnDay,
};
use command_lines::CommandLines;
use linked::LinkedSignIns;
use password::{NoPassword, PasswordForm};
use sessions::Sessions;
use tokens::PersonalTokens;
use two_step::TwoStep;

#[derive(Deserialize)]
pub struct AccountQuery {
    /// What was just changed.
    #[serde(default)]
    changed: String,
}

impl AccountQuery {
    fn sentence(&self) -> Option<&'static str> {
        match self.changed.as_str() {
            "name" => Some("Your name was changed."),
            "password" => Some("Your password was changed, and you are signed out everywhere else."),
            "session" => Some("That session is signed out."),
            "sessions" => Some("You are signed out everywhere else."),
            "recovery-codes" => Some("Two-step verification is on. Keep your recovery codes safe."),
            "authenticator-removed" => Some("The authenticator app is removed."),
            "passkey" => Some("The passkey is added. You can sign in with it."),
            "passkey-removed" => Some("The passkey is removed. It does not sign you in any more."),
            "linked" => Some("The sign-in is linked. You can use it from now on."),
            "token" => Some("The token is revoked. Requests with it are refused."),
            "command-line" => Some("That command line is signed out."),
            _ => None,
        }
    }
}

fn changed_to(what: &str) -> axum::response::Response {
    see_other(format!("/account?changed={what}"))
}

pub async fn get(ui: Ui, me: SignedIn, UrlQuery(query): UrlQuery<AccountQuery>) -> PageResult {
    let form = FormState::new().with_default("name", &me.user.name);
    Ok(ui.ok(page(&ui, &me, form, query.sentence()).await?))
}

/// One address for every form of the page; the field `do` says which.
pub async fn post(ui: Ui, caller: Caller, me: SignedIn, Typed(form): Typed) -> PageResult {
    let (what, done) = match form.value("do").as_str() {
        "name" => ("name", caller.run(rename(form.value("name"))).await),
        "password" => {
            let changed = caller.run(change_password(form.value("current_password"), form.value("new_password"))).await;
            return match changed {
                Ok(started) => Ok(with_device_cookie(started, changed_to("password"))),
                Err(error) => refused(&ui, &me, form, error).await,
            };
        }
        "session" => ("session", caller.run(end_session(form.value("session"))).await),
        "unlink" => {
            caller.run(unlink_sign_in(form.value("provider"), form.value("subject"))).await?;
            return Ok(see_other("/sign-in"));
        }
        "sessions" => ("sessions", caller.run(end_other_sessions()).await),
        _ => {
            return Err(PageError::BadRequest(
                "This form does not belong to this page. Open the page again.".to_owned(),
            ));
        }
    };
    match done {
        Ok(()) => Ok(changed_to(what)),
        // These have no fields to correct.
        Err(error) if what != "name" => Err(error.into()),
        Err(error) => refused(&ui, &me, form, error).await,
    }
}

async fn refused(ui: &Ui, me: &SignedIn, form: FormState, error: ActError) -> PageResult {
    let wait = error.wait();
    let page = page(ui, me, refuse(form, error)?, None).await?;
    Ok(ui.refused_for(page, wait))
}

/// The page below a dialog.
async fn plain(ui: &Ui, me: &SignedIn) -> Result<Page, PageError> {
    page(ui, me, FormState::new().with_default("name", &me.user.name), None).await
}

async fn page(ui: &Ui, me: &SignedIn, form: FormState, done: Option<&'static str>) -> Result<Page, PageError> {
    let chrome = shell::here(shell::of_person(ui, me).await?, "Your account");
    let store = &ui.context.store;
    let open: Vec<OpenSession> = store.sessions_of(&me.user.id).await?;
    let identities = store.identities_of(&me.user.id).await?;
    let issuers = ui.context.single_sign_on.issuers().to_vec();
    let factors = store.second_factors(&me.user.id).await?;
    let has_password = store.has_password(&me.user.id).await?;
    let passkeys = store.passkeys_of(&me.user.id).await?;
    let host = ui.context.relying_party.as_ref().map(|portal| portal.id().to_owned());
    let (tokens, command_lines): (Vec<PersonalToken>, Vec<_>) =
        store.personal_tokens(&me.user.id).await?.into_iter().partition(|token| token.kind == TokenKind::Created);
    let public_url = ui.context.public_url.clone();
    let (now, user, this) = (store.now(), me.user.clone(), me.session);
    Ok(Page::framed("Your account", chrome, move || {
        // Input and errors belong to the form that was sent.
        let (named, passwords) = match form.value("do").as_str() {
            "password" => (FormState::new().with_default("name", &user.name), form),
            _ => (form, FormState::new()),
        };
        let (id, name, email) = (user.id.to_string(), user.name.clone(), user.email.clone());
        let (sub, since) = (user.email.clone(), user.created_at);
        view! {
            <PageHead
                title="Your account"
                sub=move || view! {
                    <span>{sub}</span>
                    <span>"Member since "<OnDay at=since now/></span>
                    {user.operator.then(|| view! { <span>"Operator of this portal"</span> })}
                }
            />
            <DoneNotice text=done/>
            {user.unverified.then(|| view! {
                <Notice tone=Tone::Warning>
                    <b>"Your e-mail address is not verified. "</b>
                    "Your account was made with a link that was not sent by mail. Until an invitation that was sent to the address is accepted, no link to reset your password can be sent."
                </Notice>
            })}
            <div class="columns">
                <Setting title="Profile" about=move || view! {
                    <div class="person"><Avatar id name/><span>"Shown with your actions in the activity log, and to other members."</span></div>
                }>
                    <form method="post" action="/account" novalidate class="stack form">
                        <ErrorSummary form=&named/>
                        <Hidden name="do" value="name"/>
                        <TextField form=&named name="name" label="Name" autocomplete="name"/>
                        <div class="form-foot"><button class="btn">"Change name"</button></div>
                        <SubmitOnce/>
                    </form>
                </Setting>
                {match has_password {
                    true => view! { <PasswordForm form=passwords email/> }.into_any(),
                    false => view! { <NoPassword form=passwords/> }.into_any(),
                }}
                <TwoStep factors passkeys host now/>
                <LinkedSignIns identities issuers/>
                <PersonalTokens tokens now/>
                <Sessions open this now/>
                <CommandLines signed_in=command_lines public_url now/>
            </div>
        }
    }))
}
