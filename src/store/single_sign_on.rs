//! Accounts of people who sign in with an issuer.

use serde_json::json;

use super::{Store, detached, row::Read, users};
use crate::{
    Error, Result,
    audit::{Act, Action, Actor, Credential, NewEvent, SYSTEM, Target},
    id::UserId,
    identity::Identity,
    user::{Account, NewUser, User},
};

impl Store {
    /// The account with this identity, disabled or not.
    pub async fn account_by_identity(&self, identity: &Identity) -> Result<Option<Account>> {
        let query = sqlx::query(
            "SELECT u.* FROM users u JOIN identities i ON i.user_id = u.id WHERE i.provider = $1 AND i.subject = $2",
        );
        let query = query.bind(identity.provider.clone()).bind(identity.subject.clone());
        query.fetch_optional(self.read()).await?.as_ref().map(users::account).transpose()
    }

    /// Creates an account without a password for a person whom an issuer knows, who is recorded as the actor, and links the
    /// identity: both or neither.
    pub async fn create_user_with_identity(&self, act: &Act, new: NewUser, identity: Identity) -> Result<User> {
        let id = UserId::mint(self.entropy());
        let actor = Actor::User { id: id.clone(), name: new.name.clone(), credential: Credential::None };
        let (store, act) = (self.clone(), Act { actor, ..act.clone() });
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(SYSTEM).await?;
            if sqlx::query("SELECT 1 FROM users LIMIT 1").fetch_optional(tx.on()).await?.is_none() {
                return Err(Error::Forbidden("This portal is not set up yet: its operator makes the first account."));
            }
            let user = tx.insert_user(id, new, None, false, false).await?;
            tx.insert_identity(&user, identity).await?;
            tx.commit().await?;
            Ok(user)
        })
        .await
    }

    /// Records that an issuer vouched for somebody who was not let in, and why.
    pub async fn record_refused_identity(&self, act: &Act, provider: &str, reason: &'static str) -> Result<()> {
        let (store, act, provider) = (self.clone(), act.clone(), provider.to_owned());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let target = Target::new("user", "", "Somebody whom an issuer knows");
            let refused = NewEvent::of_system(Action::SignInRefused, target);
            tx.record(refused.with(json!({ "provider": provider, "reason": reason })).refused(403)).await?;
            tx.commit().await
        })
        .await
    }

    /// The issuer by which the person of a session signed in; `None` for a password.
    pub async fn provider_of_session(&self, session: [u8; 32]) -> Result<Option<String>> {
        let row = sqlx::query("SELECT provider FROM sessions WHERE id_digest = $1").bind(session.to_vec());
        let row = row.fetch_optional(self.read()).await?;
        Ok(row.map(|row| row.text_opt("provider")).transpose()?.flatten())
    }
}
