//! `/sign-in/with/{issuer_id}`: the way to an issuer, and back from it.

use axum::{
    extract::{FromRequestParts, Path},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::Response,
};
use leptos::prelude::*;

use crate::{
    acts::{
        ActError, Caller, InPage,
        single_sign_on::{Arrived, Onward, begin_with, sign_in_with},
    },
    components::{Notice, Tone},
    context::Context,
    error::{PageError, PageResult},
    pages::{sign_in::signed_in, theme::local},
    portal::Page,
    sign_in_cookies::Kept,
    single_sign_on::{Answer, Flow},
    ui::{Typed, Ui, UrlQuery, see_other},
};

/// The issuer that an address names.
pub struct IssuerPath {
    issuer_id: String,
}

impl FromRequestParts<Context> for IssuerPath {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, PageError> {
        // What is no text names nothing.
        let path = Path::<String>::from_request_parts(parts, context).await;
        path.map(|Path(issuer_id)| Self { issuer_id }).map_err(|_| PageError::NotFound)
    }
}

/// A button `Continue with NAME`.
pub async fn post(ui: Ui, caller: Caller, path: IssuerPath, Typed(form): Typed) -> PageResult {
    let next = form.value("next");
    let again = form.value("again") == "1";
    match caller.run(begin_with(path.issuer_id, local(&next).to_owned(), again)).await {
        Ok(InPage(onward)) => Ok(onwards(&ui, onward)),
        Err(error) => not_signed_in(&ui, error),
    }
}

/// The issuer sends the browser back to this address. What it brings is bound to the browser by a cookie, and
/// the issuer takes its code once.
pub async fn get(
    ui: Ui,
    caller: Caller,
    headers: HeaderMap,
    path: IssuerPath,
    UrlQuery(answer): UrlQuery<Answer>,
) -> PageResult {
    let mut response = match caller.run(sign_in_with(path.issuer_id, answer)).await {
        Ok(InPage(Arrived::SignedIn(started, next))) => signed_in(&ui, &headers, started, &next).await,
        Ok(InPage(Arrived::HasAccount(cookie))) => {
            let mut response = see_other("/account/link");
            if let Some(cookie) = cookie {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            response
        }
        Err(error) => not_signed_in(&ui, error)?,
    };
    if let Some(cookie) = Flow::forget(&ui.context) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// A page that leads to another origin. Not a redirect: browsers apply `form-action` to those after a form.
fn onwards(ui: &Ui, Onward { name, url, cookie }: Onward) -> Response {
    let mut response = leaving(ui, format!("Continue with {name}"), url);
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// A page that leads to this address of another origin at once, also without scripts.
pub fn leaving(ui: &Ui, title: String, url: String) -> Response {
    let (heading, href) = (title.clone(), url.clone());
    let mut response = ui.ok(Page::bare(title, move || {
        view! {
            <h1 class="card-title">{heading}</h1>
            <p class="card-sub">"You are taken there. If nothing happens, follow the link."</p>
            <a class="btn btn-primary btn-wide" href=href>"Continue"</a>
        }
    }));
    if let Ok(refresh) = HeaderValue::try_from(format!("0;url={url}")) {
        response.headers_mut().insert(header::REFRESH, refresh);
    }
    response
}

/// Says why nobody was signed in. An issuer that is not set up has no page.
fn not_signed_in(ui: &Ui, error: ActError) -> PageResult {
    let error = PageError::from(error);
    if !matches!(error, PageError::Forbidden(_) | PageError::Busy(_) | PageError::BadRequest(_)) {
        return Err(error);
    }
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::FORBIDDEN);
    let message = error.message();
    Ok(ui.show(
        status,
        Page::bare("Not signed in", move || {
            view! {
                <h1 class="card-title">"Not signed in"</h1>
                <Notice tone=Tone::Warning>{message}</Notice>
                <a class="btn btn-primary btn-wide" href="/sign-in">"Back to the sign-in"</a>
            }
        }),
    ))
}
