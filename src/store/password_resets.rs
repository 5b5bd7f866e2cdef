//! Links to reset passwords.

use std::time::Duration;

use serde_json::json;

use super::{
    Store, detached,
    old_rows::Old,
    row::Read,
    tx::Tx,
    users::{self, with_tokens_revoked},
};
use crate::{
    Error, Result, Timestamp,
    audit::{Act, Action, NewEvent, SYSTEM, Target},
    id::{ResetId, UserId},
    journal::Entry,
    mail::Mail,
    password_reset::VALID,
    user::User,
};

/// How long a link is kept after it expired.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// Who can set a password by a link: not who signs in without one.
const WITH_PASSWORD: &str = "disabled_at IS NULL AND password_hash IS NOT NULL";

/// Shown to a person whose link has ended while they typed.
const ENDED: &str = "This link has expired or was used. Ask for another.";

impl Store {
    /// Sends a link to an e-mail address, if an account has it and its person has shown that the address is theirs. The same statements run if none has it, so that the
    /// time reveals nothing; its mail is then not sent.
    pub async fn request_password_reset(&self, act: &Act, email: &str) -> Result<()> {
        let (store, act, email) = (self.clone(), act.clone(), email.to_owned());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(SYSTEM).await?;
            let sql = format!("SELECT id, name FROM users WHERE email = $1 AND unverified = 0 AND {WITH_PASSWORD}");
            let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(email).fetch_optional(tx.on()).await?;
            let (user, target) = match row {
                Some(row) => {
                    let id = UserId::stored(row.text("id")?);
                    let target = Target::new("user", &id, row.text("name")?);
                    (Some(id), target)
                }
                None => (None, Target::new("user", "", "Unknown e-mail address")),
            };
            let reset_id = tx.add_password_reset(user.as_ref()).await?;
            tx.enqueue_mail(&Mail::PasswordReset { reset_id }).await?;
            tx.record(NewEvent::of_system(Action::PasswordResetRequested, target)).await?;
            tx.commit().await
        })
        .await
    }

    /// A link for an operator to hand over, where there is no mail.
    pub async fn create_password_reset(&self, act: &Act, user: &User) -> Result<ResetId> {
        let (store, act, user) = (self.clone(), act.clone(), user.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(SYSTEM).await?;
            let sql = format!("SELECT 1 FROM users WHERE id = $1 AND {WITH_PASSWORD}");
            let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(user.id.to_string());
            if row.fetch_optional(tx.on()).await?.is_none() {
                return Err(Error::Forbidden("The account is disabled, or its person signs in without a password."));
            }
            let reset = tx.add_password_reset(Some(&user.id)).await?;
            let target = Target::new("user", &user.id, &user.name);
            tx.record(NewEvent::of_system(Action::PasswordResetLinkCreated, target)).await?;
            tx.commit().await?;
            Ok(reset)
        })
        .await
    }

    /// The person whose password a link sets, and until when; `None` once it has ended.
    pub async fn open_password_reset(&self, reset: &ResetId) -> Result<Option<(User, Timestamp)>> {
        let row = sqlx::query(
            "SELECT u.*, r.expires_at FROM password_resets r JOIN users u ON u.id = r.user_id \
             WHERE r.id = $1 AND r.ended_at IS NULL AND r.expires_at > $2 \
             AND u.disabled_at IS NULL AND u.password_hash IS NOT NULL",
        );
        let row = row.bind(reset.to_string()).bind(self.now().micros()).fetch_optional(self.read()).await?;
        row.map(|row| Ok((users::user(&row)?, row.time("expires_at")?))).transpose()
    }

    /// Sets the password of a link's person, once. Every session ends, and so do the other links of that person, and the identities
    /// that were linked. Passkeys do not sign in by themselves until they were used beside the new password.
    /// Returns how many sessions.
    pub async fn reset_password(&self, act: &Act, reset: &ResetId, password_hash: String) -> Result<u64> {
        let (store, act, reset) = (self.clone(), act.clone(), reset.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            // Two forms with the same link wait here: the second finds it ended.
            tx.lock_chain(SYSTEM).await?;
            let now = store.now().micros();
            let used = sqlx::query(
                "UPDATE password_resets SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL AND expires_at > $2 \
                 RETURNING user_id",
            );
            let used = used.bind(reset.to_string()).bind(now).fetch_optional(tx.on()).await?;
            let user = used.map(|row| row.text_opt("user_id")).transpose()?.flatten();
            let sql = format!(
                "UPDATE users SET password_hash = $1, must_change_password = 0 WHERE id = $2 AND {WITH_PASSWORD} \
                 RETURNING *"
            );
            let set = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(password_hash).bind(user.unwrap_or_default());
            let user = set.fetch_optional(tx.on()).await?.ok_or(Error::Forbidden(ENDED))?;
            let user = users::user(&user)?;
            let revoked = tx.end_personal_tokens(&user.id).await?;
            let unlinked = tx.unlink_identities(&user.id).await?;
            tx.passkeys_need_more(&user.id).await?;
            let ended = tx.password_was_changed(&user, Action::PasswordReset, (revoked, unlinked.len())).await?;
            tx.commit().await?;
            store.end_roles_of_groups(&act, &user, &unlinked).await;
            Ok(ended)
        })
        .await
    }

    /// Deletes links that expired more than a day ago; returns how many.
    pub async fn delete_password_resets(&self) -> Result<u64> {
        let old = Old { table: "password_resets", key: "id", when: "expires_at < $1" };
        self.delete_old(old, (self.now() - KEPT).micros()).await
    }
}

impl Tx {
    async fn add_password_reset(&mut self, user: Option<&UserId>) -> Result<ResetId> {
        let id = ResetId::mint(self.store().entropy());
        let now = self.now();
        sqlx::query("INSERT INTO password_resets (id, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4)")
            .bind(id.to_string())
            .bind(user.map(ToString::to_string))
            .bind(now.micros())
            .bind((now + VALID).micros())
            .execute(self.on())
            .await?;
        Ok(id)
    }

    /// Ends the open links of a person.
    pub(super) async fn end_password_resets(&mut self, user: &UserId) -> Result<()> {
        let now = self.now().micros();
        sqlx::query("UPDATE password_resets SET ended_at = $2 WHERE user_id = $1 AND ended_at IS NULL")
            .bind(user.to_string())
            .bind(now)
            .execute(self.on())
            .await?;
        Ok(())
    }

    /// After a password was set, and as many personal tokens were revoked and identities unlinked: ends every session and link of the person, and
    /// tells them by mail. Returns how many sessions.
    pub(super) async fn password_was_changed(
        &mut self,
        user: &User,
        action: Action,
        (revoked, unlinked): (u64, usize),
    ) -> Result<u64> {
        self.end_password_resets(&user.id).await?;
        self.notes(Entry::PasswordChanged { person: user.id.to_string() });
        let ended = self.end_sessions(&user.id).await?;
        let target = Target::new("user", &user.id, &user.name);
        let mut details = with_tokens_revoked(json!({ "sessions_ended": ended }), revoked);
        if unlinked > 0 {
            details["identities_unlinked"] = unlinked.into();
        }
        let event = NewEvent::of_system(action, target).with(details);
        self.record_and_mail(event, &user.id, Mail::PasswordChanged).await?;
        Ok(ended)
    }
}
