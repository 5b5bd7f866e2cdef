//! `/sign-in`.

pub mod code;
pub mod passkey;
pub mod with;

use axum::{
    http::{HeaderMap, header},
    response::Response,
};
use leptos::prelude::*;
use sallyport::single_sign_on::Issuer;
use serde::Deserialize;

use super::{home::Visitor, theme::local};
use crate::{
    acts::{
        Caller, InPage,
        sessions::{Started, Step, sign_in},
    },
    components::{ErrorSummary, Hidden, Notice, PasskeyButton, TextField, Tone},
    context::DemoSignIn,
    error::PageResult,
    form::FormState,
    islands::SubmitOnce,
    portal::Page,
    resumed::{QUERY, Resumed},
    routes::page_at,
    sign_in_cookies::{Kept, PendingLink},
    ui::{Typed, Ui, UrlQuery, refuse, see_other},
};

#[derive(Deserialize)]
pub struct SignInQuery {
    #[serde(default)]
    next: String,
    /// Another password was set with a link.
    #[serde(default)]
    reset: Option<String>,
}

pub async fn get(ui: Ui, visitor: Visitor, headers: HeaderMap, UrlQuery(query): UrlQuery<SignInQuery>) -> PageResult {
    if visitor.me.is_some() {
        return Ok(see_other(local(&query.next)));
    }
    if ui.context.store.is_empty().await? {
        return Ok(see_other("/setup"));
    }
    let form = FormState::new().with_default("next", local(&query.next));
    Ok(ui.ok(page(&ui, &headers, form, query.reset.is_some())))
}

pub async fn post(ui: Ui, caller: Caller, headers: HeaderMap, Typed(form): Typed) -> PageResult {
    match caller.run(sign_in(form.value("email"), form.value("password"))).await {
        Ok(started) => Ok(signed_in(&ui, &headers, started, &form.value("next")).await),
        Err(error) => {
            let wait = error.wait();
            Ok(ui.refused_for(page(&ui, &headers, refuse(form, error)?, false), wait))
        }
    }
}

/// The response after a sign-in, or after its first step: the form that was sent while signed out, or the next page.
pub(super) async fn signed_in(ui: &Ui, headers: &HeaderMap, started: Started, next: &str) -> Response {
    let was_known = matches!(&started.0, Step::Session(session) if session.was_known);
    let answer = match Resumed::of(&ui.context, headers).filter(|_| was_known) {
        Some(resumed) => form_again(ui, resumed, "You are signed in again", QUERY),
        None => see_other(local(next)),
    };
    with_device_cookie(started, answer)
}

/// The response after a sign-in: the browser is known from now on. Where the second factor is missing it is asked for first,
/// and the page to which the response redirects comes then.
#[must_use]
pub fn with_device_cookie(InPage(step): Started, mut answer: Response) -> Response {
    let cookie = match step {
        Step::Session(session) => session.device,
        Step::SecondFactor(cookie) => {
            let next = answer.headers().get(header::LOCATION).and_then(|next| next.to_str().ok()).unwrap_or("/");
            let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
            answer = see_other(format!("/sign-in/code?next={next}"));
            cookie
        }
    };
    if let Some(cookie) = cookie {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer
}

/// Shows a form that was kept, filled in as it was. `query` marks it as one that is only shown.
pub(super) fn form_again(ui: &Ui, resumed: Resumed, title: &'static str, query: &str) -> Response {
    let (address, action) = (page_at(&resumed.path).to_owned(), format!("{}?{query}", resumed.path));
    let page = Page::bare(title, move || {
        let fields = resumed.fields.into_iter().map(|(name, value)| view! { <Hidden name value/> }).collect_view();
        view! {
            <h1 class="card-title">{title}</h1>
            <p>"What you typed was not sent. Go back to the form, check it, and send it."</p>
            <form method="post" action=action data-resume="">
                {fields}
                <button class="btn btn-primary btn-wide">"Back to the form"</button>
            </form>
        }
    });
    let mut answer = ui.ok(Page { address: Some(address), ..page });
    if let Some(cookie) = Resumed::forget(&ui.context) {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer
}

fn page(ui: &Ui, headers: &HeaderMap, form: FormState, is_reset: bool) -> Page {
    let demo: Option<DemoSignIn> = ui.context.demo;
    let waiting = PendingLink::of(&ui.context, headers).map(|pending| pending.email);
    let issuers: Vec<_> = ui.context.single_sign_on.issuers().to_vec();
    let has_passkeys = ui.context.relying_party.is_some();
    Page::bare("Sign in", move || {
        let reset = is_reset.then(|| {
            view! {
                <Notice tone=Tone::Good>"Your password is set. Sign in with it."</Notice>
            }
        });
        let hint = demo.map(|demo| view! {
            <Notice tone=Tone::Neutral>
                "This is the demo. Sign in as "<code>{demo.email}</code>" with the password "<code>{demo.password}</code>
            </Notice>
        });
        let to_link = waiting.map(|email| view! {
            <Notice tone=Tone::Neutral>
                "There is an account with the address "<b>{email}</b>". Sign in to it as before, and you can link it then."
            </Notice>
        });
        let next = form.value("next");
        view! {
            <h1 class="card-title">"Sign in"</h1>
            {to_link}
            {reset}
            {hint}
            <form method="post" action="/sign-in" novalidate class="stack">
                <ErrorSummary form=&form/>
                <Hidden name="next" value=form.value("next")/>
                <TextField form=&form name="email" label="Email" kind="email" autocomplete="username" autofocus=!form.is_refused()/>
                <TextField form=&form name="password" label="Password" kind="password" autocomplete="current-password"/>
                <button class="btn btn-primary btn-wide">"Sign in"</button>
                <p><a href="/reset">"Forgot your password?"</a>" · "<a href="/report-a-leak">"Report a leaked key"</a></p>
                <SubmitOnce/>
            </form>
            {has_passkeys.then(|| view! { <PasskeyButton action="/sign-in/passkey" purpose="sign-in" next=next.clone()/> })}
            <ContinueWith issuers next/>
        }
    })
}

/// A button for each issuer. `again` if the person has to prove there that it is them.
#[component]
pub fn ContinueWith(issuers: Vec<Issuer>, next: String, #[prop(optional)] again: bool) -> impl IntoView {
    let button = |issuer: Issuer| {
        view! {
            <form method="post" action=format!("/sign-in/with/{}", issuer.id) class="stack">
                <Hidden name="next" value=next.clone()/>
                {again.then(|| view! { <Hidden name="again" value="1"/> })}
                <button class="btn btn-wide">{format!("Continue with {}", issuer.name)}</button>
            </form>
        }
    };
    issuers.into_iter().map(button).collect_view()
}
