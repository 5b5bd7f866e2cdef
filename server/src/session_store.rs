//! tower-sessions over our store: ids are stored as digests, and a deleted session never comes back. A session is
//! started in [`Store::start_session`]; here tower-sessions gets its id.

use async_trait::async_trait;
use sallyport::{
    Error,
    audit::{Act, Actor, Credential},
    session::{IDLE, LIFETIME},
    store::Store,
    user::User,
};
use sallyport_app::session::{id_of, put_user, take_begun, token_of};
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

    fn expiry(&self) -> OffsetDateTime {
        let at = self.store.now() + LIFETIME;
        OffsetDateTime::from_unix_timestamp(at.seconds()).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}

fn backend(error: Error) -> SessionError {
    SessionError::Backend(error.to_string())
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        let token = take_begun(record);
        let token = token.ok_or_else(|| SessionError::Decode("a session that nobody began".to_owned()))?;
        record.id = id_of(&token);
        record.expiry_date = self.expiry();
        Ok(())
    }

    /// A session's data never changes: its user has a column of its own.
    async fn save(&self, _: &Record) -> Result<()> {
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let user = self.store.session(token_of(id).digest(), IDLE).await.map_err(backend)?;
        Ok(user.map(|user| {
            let mut record = Record { id: *id, data: Default::default(), expiry_date: self.expiry() };
            put_user(&mut record, &user);
            record
        }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let digest = token_of(id).digest();
        let person = match self.store.session(digest, IDLE).await.map_err(backend)? {
            Some(user) => self.store.user(&user).await.map_err(backend)?,
            None => None,
        };
        let actor = person.map_or(Actor::Sallyport, |User { id, name, .. }| Actor::User {
            id,
            name,
            credential: Credential::None,
        });
        self.store.delete_session(&Act::by(actor), digest).await.map_err(backend)
    }
}
