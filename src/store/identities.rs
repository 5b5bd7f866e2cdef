//! The identities with which people sign in without a password.

use sha2::{Digest, Sha256};

use super::{Store, detached, is_taken, row::Read, tx::Tx, users};
use crate::{
    Error, Result,
    audit::{Act, Action, NewEvent, SYSTEM, Target, hex},
    id::UserId,
    identity::{Identity, Proof},
    journal::Entry,
    mail::Mail,
    user::User,
};

impl Store {
    /// Links an identity to a person, who may sign in with it from now on, and is told by mail. It must not belong to anyone else.
    pub async fn link_identity(&self, act: &Act, user: &User, identity: Identity) -> Result<()> {
        let (store, act, user) = (self.clone(), act.clone(), user.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(SYSTEM).await?;
            let linked = tx.insert_identity_row(&user, identity).await?;
            tx.record_and_mail(linked, &user.id, Mail::SecondFactorChanged).await?;
            tx.commit().await
        })
        .await
    }

    /// Unlinks an identity from a person, who is told by mail, and ends all their sessions, since some may have been started with
    /// it. The roles that the issuer's groups gave end before, unless they have another identity of it. `false` if it was not
    /// theirs.
    pub async fn unlink_identity(&self, act: &Act, user: &User, identity: Identity) -> Result<bool> {
        let linked = self.identities_of(&user.id).await?;
        if !linked.contains(&identity) {
            return Ok(false);
        }
        if linked.iter().filter(|other| other.provider == identity.provider).count() == 1 {
            self.sync_roles(act, user, &identity.provider, &[]).await?;
        }
        let (store, act, user) = (self.clone(), act.clone(), user.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(SYSTEM).await?;
            let delete = sqlx::query("DELETE FROM identities WHERE provider = $1 AND subject = $2 AND user_id = $3");
            let delete =
                delete.bind(identity.provider.clone()).bind(identity.subject.clone()).bind(user.id.to_string());
            if delete.execute(tx.on()).await?.rows_affected() == 0 {
                return Ok(false);
            }
            let ended = tx.end_sessions(&user.id).await?;
            let mut event = told(Action::IdentityUnlinked, &user, &identity.provider);
            event.details["sessions_ended"] = ended.into();
            tx.notes(unlinked(&user.id, &identity));
            tx.record_and_mail(event, &user.id, Mail::SecondFactorChanged).await?;
            tx.commit().await?;
            Ok(true)
        })
        .await
    }

    /// The person who signs in with this identity.
    pub async fn user_by_identity(&self, identity: &Identity) -> Result<Option<User>> {
        let query = sqlx::query(
            "SELECT u.* FROM users u JOIN identities i ON i.user_id = u.id \
             WHERE i.provider = $1 AND i.subject = $2 AND u.disabled_at IS NULL",
        );
        let query = query.bind(identity.provider.clone()).bind(identity.subject.clone());
        query.fetch_optional(self.read()).await?.as_ref().map(users::user).transpose()
    }

    /// The identities of a person, oldest first.
    pub async fn identities_of(&self, user: &UserId) -> Result<Vec<Identity>> {
        let query = sqlx::query(
            "SELECT provider, subject FROM identities WHERE user_id = $1 ORDER BY created_at, provider, subject",
        );
        let rows = query.bind(user.to_string()).fetch_all(self.read()).await?;
        let identity =
            |row| Ok(Identity { provider: Read::text(row, "provider")?, subject: Read::text(row, "subject")? });
        rows.iter().map(identity).collect()
    }
}

impl Tx {
    /// Links an identity of a new account, and records it.
    pub(super) async fn insert_identity(&mut self, user: &User, identity: Identity) -> Result<()> {
        let linked = self.insert_identity_row(user, identity).await?;
        self.record(linked).await
    }

    /// Links an identity. Returns the event.
    async fn insert_identity_row(&mut self, user: &User, identity: Identity) -> Result<NewEvent> {
        let now = self.now().micros();
        let insert =
            sqlx::query("INSERT INTO identities (provider, subject, user_id, created_at) VALUES ($1, $2, $3, $4)");
        let insert = insert.bind(identity.provider.clone()).bind(identity.subject);
        let insert = insert.bind(user.id.to_string()).bind(now).execute(self.on()).await;
        insert.map_err(|error| {
            if is_taken(&error, "identities_unique", "identities.provider") {
                return Error::field("subject", "Another person signs in with this identity.");
            }
            error.into()
        })?;
        Ok(told(Action::IdentityLinked, user, &identity.provider))
    }

    /// Unlinks all identities of a person, because somebody else may have linked them; returns the issuer of each. The caller
    /// records it, and ends the roles of their groups after the commit.
    pub(super) async fn unlink_identities(&mut self, user: &UserId) -> Result<Vec<String>> {
        let rows = sqlx::query("DELETE FROM identities WHERE user_id = $1 RETURNING provider, subject");
        let rows = rows.bind(user.to_string()).fetch_all(self.on()).await?;
        let mut issuers = Vec::new();
        for row in &rows {
            let identity = Identity { provider: row.text("provider")?, subject: row.text("subject")? };
            self.notes(unlinked(user, &identity));
            issuers.push(identity.provider);
        }
        Ok(issuers)
    }

    /// Whether this proof is still valid and the person may sign in.
    pub(super) async fn is_proved(&mut self, user: &UserId, proof: Proof) -> Result<bool> {
        let query = match proof {
            Proof::Password { hash } => {
                sqlx::query("SELECT 1 FROM users WHERE id = $1 AND password_hash = $2 AND disabled_at IS NULL")
                    .bind(user.to_string())
                    .bind(hash)
            }
            Proof::Identity(Identity { provider, subject }) => sqlx::query(
                "SELECT 1 FROM users u JOIN identities i ON i.user_id = u.id \
                 WHERE u.id = $1 AND i.provider = $2 AND i.subject = $3 AND u.disabled_at IS NULL",
            )
            .bind(user.to_string())
            .bind(provider)
            .bind(subject),
            Proof::Passkey(used) => {
                self.use_passkey(user, used, true).await?;
                sqlx::query("SELECT 1 FROM users WHERE id = $1 AND disabled_at IS NULL").bind(user.to_string())
            }
        };
        Ok(query.fetch_optional(self.on()).await?.is_some())
    }
}

/// For the journal, which names nobody: the digest of the identity.
fn unlinked(user: &UserId, identity: &Identity) -> Entry {
    Entry::IdentityUnlinked { person: user.to_string(), digest: digest(identity) }
}

pub(super) fn digest(Identity { provider, subject }: &Identity) -> String {
    hex(&Sha256::new().chain_update(provider).chain_update([0]).chain_update(subject).finalize())
}

fn told(action: Action, user: &User, provider: &str) -> NewEvent {
    let details = serde_json::json!({ "provider": provider });
    NewEvent::of_system(action, Target::new("user", &user.id, &user.name)).with(details)
}
