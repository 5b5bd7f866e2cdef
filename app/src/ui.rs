//! Renders pages as responses, and refused forms as their pages.

use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{Html, IntoResponse, Response},
};
use leptos::prelude::*;
use sallyport::request::Client;

use crate::{
    acts::error::ActError,
    components::{Brand, html_of},
    context::{Context, Nonce},
    cookies::cookie,
    error::{PageError, Rendered},
    form::{self, FormState},
    portal::{Frame, Page, Site, Theme},
    recent::Recent,
    render::document,
    routes::page_at,
};

/// Marks a response that must not be changed.
#[derive(Clone, Copy, Debug)]
pub struct Uncompressed;

/// The properties of the request that rendering needs.
pub struct Ui {
    pub context: Context,
    pub client: Client,
    /// Path and query, to return to.
    pub here: String,
    /// Whether it is the response to a form.
    is_sent: bool,
    theme: Theme,
    nonce: Nonce,
    /// The recently visited organizations.
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

    /// What the address says, as a form.
    pub fn query_form(&self) -> FormState {
        let query = self.here.split_once('?').map(|(_, query)| query).unwrap_or_default();
        FormState::typed(
            url::form_urlencoded::parse(query.as_bytes()).map(|(name, value)| (name.into_owned(), value.into_owned())),
        )
    }

    /// What replaces the response to a form in the history: going back to that would ask whether to send the form
    /// again. An address, or the number of parts of the current path to remove, so that an error page for a missing
    /// resource does not contain its address.
    fn instead(&self, page: &Page) -> Option<String> {
        let left_out = || {
            let path = self.path();
            let parts = |path: &str| path.split('/').filter(|part| !part.is_empty()).count();
            (parts(path) - parts(page_at(path))).to_string()
        };
        (self.is_sent && !page.is_secret).then(|| page.address.clone().unwrap_or_else(left_out))
    }

    /// The page as a response.
    pub fn show(&self, status: StatusCode, page: Page) -> Response {
        let nonce = self.nonce.as_str().to_owned();
        let profile = self.context.store.profile();
        let logo = profile.brand.logo.as_ref().map(|logo| format!("/logo/{}", logo.digest));
        let (brand, accent) = (Brand { name: profile.brand.name.clone(), logo }, profile.brand.accent);
        let instead = self.instead(&page);
        // An error page does not count as a visit of an organization.
        let opened = match &page.frame {
            Frame::Chrome(chrome) if status.is_success() => chrome.org.as_ref(),
            _ => None,
        };
        let opened = opened.and_then(|org| self.recent.opened(&org.id, &self.context));
        let site = Site { base: self.context.base.clone(), theme: self.theme, nonce, brand, accent, instead };
        let (set, html) = document(page, site);
        let html = self.context.sub_path.prefix_html(html);
        // The status that a part of the page set, or the given one.
        let status = set.unwrap_or(status);
        let mut response = (status, Html(html)).into_response();
        response.extensions_mut().insert(Rendered);
        // Pages contain one person's data, and one of them secrets: none may be cached.
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(cookie) = opened {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }

    /// A part of a page, for an island.
    pub fn fragment<V: IntoView>(&self, view: impl FnOnce() -> V) -> Response {
        let html = Owner::new().with(|| html_of(view()));
        let html = self.context.sub_path.prefix_html(html);
        ([(header::CACHE_CONTROL, "no-store")], Html(html)).into_response()
    }

    /// A page that shows secrets. It is not compressed: its length would leak them (BREACH).
    pub fn secret(&self, page: Page) -> Response {
        let mut response = self.ok(Page { is_secret: true, ..page });
        response.extensions_mut().insert(Uncompressed);
        response
    }

    /// The page with status 200.
    pub fn ok(&self, page: Page) -> Response {
        self.show(StatusCode::OK, page)
    }

    /// A refused form, shown again with the input.
    pub fn refused(&self, page: Page) -> Response {
        self.show(StatusCode::UNPROCESSABLE_ENTITY, page)
    }

    /// The same, with the seconds until another attempt, if it was sent too often and not processed.
    pub fn refused_for(&self, page: Page, wait: Option<u64>) -> Response {
        let mut response = self.refused(page);
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

/// The query of a view.
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

/// A form with the input and its errors. An error that a page can't show becomes an error page.
pub fn refuse(form: FormState, error: impl Into<ActError>) -> Result<FormState, PageError> {
    error.into().beside(form)
}

/// After a form was accepted: its result has an address of its own.
pub fn see_other(to: impl AsRef<str>) -> Response {
    axum::response::Redirect::to(to.as_ref()).into_response()
}
