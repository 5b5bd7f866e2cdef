//! From a page to a response, and from a refused form back to its page.

use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{Html, IntoResponse, Response},
};
use leptos::prelude::*;
use sallyport::request::Client;

use crate::{
    acts::error::ActError,
    context::{Context, Nonce},
    cookies::cookie,
    error::{PageError, Rendered},
    form::{self, FormState},
    portal::{Frame, Page, Site, Theme},
    recent::Recent,
    render::document,
    routes::page_at,
};

/// Marks a response that goes out as it is.
#[derive(Clone, Copy, Debug)]
pub struct Uncompressed;

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
    /// Which organizations were open last.
    pub recent: Recent,
}

impl Ui {
    pub(crate) fn of(context: &Context, parts: &Parts) -> Self {
        let client = parts.extensions.get::<Client>().cloned().expect("the server names the client of each request");
        let nonce = parts.extensions.get::<Nonce>().cloned().expect("the server makes a nonce for each request");
        let here = parts.uri.path_and_query().map_or("/", |here| here.as_str()).to_owned();
        let is_sent = parts.method == Method::POST;
        Self {
            context: context.clone(),
            client,
            here,
            is_sent,
            theme: theme(&parts.headers),
            nonce,
            recent: Recent::of(&parts.headers),
        }
    }

    /// The address without its query.
    pub fn path(&self) -> &str {
        self.here.split('?').next().unwrap_or_default()
    }

    /// What the history should hold in place of an answer to a form: going back to that would ask whether to send the
    /// form again. An address, or how many parts of this one's path to leave out: so the page of something that is not
    /// there holds nothing of what was asked for.
    fn instead(&self, page: &Page) -> Option<String> {
        let left_out = || {
            let path = self.path();
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
        // A page that is none tells of no organization that it was open.
        let opened = match &page.frame {
            Frame::Chrome(chrome) if status.is_success() => chrome.org.as_ref(),
            _ => None,
        };
        let opened = opened.and_then(|org| self.recent.opened(&org.id, &self.context));
        let site = Site { base: self.context.base.clone(), theme: self.theme, nonce, brand, instead };
        let (set, html) = document(page, site);
        let html = self.context.sub_path.put_into(html);
        // What a part of the page set, or the one that was meant.
        let status = set.unwrap_or(status);
        let mut response = (status, Html(html)).into_response();
        response.extensions_mut().insert(Rendered);
        // Pages tell of one person's organizations, and one of them holds secrets: none is kept anywhere.
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(cookie) = opened {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }

    /// A part of a page, for an island that asks for it.
    pub fn fragment<V: IntoView>(&self, view: impl FnOnce() -> V) -> Response {
        let html = Owner::new().with(|| view().into_view().to_html());
        let html = self.context.sub_path.put_into(html);
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

    /// The same, with the seconds until another is taken where it was sent too often and nothing of it was looked at.
    pub async fn refused_for(&self, page: Page, wait: Option<u64>) -> Response {
        let mut response = self.refused(page).await;
        if let Some(seconds) = wait {
            *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl FromRequestParts<Context> for Ui {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, PageError> {
        Ok(Self::of(context, parts))
    }
}

fn theme(headers: &HeaderMap) -> Theme {
    cookie(headers, "theme").and_then(Theme::parse).unwrap_or_default()
}

/// A form as it was sent.
pub struct Typed(pub FormState);

impl<S: Send + Sync> FromRequest<S> for Typed {
    type Rejection = PageError;

    async fn from_request(request: Request, state: &S) -> Result<Self, PageError> {
        let bytes = form::sent(request, state).await?;
        Ok(Self(FormState::typed(
            url::form_urlencoded::parse(&bytes).map(|(name, value)| (name.into_owned(), value.into_owned())),
        )))
    }
}

/// What the URL asks of a view.
pub struct UrlQuery<T>(pub T);

impl<T: serde::de::DeserializeOwned, S: Send + Sync> FromRequestParts<S> for UrlQuery<T> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, PageError> {
        let asked = axum::extract::Query::<T>::try_from_uri(&parts.uri);
        let refused = || {
            PageError::BadRequest(
                "The address has parameters that can’t be read; remove what follows the ?.".to_owned(),
            )
        };
        asked.map(|asked| Self(asked.0)).map_err(|_| refused())
    }
}

/// A form with what was typed, and what is wrong with it. Only what a page can't say becomes an error page.
pub fn refuse(form: FormState, error: impl Into<ActError>) -> Result<FormState, PageError> {
    error.into().beside(form)
}

/// After a form was taken: its result has an address of its own.
pub fn see_other(to: impl AsRef<str>) -> Response {
    axum::response::Redirect::to(to.as_ref()).into_response()
}
