//! The session of a browser: who is signed in with it, and nothing else. tower-sessions reads and writes its cookie; what it
//! holds in memory is named here alone.

use axum::http::request::Parts;
use sallyport::{id::UserId, session::SessionToken};
use serde_json::json;
use tower_sessions::{
    Session,
    session::{Id, Record},
};

use crate::error::PageError;

/// The person, in what is known of a live session.
const USER: &str = "user";

/// The token of a session that just began, until tower-sessions knows it.
const BEGUN: &str = "begun";

/// The session of a request.
#[derive(Clone)]
pub struct BrowserSession(Session);

impl BrowserSession {
    /// The session that a request's cookie names.
    pub(crate) fn of(parts: &Parts) -> Option<Self> {
        parts.extensions.get().cloned().map(Self)
    }

    /// What the database knows it by, where the browser sent one; whether it is alive, the database says.
    pub(crate) fn digest(&self) -> Option<[u8; 32]> {
        self.0.id().map(|id| token_of(&id).digest())
    }

    /// From now on the browser is in the session that this person just began; whatever it brought is worth nothing (OWASP:
    /// Session Fixation).
    pub(crate) async fn replace(&self, user: &UserId, token: &SessionToken) -> Result<(), PageError> {
        self.0.flush().await.map_err(unavailable)?;
        self.0.insert(BEGUN, token.bytes()).await.map_err(unavailable)?;
        self.0.insert(USER, user).await.map_err(unavailable)?;
        self.0.save().await.map_err(unavailable)
    }

    /// It was ended in the database: the answer takes its cookie back.
    pub(crate) async fn forget(&self) {
        if let Err(error) = self.0.flush().await {
            tracing::warn!(%error, "a session's cookie could not be taken back");
        }
    }
}

fn unavailable(error: tower_sessions::session::Error) -> PageError {
    tracing::error!(%error, "a session could not be begun");
    PageError::Unavailable
}

/// What tower-sessions calls a token.
pub fn id_of(token: &SessionToken) -> Id {
    Id(i128::from_le_bytes(token.bytes()))
}

/// The token that tower-sessions calls so.
pub fn token_of(id: &Id) -> SessionToken {
    SessionToken::of(id.0.to_le_bytes())
}

/// Of a record that tower-sessions wants to be stored: the token under which its session began, which it holds no longer.
pub fn take_begun(record: &mut Record) -> Option<SessionToken> {
    let token = record.data.remove(BEGUN)?;
    serde_json::from_value(token).ok().map(SessionToken::of)
}

/// What there is in a live session.
pub fn put_user(record: &mut Record, user: &UserId) {
    record.data.insert(USER.to_owned(), json!(user));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cookies of before are still good: browsers keep them for a month.
    #[test]
    fn cookies_name_the_sessions_that_they_always_named() {
        let id: Id = "AAECAwQFBgcICQoLDA0ODw".parse().expect("an id");
        let token = token_of(&id);
        assert_eq!(token.bytes(), std::array::from_fn(|at| u8::try_from(at).expect("small")));
        assert_eq!(id_of(&token).to_string(), "AAECAwQFBgcICQoLDA0ODw");
    }
}
