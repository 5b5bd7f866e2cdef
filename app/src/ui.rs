//! From a page to a response, and from a refused form back to its page.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    body::{Body, to_bytes},
    extract::{FromRequest, FromRequestParts, RawForm, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use leptos::prelude::*;
use sallyport::{
    Error, Invalid,
    audit::{Action, NewEvent, Target},
    decision::plain,
    limit::whole_seconds,
    request::Client,
};
use serde_json::json;

use crate::{
    access::SignedIn,
    context::{Context, Nonce},
    cookies::cookie,
    error::PageError,
    error_page,
    form::FormState,
    kept,
    portal::{Page, Portal, Site, Theme},
    routes::page_at,
};

/// Marks a response that goes out as it is.
#[derive(Clone, Copy, Debug)]
pub struct Uncompressed;

/// Marks a response that is a page already, whatever its status.
#[derive(Clone, Copy, Debug)]
struct Rendered;

/// What rendering needs to know of the request.
pub struct Ui {
    pub context: Context,
    pub client: Client,
    /// Path and query, to come back to.
    pub here: String,
    /// A form was sent, rather than a page asked for.
    is_sent: bool,
    theme: Theme,
    nonce: Nonce,
}

impl Ui {
    fn of(context: &Context, parts: &Parts) -> Self {
        let client = parts.extensions.get::<Client>().cloned().expect("the server names the client of each request");
        let nonce = parts.extensions.get::<Nonce>().cloned().expect("the server makes a nonce for each request");
        let here = parts.uri.path_and_query().map_or("/", |here| here.as_str()).to_owned();
        let is_sent = parts.method == Method::POST;
        Self { context: context.clone(), client, here, is_sent, theme: theme(&parts.headers), nonce }
    }

    /// What the history should hold in place of an answer to a form: going back to that would ask whether to send the
    /// form again. An address, or how many parts of this one's path to leave out: so the page of something that is not
    /// there holds nothing of what was asked for.
    fn instead(&self, page: &Page) -> Option<String> {
        let left_out = || {
            let path = self.here.split('?').next().unwrap_or_default();
            let parts = |path: &str| path.split('/').filter(|part| !part.is_empty()).count();
            (parts(path) - parts(page_at(path))).to_string()
        };
        (self.is_sent && !page.is_secret).then(|| page.address.clone().unwrap_or_else(left_out))
    }

    /// The page as a response.
    pub async fn show(&self, status: StatusCode, page: Page) -> Response {
        let nonce = self.nonce.as_str().to_owned();
        let brand = self.context.store.profile().brand.name.clone();
        let instead = self.instead(&page);
        let site = Site { base: self.context.base.clone(), theme: self.theme, nonce, brand, instead };
        let page = Arc::new(Mutex::new(Some(page)));
        let handler = leptos_axum::render_app_async_with_context(
            || {},
            move || {
                let page = page.lock().unwrap_or_else(PoisonError::into_inner).take();
                let site = site.clone();
                page.map(|page| view! { <Portal page site/> })
            },
        );
        let rendered = handler(Request::new(Body::empty())).await;
        // What a part of the page set, or the one that was meant.
        let status = Some(rendered.status()).filter(|set| *set != StatusCode::OK).unwrap_or(status);
        let mut response = (status, Html(document(rendered.into_body()).await)).into_response();
        response.extensions_mut().insert(Rendered);
        // Pages tell of one person's organizations, and one of them holds secrets: none is kept anywhere.
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }

    /// A part of a page, for an island that asks for it.
    pub fn fragment<V: IntoView>(&self, view: impl FnOnce() -> V) -> Response {
        let html = Owner::new().with(|| view().into_view().to_html());
        ([(header::CACHE_CONTROL, "no-store")], Html(html)).into_response()
    }

    /// A page that shows secrets. It is not compressed: lengths would tell of them (BREACH).
    pub async fn secret(&self, page: Page) -> Response {
        let mut response = self.ok(Page { is_secret: true, ..page }).await;
        response.extensions_mut().insert(Uncompressed);
        response
    }

    /// The page as a response, and all is well.
    pub async fn ok(&self, page: Page) -> Response {
        self.show(StatusCode::OK, page).await
    }

    /// A form that was refused, shown again with what was typed.
    pub async fn refused(&self, page: Page) -> Response {
        self.show(StatusCode::UNPROCESSABLE_ENTITY, page).await
    }

    /// A form that was sent too often, shown again; nothing of it was looked at.
    pub async fn too_many(&self, page: Page, wait: Duration) -> Response {
        let mut response = self.show(StatusCode::TOO_MANY_REQUESTS, page).await;
        response.headers_mut().insert(header::RETRY_AFTER, whole_seconds(wait).into());
        response
    }
}

impl FromRequestParts<Context> for Ui {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, PageError> {
        Ok(Self::of(context, parts))
    }
}

/// The document alone. Leptos appends inline scripts for resources; there are none here, and the policy forbids them.
async fn document(body: Body) -> String {
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let mut text = String::from_utf8(bytes.into()).unwrap_or_default();
    const END: &str = "</html>";
    if let Some(end) = text.rfind(END) {
        text.truncate(end + END.len());
    }
    text
}

fn theme(headers: &HeaderMap) -> Theme {
    cookie(headers, "theme").and_then(Theme::parse).unwrap_or_default()
}

/// A form as it was sent.
pub struct Typed(pub FormState);

impl<S: Send + Sync> FromRequest<S> for Typed {
    type Rejection = PageError;

    async fn from_request(request: Request, state: &S) -> Result<Self, PageError> {
        let RawForm(bytes) = RawForm::from_request(request, state).await.map_err(|rejection| {
            match rejection.into_response().status() {
                StatusCode::PAYLOAD_TOO_LARGE => PageError::TooLarge,
                _ => PageError::BadRequest("A form was expected here (application/x-www-form-urlencoded).".to_owned()),
            }
        })?;
        Ok(Self(FormState::typed(
            url::form_urlencoded::parse(&bytes).map(|(name, value)| (name.into_owned(), value.into_owned())),
        )))
    }
}

/// What the URL asks of a view.
pub struct Asked<T>(pub T);

impl<T: serde::de::DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, PageError> {
        let asked = axum::extract::Query::<T>::try_from_uri(&parts.uri);
        let refused = || {
            PageError::BadRequest("The address has a part that can’t be read; take off what follows the ?.".to_owned())
        };
        asked.map(|asked| Self(asked.0)).map_err(|_| refused())
    }
}

