//! tower-sessions over our store: ids digested, a deleted session never comes back.

use async_trait::async_trait;
use sallyport::{
    Error, Timestamp,
    audit::{Act, Actor},
    id::UserId,
    session::{IDLE, LIFETIME},
    store::Store,
    user::User,
};
use sallyport_app::access::{self, Origin, session_digest};
use time::OffsetDateTime;
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store::{Error as SessionError, Result},
};

#[derive(Clone, Debug)]
pub struct Sessions {
    store: Store,
}

impl Sessions {
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

fn backend(error: Error) -> SessionError {
    SessionError::Backend(error.to_string())
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        let mut bytes = [0; 16];
        self.store.entropy().fill(&mut bytes);
        record.id = Id(i128::from_be_bytes(bytes));
        let data = |error: &dyn std::fmt::Display| SessionError::Decode(error.to_string());
        let user = record.data.get(access::USER).cloned().ok_or_else(|| data(&"a session without a person"))?;
        let user: UserId = serde_json::from_value(user).map_err(|error| data(&error))?;
        let user = self.store.user(&user).await.map_err(backend)?.ok_or_else(|| data(&"nobody signs in"))?;
        // Kept in columns of its own; the hash of the password is for the eyes of this one transaction.
        let origin = record.data.remove(access::ORIGIN).unwrap_or_default();
        let origin: Origin = serde_json::from_value(origin).unwrap_or_default();
        let act = Act {
            actor: Actor::User { id: user.id.clone(), name: user.name.clone(), session: None },
            address: origin.address,
            user_agent: origin.user_agent,
            request_id: origin.request_id,
            once: None,
        };
        let text = serde_json::to_string(&record.data).map_err(|error| SessionError::Encode(error.to_string()))?;
        let expires_at = self.store.now() + LIFETIME;
        record.expiry_date = moment(expires_at);
        let (digest, hash) = (session_digest(&record.id), origin.password_hash.unwrap_or_default());
        self.store.create_session(&act, digest, &user, hash, text, expires_at).await.map_err(backend)
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let text = serde_json::to_string(&record.data).map_err(|error| SessionError::Encode(error.to_string()))?;
        self.store.save_session(session_digest(&record.id), text).await.map_err(backend)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let Some(row) = self.store.session(session_digest(id), IDLE).await.map_err(backend)? else { return Ok(None) };
        let data = serde_json::from_str(&row.data).map_err(|error| SessionError::Decode(error.to_string()))?;
        Ok(Some(Record { id: *id, data, expiry_date: moment(row.expires_at) }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let digest = session_digest(id);
        let row = self.store.session(digest, IDLE).await.map_err(backend)?;
        let person = match row {
            Some(row) => self.store.user(&row.user_id).await.map_err(backend)?,
            None => None,
        };
        let actor = person.map_or(Actor::Sallyport, |User { id, name, .. }| Actor::User { id, name, session: None });
        self.store.delete_session(&Act::by(actor), digest).await.map_err(backend)
    }
}

fn moment(at: Timestamp) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(at.seconds()).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
