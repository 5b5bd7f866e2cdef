//! The session of a request: looked up once, begun by a sign-in, ended by a sign-out. Its cookie is set here and nowhere
//! else.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, HeaderValue, header, request::Parts},
    middleware::Next,
    response::Response,
};
use sallyport::{
    audit::Actor,
    id::UserId,
    identity::Proof,
    request::Client,
    session::{IDLE, LIFETIME, SessionToken},
    store::Store,
    user::User,
};
use tokio::sync::Mutex;

use crate::{context::Context, cookies::cookie, error::PageError};

/// An extension of each request to the portal; clones share what was found.
#[derive(Clone)]
pub struct Session {
    /// The browser sent a cookie, whatever was in it.
    was_sent: bool,
    found: Arc<Mutex<Found>>,
}

enum Found {
    /// Not looked up yet.
    Sent(SessionToken),
    Nobody,
    Live(LiveSession),
    /// It began with this request.
    Begun(LiveSession, SessionToken),
}

/// A session that was alive when it was looked up.
#[derive(Clone)]
pub struct LiveSession {
    pub user: UserId,
    /// What the database knows it by.
    pub digest: [u8; 32],
}

impl Session {
    fn of(context: &Context, headers: &HeaderMap) -> Self {
        let sent = cookie(headers, cookie_name(context));
        let found = sent.and_then(SessionToken::parse).map_or(Found::Nobody, Found::Sent);
        Self { was_sent: sent.is_some(), found: Arc::new(Mutex::new(found)) }
    }

    /// The session of the browser, if it is alive. The database is asked once in a request.
    pub async fn live(&self, store: &Store) -> Result<Option<LiveSession>, PageError> {
        let mut found = self.found.lock().await;
        if let Found::Sent(token) = &*found {
            let digest = token.digest();
            let user = store.session(digest, IDLE).await?;
            *found = user.map_or(Found::Nobody, |user| Found::Live(LiveSession { user, digest }));
        }
        Ok(match &*found {
            Found::Live(live) | Found::Begun(live, _) => Some(live.clone()),
            Found::Sent(_) | Found::Nobody => None,
        })
    }

    /// Signs a person in under a new token, whatever the browser brought (OWASP: Session Fixation), and signs out the person
    /// who was signed in with this browser.
    pub async fn begin(&self, context: &Context, client: &Client, user: &User, proof: Proof) -> Result<(), PageError> {
        if let Some(former) = self.live(&context.store).await? {
            // It is they who are named, not nobody.
            if let Some(former_user) = context.store.user(&former.user).await? {
                context.store.delete_session(&client.act(signing(&former_user)), former.digest).await?;
            }
            self.forget().await;
        }
        let token = context.store.start_session(&client.act(signing(user)), user, proof).await?;
        let live = LiveSession { user: user.id.clone(), digest: token.digest() };
        *self.found.lock().await = Found::Begun(live, token);
        Ok(())
    }

    /// The session was ended in the database: the answer takes its cookie back.
    pub async fn forget(&self) {
        *self.found.lock().await = Found::Nobody;
    }
}

/// Somebody who signs in or out, in no session.
fn signing(user: &User) -> Actor {
    Actor::User { id: user.id.clone(), name: user.name.clone(), session: None }
}

impl<S: Sync> FromRequestParts<S> for Session {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, PageError> {
        parts.extensions.get::<Self>().cloned().ok_or(PageError::Broken)
    }
}

/// Stands before every page: gives it the session, and its answer the cookie.
pub async fn sessions(State(context): State<Context>, mut request: Request, next: Next) -> Response {
    let session = Session::of(&context, request.headers());
    request.extensions_mut().insert(session.clone());
    let mut response = next.run(request).await;
    let cookie = match &*session.found.lock().await {
        Found::Begun(_, token) if !response.status().is_server_error() => {
            Some(set_cookie(&context, &token.expose(), LIFETIME.as_secs()))
        }
        // It leads nowhere: it expired, was signed out elsewhere, or is none.
        Found::Nobody if session.was_sent => Some(set_cookie(&context, "", 0)),
        _ => None,
    };
    if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::from_str(&cookie).ok()) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// `__Host-` binds the cookie to this host and to https; without Secure browsers drop it, so over http nobody could sign in.
fn cookie_name(context: &Context) -> &'static str {
    if context.is_https() { "__Host-sallyport" } else { "sallyport" }
}

fn set_cookie(context: &Context, value: &str, seconds: u64) -> String {
    let secure = if context.is_https() { "; Secure" } else { "" };
    format!("{}={value}; Path=/; Max-Age={seconds}; SameSite=Lax; HttpOnly{secure}", cookie_name(context))
}
