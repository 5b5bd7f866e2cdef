//! `/sign-in`.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{
    audit::Actor,
    user::{Password, User, check_email},
};
use serde::Deserialize;
use tower_sessions::Session;

use super::theme::local;
use crate::{
    access::{ORIGIN, Origin, USER},
    components::{ErrorSummary, Hidden, TextField},
    context::{Client, Context},
    error::{PageError, PageResult},
    form::FormState,
    islands::SubmitOnce,
    portal::Page,
    ui::{Asked, Typed, Ui, refuse, see_other},
};

#[derive(Deserialize)]
pub struct SignInQuery {
    #[serde(default)]
    next: String,
}

pub async fn get(ui: Ui, Asked(query): Asked<SignInQuery>) -> PageResult {
    if ui.context.store.is_empty().await? {
        return Ok(see_other("/setup"));
    }
    Ok(ui.ok(page(FormState::new().with_default("next", local(&query.next)))).await)
}

pub async fn post(ui: Ui, State(context): State<Context>, session: Session, Typed(form): Typed) -> PageResult {
    // What is no address is nobody's, and costs the same.
    let email = check_email(&form.value("email")).unwrap_or_default();
    let password = form.value("password");
    // Hashing a megabyte would be a favour to whoever floods us; no such password can have been set.
    let password = Password::new(if password.chars().count() > Password::MOST { String::new() } else { password });
    let signed_in = async {
        let known = context.store.user_to_sign_in(&email).await?;
        let hash = known.as_ref().map(|(_, hash)| hash.as_str());
        // Asked even where nobody is known: the time must not tell.
        let right = context.passwords.matches(&password, hash).await?;
        let user = known.map(|(user, _)| user);
        if !right {
            context.store.record_refused_sign_in(&ui.client.act(Actor::Anonymous), user.as_ref()).await?;
        }
        Ok::<_, sallyport::Error>(user.filter(|_| right))
    };
    match signed_in.await {
        Ok(Some(user)) => {
            start(&session, &user, &ui.client).await?;
            Ok(see_other(local(&form.value("next"))))
        }
        Ok(None) => {
            let form =
                form.with_error("", "No account has this e-mail address and password. Check both and try again.");
            Ok(ui.refused(page(form)).await)
        }
        Err(error) => Ok(ui.refused(page(refuse(form, error)?)).await),
    }
}

/// A session with a new id, whatever the browser brought (OWASP: Session Fixation).
pub async fn start(session: &Session, user: &User, client: &Client) -> Result<(), PageError> {
    let failed = |error: tower_sessions::session::Error| {
        tracing::error!(%error, "a session could not be started");
        PageError::Unavailable
    };
    session.flush().await.map_err(failed)?;
    session.insert(USER, &user.id).await.map_err(failed)?;
    let origin = Origin {
        address: Some(client.address()),
        user_agent: client.user_agent.clone(),
        request_id: Some(client.request_id.clone()),
    };
    session.insert(ORIGIN, origin).await.map_err(failed)?;
    // Written now and not with the answer: whoever is sent on finds it there.
    session.save().await.map_err(failed)
}

fn page(form: FormState) -> Page {
    Page::bare("Sign in", move || {
        view! {
            <h1 class="card-title">"Sign in"</h1>
            <form method="post" action="/sign-in" novalidate class="stack">
                <ErrorSummary form=&form/>
                <Hidden name="next" value=form.value("next")/>
                <TextField form=&form name="email" label="Email" kind="email" autocomplete="username" autofocus=!form.is_refused()/>
                <TextField form=&form name="password" label="Password" kind="password" autocomplete="current-password"/>
                <button class="btn btn-primary btn-wide">"Sign in"</button>
                <SubmitOnce/>
            </form>
        }
    })
}