/// A form with what the domain said of it, and what was typed. Only what a page can't say becomes an error page.
pub fn refuse(mut form: FormState, error: Error) -> Result<FormState, PageError> {
    match error {
        Error::Invalid(Invalid(errors)) => {
            for error in errors {
                form.refuse(error.field, error.message);
            }
            Ok(form)
        }
        Error::Busy(message) => Ok(form.with_error("", message)),
        Error::SignedOut | Error::Sealed(_) => Err(error.into()),
        other => {
            let error = PageError::from(other);
            let status = if matches!(error, PageError::BadRequest(_)) { 409 } else { error.status() };
            Ok(form.with_error("", error.message()).with_status(status))
        }
    }
}

/// After a form was taken: its result has an address of its own.
pub fn see_other(to: impl AsRef<str>) -> Response {
    axum::response::Redirect::to(to.as_ref()).into_response()
}

/// Gives each [`PageError`] a page, in the frame of whoever is signed in.
pub async fn error_pages(State(context): State<Context>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let ui = Ui::of(&context, &parts);
    let mut who = error_page::who(&parts);
    let (method, path) = (parts.method.clone(), parts.uri.path().to_owned());
    let typed = kept::Slot::default();
    parts.extensions.insert(typed.clone());
    let response = next.run(Request::from_parts(parts, body)).await;
    if let Some(PageError::Role { org, name, .. }) = response.extensions().get::<PageError>() {
        // Of whom, is known once the session was looked at, which an error's page does anyway.
        if let Ok(Some(me)) = SignedIn::find(&mut who, &context).await {
            let target = Target::new("organization", org, name.as_str());
            let event = NewEvent::of(org, Action::AccessRefused, target).refused(403);
            context.noted.note(
                me.act(),
                event.with(json!({ "method": method.as_str(), "path": plain(&path, 200, context.store.profile()) })),
            );
        }
    }
    let error = match response.extensions().get::<PageError>() {
        Some(error) => error.clone(),
        None if response.status() == StatusCode::METHOD_NOT_ALLOWED => {
            PageError::BadRequest("This address does not take that kind of request.".to_owned())
        }
        None if response.extensions().get::<Rendered>().is_some() => return response,
        // The time-out knows nothing of pages.
        None if response.status() == StatusCode::SERVICE_UNAVAILABLE => PageError::Unavailable,
        None => return response,
    };
    let kept = typed.take().shown_with(&error);
    let page = error_page::page(&ui, &mut who, error, kept).await;
    let mut shown = ui.show(response.status(), page).await;
    if let Some(allow) = response.headers().get(header::ALLOW) {
        shown.headers_mut().insert(header::ALLOW, allow.clone());
    }
    shown
}
