//! Sessions, stored by the digest of their id, never the id itself.

use std::time::Duration;

use serde_json::json;
use sqlx::any::AnyRow;

use super::{Store, detached, old_rows::Old, row::Read, tx::Tx};
use crate::{
    Error, Result, Timestamp,
    audit::{Act, Action, NewEvent, SYSTEM, Target},
    id::UserId,
    identity::Proof,
    mail::Mail,
    second_factor::SecondProof,
    session::{IDLE, LIFETIME, MOST, OpenSession, SessionToken},
    user::User,
};

/// The minimum interval between writes of `last_seen_at`: page views must not cost a write, and never wait for one.
const SEEN_STEP: Duration = Duration::from_secs(5 * 60);

impl Store {
    /// Starts a session for a person who proved their identity; the only way to sign in. Fails if the proof is no
    /// longer valid or the person was disabled, so that a sign-in in progress can't outlive the end of all sessions.
    ///
    /// It fails for a person who has a second factor: see [`Store::start_session_with`].
    pub async fn start_session(&self, act: &Act, user: &User, proof: Proof) -> Result<SessionToken> {
        self.begin_session(act, user, proof, None, false).await
    }

    /// The same with a browser that did not sign in to the account before: the person is told by mail.
    pub async fn start_session_on_new_device(&self, act: &Act, user: &User, proof: Proof) -> Result<SessionToken> {
        self.begin_session(act, user, proof, None, true).await
    }

    /// The same for a person who may have a second factor. A code is used up by it, or an error of the field `code`.
    pub async fn start_session_with(
        &self,
        act: &Act,
        user: &User,
        proof: Proof,
        second: SecondProof,
        is_new_device: bool,
    ) -> Result<SessionToken> {
        self.begin_session(act, user, proof, Some(second), is_new_device).await
    }

    /// The same for a person whom an issuer asked last at that time; long ago if it does not say so. A second factor is the newer
    /// proof that it is them, but not one of how old the sign-in with the issuer is.
    pub async fn start_session_by_issuer(
        &self,
        act: &Act,
        user: &User,
        proof: Proof,
        asked_at: Timestamp,
        second: Option<SecondProof>,
        is_new_device: bool,
    ) -> Result<SessionToken> {
        self.begin_session_at(act, user, proof, second, Some(asked_at), is_new_device).await
    }

    async fn begin_session(
        &self,
        act: &Act,
        user: &User,
        proof: Proof,
        second: Option<SecondProof>,
        is_new_device: bool,
    ) -> Result<SessionToken> {
        self.begin_session_at(act, user, proof, second, None, is_new_device).await
    }

    async fn begin_session_at(
        &self,
        act: &Act,
        user: &User,
        proof: Proof,
        second: Option<SecondProof>,
        asked_at: Option<Timestamp>,
        is_new_device: bool,
    ) -> Result<SessionToken> {
        let (store, act, user) = (self.clone(), act.clone(), user.clone());
        // As a number: rustc 1.95 takes a `None` of it for a time in the optimized future below.
        let asked_at = asked_at.map(Timestamp::micros);
        detached(async move {
            let now = store.now();
            let token = SessionToken::mint(store.entropy());
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(SYSTEM).await?;
            let provider = proof.provider().map(str::to_owned);
            let passkey = proof.passkey().map(str::to_owned);
            if !tx.is_proved(&user.id, proof).await? {
                return Err(Error::SignedOut);
            }
            tx.needs_no_decision(&user.id).await?;
            // A passkey is both factors.
            let with_factor = passkey.is_some() || tx.needs_second_factor(&user, second).await?;
            let proved_at = match asked_at {
                Some(asked_at) if !with_factor => asked_at.min(now.micros()),
                _ => now.micros(),
            };
            sqlx::query(
                "INSERT INTO sessions (id_digest, user_id, address, user_agent, created_at, last_seen_at, expires_at, \
                 provider, proved_at, factor_at, asked_at) VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8, $9, $10)",
            )
            .bind(token.digest().to_vec())
            .bind(user.id.to_string())
            .bind(act.address.clone())
            .bind(act.user_agent.clone())
            .bind(now.micros())
            .bind((now + LIFETIME).micros())
            .bind(provider.clone())
            .bind(proved_at)
            .bind(with_factor.then(|| now.micros()))
            // Where the issuer does not say so, the session counts from its beginning.
            .bind(asked_at.filter(|at| *at > 0).map(|at| at.min(now.micros())))
            .execute(tx.on())
            .await?;
            let signed_in = NewEvent::of_system(Action::SignedIn, Target::new("user", &user.id, &user.name));
            let ended = tx.end_oldest_sessions(&user.id, token.digest()).await?;
            let mut details = if ended == 0 { json!({}) } else { json!({ "sessions_ended": ended }) };
            if let Some(provider) = provider {
                details["provider"] = provider.into();
            }
            if let Some(passkey) = passkey {
                details["passkey"] = passkey.into();
            }
            let signed_in = signed_in.with(details);
            if is_new_device {
                tx.record_and_mail(signed_in, &user.id, Mail::NewSignIn).await?;
            } else {
                tx.record(signed_in).await?;
            }
            tx.commit().await?;
            Ok(token)
        })
        .await
    }

    /// The user of a live session. `None` if the person was disabled or idle for too long.
    pub async fn session(&self, digest: [u8; 32], idle: Duration) -> Result<Option<UserId>> {
        let now = self.now();
        let row = sqlx::query(
            "SELECT s.user_id, s.last_seen_at FROM sessions s JOIN users u ON u.id = s.user_id \
             WHERE s.id_digest = $1 AND s.expires_at > $2 AND s.last_seen_at > $3 AND u.disabled_at IS NULL",
        )
        .bind(digest.to_vec())
        .bind(now.micros())
        .bind((now - idle).micros())
        .fetch_optional(self.read())
        .await?;
        let Some(row) = row else { return Ok(None) };
        self.seen(digest, now, row.time("last_seen_at")?);
        Ok(Some(UserId::stored(row.text("user_id")?)))
    }

