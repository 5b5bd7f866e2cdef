//! Sessions: by the digest of their id, never the id itself.

use std::time::Duration;

use super::{Store, detached, row::Read};
use crate::{
    Error, Result, Timestamp,
    audit::{Act, Action, NewEvent, Target},
    id::UserId,
    user::User,
};

/// How far apart `last_seen_at` is written: a page view must not cost a write.
const SEEN_STEP: Duration = Duration::from_secs(5 * 60);

/// A session as stored.
#[derive(Clone, Debug)]
pub struct SessionRow {
    pub user_id: UserId,
    pub data: String,
    pub expires_at: Timestamp,
}

impl Store {
    /// Signs somebody in.
    pub async fn create_session(
        &self,
        act: &Act,
        digest: [u8; 32],
        user: &User,
        data: String,
        expires_at: Timestamp,
    ) -> Result<()> {
        let (store, act, user) = (self.clone(), act.clone(), user.clone());
        detached(async move {
            let now = store.now().micros();
            let mut tx = store.begin(&act).await?;
            sqlx::query(
                "INSERT INTO sessions (id_digest, user_id, data, address, user_agent, created_at, last_seen_at, \
                 expires_at) VALUES ($1, $2, $3, $4, $5, $6, $6, $7)",
            )
            .bind(digest.to_vec())
            .bind(user.id.to_string())
            .bind(data)
            .bind(act.address.clone())
            .bind(act.user_agent.clone())
            .bind(now)
            .bind(expires_at.micros())
            .execute(tx.on())
            .await?;
            // What expired goes here, not on a timer of its own.
            sqlx::query("DELETE FROM sessions WHERE expires_at <= $1").bind(now).execute(tx.on()).await?;
            tx.record(NewEvent::of_system(Action::SignedIn, Target::new("user", &user.id, &user.name))).await?;
            tx.commit().await
        })
        .await
    }

    /// The live session of that id, unless its person was disabled or was idle for too long.
    pub async fn session(&self, digest: [u8; 32], idle: Duration) -> Result<Option<SessionRow>> {
        let now = self.now();
        let row = sqlx::query(
            "SELECT s.user_id, s.data, s.expires_at, s.last_seen_at FROM sessions s JOIN users u ON u.id = s.user_id \
             WHERE s.id_digest = $1 AND s.expires_at > $2 AND s.last_seen_at > $3 AND u.disabled_at IS NULL",
        )
        .bind(digest.to_vec())
        .bind(now.micros())
        .bind((now - idle).micros())
        .fetch_optional(self.read())
        .await?;
        let Some(row) = row else { return Ok(None) };
        if now.since(row.time("last_seen_at")?) >= SEEN_STEP {
            sqlx::query("UPDATE sessions SET last_seen_at = $1 WHERE id_digest = $2")
                .bind(now.micros())
                .bind(digest.to_vec())
                .execute(&self.0.write)
                .await?;
        }
        Ok(Some(SessionRow {
            user_id: UserId::stored(row.text("user_id")?),
            data: row.text("data")?,
            expires_at: row.time("expires_at")?,
        }))
    }

    /// Writes what a session carries. One that was deleted meanwhile stays deleted.
    pub async fn save_session(&self, digest: [u8; 32], data: String) -> Result<()> {
        sqlx::query("UPDATE sessions SET data = $1 WHERE id_digest = $2")
            .bind(data)
            .bind(digest.to_vec())
            .execute(&self.0.write)
            .await?;
        Ok(())
    }

    /// Signs somebody out; a session that is gone already is no error.
    pub async fn delete_session(&self, act: &Act, digest: [u8; 32]) -> Result<()> {
        let (store, act) = (self.clone(), act.clone());
        detached(async move {
            let mut tx = match store.begin(&act).await {
                Err(Error::SignedOut) => return Ok(()),
                tx => tx?,
            };
            let row = sqlx::query(
                "SELECT u.id, u.name FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id_digest = $1",
            )
            .bind(digest.to_vec())
            .fetch_optional(tx.on())
            .await?;
            let Some(row) = row else { return Ok(()) };
            sqlx::query("DELETE FROM sessions WHERE id_digest = $1").bind(digest.to_vec()).execute(tx.on()).await?;
            let target = Target::new("user", row.text("id")?, row.text("name")?);
            tx.record(NewEvent::of_system(Action::SignedOut, target)).await?;
            tx.commit().await
        })
        .await
    }
}
