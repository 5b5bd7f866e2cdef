//! The session of a browser, which only identifies the signed-in person. tower-sessions reads and writes its cookie;
//! its data format is only known in this file.

use axum::http::request::Parts;
use sallyport::{id::UserId, session::SessionToken};
use serde_json::json;
use tower_sessions::{
    Session,
    session::{Id, Record},
};

use crate::error::PageError;

/// The key of the person in a session's data.
const USER: &str = "user";

/// The key of a new session's token, until tower-sessions has stored it.
const BEGUN: &str = "begun";

/// The session of a request.
#[derive(Clone)]
pub struct BrowserSession(Session);

impl BrowserSession {
    /// The session of a request's cookie.
    pub(crate) fn of(parts: &Parts) -> Option<Self> {
        parts.extensions.get().cloned().map(Self)
    }

    /// Its digest, if the browser sent one; the database decides whether it is live.
    pub(crate) fn digest(&self) -> Option<[u8; 32]> {
        self.0.id().map(|id| token_of(&id).digest())
    }

    /// From now on the browser is in the new session of this person; any earlier one is discarded (OWASP: Session
    /// Fixation).
    pub(crate) async fn replace(&self, user: &UserId, token: &SessionToken) -> Result<(), PageError> {
        self.0.flush().await.map_err(unavailable)?;
        self.0.insert(BEGUN, token.bytes()).await.map_err(unavailable)?;
        self.0.insert(USER, user).await.map_err(unavailable)?;
        self.0.save().await.map_err(unavailable)
    }

    /// It was ended in the database: removes the cookie.
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

/// tower-sessions' id of a token.
pub fn id_of(token: &SessionToken) -> Id {
    Id(i128::from_le_bytes(token.bytes()))
}

/// The token of tower-sessions' id.
pub fn token_of(id: &Id) -> SessionToken {
    SessionToken::of(id.0.to_le_bytes())
}

/// Takes the new session's token from a record that tower-sessions stores.
pub fn take_begun(record: &mut Record) -> Option<SessionToken> {
    let token = record.data.remove(BEGUN)?;
    serde_json::from_value(token).ok().map(SessionToken::of)
}

/// The data of a live session.
pub fn put_user(record: &mut Record, user: &UserId) {
    record.data.insert(USER.to_owned(), json!(user));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cookies of earlier versions are still valid: browsers keep them for a month.
    #[test]
    fn cookies_name_the_sessions_that_they_always_named() {
        let id: Id = "AAECAwQFBgcICQoLDA0ODw".parse().expect("an id");
        let token = token_of(&id);
        assert_eq!(token.bytes(), std::array::from_fn(|at| u8::try_from(at).expect("small")));
        assert_eq!(id_of(&token).to_string(), "AAECAwQFBgcICQoLDA0ODw");
    }
}
