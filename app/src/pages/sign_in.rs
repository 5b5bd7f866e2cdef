//! `/sign-in`.

use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::Response,
};
use leptos::prelude::*;
use sallyport::{
    audit::Actor,
    identity::Proof,
    passwords::Match,
    request::Client,
    user::{Password, User, check_email},
};
use serde::Deserialize;

use super::{home::Visitor, theme::local};
use crate::{
    attempts::{known_device, wait_message, who},
    components::{ErrorSummary, Hidden, Notice, TextField, Tone},
    context::{Context, DemoSignIn},
    error::PageResult,
    form::FormState,
    islands::SubmitOnce,
    portal::Page,
    session::Session,
    ui::{Asked, Typed, Ui, refuse, see_other},
};

#[derive(Deserialize)]
pub struct SignInQuery {
    #[serde(default)]
    next: String,
}

pub async fn get(ui: Ui, visitor: Visitor, Asked(query): Asked<SignInQuery>) -> PageResult {
    if visitor.me.is_some() {
        return Ok(see_other(local(&query.next)));
    }
    if ui.context.store.is_empty().await? {
        return Ok(see_other("/setup"));
    }
    Ok(ui.ok(page(FormState::new().with_default("next", local(&query.next)), ui.context.demo)).await)
}

pub async fn post(
    ui: Ui,
    State(context): State<Context>,
    headers: HeaderMap,
    session: Session,
    Typed(form): Typed,
) -> PageResult {
    // What is no address is nobody's, and costs the same.
    let email = check_email(&form.value("email")).unwrap_or_default();
    let password = Password::typed(form.value("password"));
    let nobody = ui.client.act(Actor::Anonymous);
    let known = context.store.user_to_sign_in(&email).await?;
    let hash = known.as_ref().and_then(|(_, hash)| hash.as_deref());
    let who = who(&context, &headers, ui.client.ip, &email, hash);
    let attempt = match context.attempts.begin(who, &email) {
        Ok(attempt) => attempt,
        Err(throttled) => {
            if throttled.tell {
                context.store.record_refused_sign_in(&nobody, known.as_ref().map(|(user, _)| user), 429).await?;
            }
            let form = form.with_error("", wait_message(throttled.wait));
            return Ok(ui.too_many(page(form, context.demo), throttled.wait).await);
        }
    };
    let signed_in = async {
        // Asked even where nobody is known: the time must not tell.
        let matched = context.passwords.matches(who.lane(), &password, hash).await?;
        if matched == Match::No {
            context.store.record_refused_sign_in(&nobody, known.as_ref().map(|(user, _)| user), 401).await?;
        }
        Ok::<_, sallyport::Error>(matched)
    };
    let signed_in = signed_in.await;
    match signed_in.map(|matched| known.filter(|_| matched != Match::No).map(|known| (known, matched))) {
        Ok(Some(((user, Some(hash)), matched))) => {
            context.attempts.was_right(attempt);
            let hash =
                if matched == Match::Weak { renewed(&context, &ui.client, &user, &password, hash).await } else { hash };
            session.begin(&context, &ui.client, &user, Proof::Password { hash: hash.clone() }).await?;
            Ok(known_here(&context, &user, &hash, see_other(local(&form.value("next")))))
        }
        Ok(_) => {
            let form =
                form.with_error("", "No account has this e-mail address and password. Check both and try again.");
            Ok(ui.refused(page(form, context.demo)).await)
        }
        Err(error) => {
            context.attempts.take_back(attempt);
            Ok(ui.refused(page(refuse(form, error)?, context.demo)).await)
        }
    }
}

/// The answer to somebody who signed in: their browser is known from now on.
#[must_use]
pub fn known_here(context: &Context, user: &User, password_hash: &str, mut answer: Response) -> Response {
    if let Some(cookie) = known_device(context, &user.email, password_hash) {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer
}

/// The hash by which the password is known from now on: the parameters rose since it was set. Signing in goes on where
/// that fails.
async fn renewed(context: &Context, client: &Client, user: &User, password: &Password, hash: String) -> String {
    let act = client.act(Actor::User { id: user.id.clone(), name: user.name.clone(), session: None });
    let renewed = async {
        let new = context.passwords.hash(password).await?;
        let done = context.store.renew_hash(&act, user, hash.clone(), new.clone()).await?;
        Ok::<_, sallyport::Error>(done.then_some(new))
    };
    match renewed.await {
        Ok(new) => new.unwrap_or(hash),
        Err(error) => {
            tracing::warn!(%error, "a password's hash could not be renewed");
            hash
        }
    }
}

fn page(form: FormState, demo: Option<DemoSignIn>) -> Page {
    Page::bare("Sign in", move || {
        let hint = demo.map(|demo| view! {
            <Notice tone=Tone::Neutral>
                "This is the demo. Sign in as "<code>{demo.email}</code>" with the password "<code>{demo.password}</code>
            </Notice>
        });
        view! {
            <h1 class="card-title">"Sign in"</h1>
            {hint}
            <form method="post" action="/sign-in" novalidate class="stack">
                <ErrorSummary form=&form/>
                <Hidden name="next" value=form.value("next")/>
                <TextField form=&form name="email" label="Email" kind="email" autocomplete="username" autofocus=!form.is_refused()/>
                <TextField form=&form name="password" label="Password" kind="password" autocomplete="current-password"/>
                <button class="btn btn-primary btn-wide">"Sign in"</button>
                <p class="hint">"Lost the password? Whoever runs this portal can set another."</p>
                <SubmitOnce/>
            </form>
        }
    })
}