    /// DeferredWrites that a session was used.
    pub(super) fn seen(&self, digest: [u8; 32], now: Timestamp, before: Timestamp) {
        if now.since(before) >= SEEN_STEP {
            self.note(|waiting| {
                waiting.last_seen.insert(digest, now.micros());
            });
        }
    }

    /// Signs a person out; a session that is already gone is not an error.
    pub async fn delete_session(&self, act: &Act, digest: [u8; 32]) -> Result<()> {
        let (store, act) = (self.clone(), act.clone());
        detached(async move {
            let mut tx = match store.begin(&act).await {
                Err(Error::SignedOut) => return Ok(()),
                tx => tx?,
            };
            tx.lock_chain(SYSTEM).await?;
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

    /// A person's sessions, most recently seen first.
    pub async fn sessions_of(&self, user: &UserId) -> Result<Vec<OpenSession>> {
        let now = self.now();
        let rows = sqlx::query(
            "SELECT id_digest, address, user_agent, created_at, last_seen_at FROM sessions \
             WHERE user_id = $1 AND expires_at > $2 AND last_seen_at > $3 \
             ORDER BY last_seen_at DESC, created_at DESC, id_digest",
        )
        .bind(user.to_string())
        .bind(now.micros())
        .bind((now - IDLE).micros())
        .fetch_all(self.read())
        .await?;
        let open = |row: &AnyRow| {
            let digest = row.bytes("id_digest")?;
            Ok(OpenSession {
                digest: digest.try_into().map_err(|_| Error::Unavailable("a session's digest is cut".to_owned()))?,
                address: row.text_opt("address")?,
                user_agent: row.text_opt("user_agent")?,
                created_at: row.time("created_at")?,
                last_seen_at: row.time("last_seen_at")?,
            })
        };
        rows.iter().map(open).collect()
    }

    /// Ends every session of a person but one, those of command lines included; returns how many.
    pub async fn end_other_sessions(&self, act: &Act, user: &User, kept: [u8; 32]) -> Result<u64> {
        let (store, act, user) = (self.clone(), act.clone(), user.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(SYSTEM).await?;
            let ended = sqlx::query("DELETE FROM sessions WHERE user_id = $1 AND id_digest <> $2")
                .bind(user.id.to_string())
                .bind(kept.to_vec())
                .execute(tx.on())
                .await?
                .rows_affected();
            let ended = ended + tx.end_command_lines(&user.id).await?;
            tx.record_ended(Target::new("user", &user.id, &user.name), ended).await?;
            Ok(ended)
        })
        .await
    }
}

impl Store {
    /// Ends every session of a person; returns how many.
    pub async fn end_sessions_of(&self, act: &Act, user: &User) -> Result<u64> {
        let (store, act, user) = (self.clone(), act.clone(), user.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(SYSTEM).await?;
            tx.needs_operator().await?;
            let ended = tx.end_sessions(&user.id).await?;
            tx.record_ended(Target::new("user", &user.id, &user.name), ended).await?;
            Ok(ended)
        })
        .await
    }

    /// Deletes expired sessions; returns how many.
    pub async fn delete_expired_sessions(&self) -> Result<u64> {
        let old = Old { table: "sessions", key: "id_digest", when: "expires_at <= $1" };
        self.delete_old(old, self.now().micros()).await
    }

    /// Ends all sessions of everyone; returns how many.
    pub async fn end_all_sessions(&self, act: &Act) -> Result<u64> {
        let (store, act) = (self.clone(), act.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(SYSTEM).await?;
            tx.needs_operator().await?;
            let ended = sqlx::query("DELETE FROM sessions").execute(tx.on()).await?.rows_affected();
            let ended = ended + tx.end_all_command_lines().await?;
            tx.record_ended(Target::new("user", "", "Everybody"), ended).await?;
            Ok(ended)
        })
        .await
    }
}

impl Tx {
    /// Commits the end of that many sessions; records nothing if there were none.
    async fn record_ended(mut self, whose: Target, ended: u64) -> Result<()> {
        if ended == 0 {
            return Ok(());
        }
        let details = json!({ "sessions_ended": ended });
        self.record(NewEvent::of_system(Action::SignedOut, whose).with(details)).await?;
        self.commit().await
    }

    /// Ends a person's oldest sessions beyond [`MOST`], but never the one that is starting.
    async fn end_oldest_sessions(&mut self, user: &UserId, kept: [u8; 32]) -> Result<u64> {
        let ended = sqlx::query(
            "DELETE FROM sessions WHERE user_id = $1 AND id_digest <> $2 AND id_digest NOT IN \
             (SELECT id_digest FROM sessions WHERE user_id = $1 AND id_digest <> $2 \
              ORDER BY created_at DESC, id_digest LIMIT $3)",
        )
        .bind(user.to_string())
        .bind(kept.to_vec())
        .bind(MOST - 1);
        Ok(ended.execute(self.on()).await?.rows_affected())
    }

    /// Ends every session of a person, those of command lines included; returns how many. The caller records the event
    /// with the reason.
    pub(super) async fn end_sessions(&mut self, user: &UserId) -> Result<u64> {
        let ended = sqlx::query("DELETE FROM sessions WHERE user_id = $1").bind(user.to_string());
        let ended = ended.execute(self.on()).await?.rows_affected();
        Ok(ended + self.end_command_lines(user).await?)
    }
}
