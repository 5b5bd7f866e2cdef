//! Authenticator apps and recovery codes, and what is proved with them or with passkeys (`passkeys.rs`).

use serde_json::{Value, json};

use super::{Store, detached, row::Read, tx::Tx};
use crate::{
    Error, Result, Timestamp,
    audit::{Act, Action, Actor, Credential, NewEvent, SYSTEM, Target},
    id::UserId,
    journal::Entry,
    mail::Mail,
    second_factor::{RECOVERY_CODES, RecoveryCode, SecondFactors, SecondProof, TotpSecret, TypedCode},
    session::SessionToken,
    user::User,
};

/// Whether a person `u` has a second factor. Each use of a passkey verifies the person, so that any counts.
pub(super) const HAS_FACTOR: &str = "(EXISTS (SELECT 1 FROM authenticators hf WHERE hf.user_id = u.id) \
    OR EXISTS (SELECT 1 FROM passkeys hp WHERE hp.user_id = u.id))";

/// Where a sealed secret belongs.
pub(super) fn context(user: &UserId) -> String {
    format!("authenticator:{user}")
}

fn event(action: Action, user: &User, details: Value) -> NewEvent {
    NewEvent::of_system(action, Target::new("user", &user.id, &user.name)).with(details)
}

fn wrong() -> Error {
    Error::field("code", "This code is wrong, or it was used before. Enter the one that the app shows now.")
}

impl Store {
    /// The second factors of a person.
    pub async fn second_factors(&self, user: &UserId) -> Result<SecondFactors> {
        let row = sqlx::query(
            "SELECT (SELECT a.added_at FROM authenticators a WHERE a.user_id = $1) AS added_at, \
             (SELECT COUNT(*) FROM passkeys p WHERE p.user_id = $1) AS passkeys, \
             (SELECT COUNT(*) FROM recovery_codes c WHERE c.user_id = $1 AND c.used_at IS NULL) AS codes",
        );
        let row = row.bind(user.to_string()).fetch_one(self.read()).await?;
        Ok(SecondFactors {
            authenticator: row.time_opt("added_at")?,
            passkeys: row.int("passkeys")?,
            recovery_codes: row.int("codes")?,
        })
    }

    /// When the person of a session proved last that it is them; `None` if it has ended.
    pub async fn proved_at(&self, session: [u8; 32]) -> Result<Option<Timestamp>> {
        let row = sqlx::query("SELECT proved_at FROM sessions WHERE id_digest = $1");
        let row = row.bind(session.to_vec()).fetch_optional(self.read()).await?;
        row.map(|row| row.time("proved_at")).transpose()
    }

    /// Records that the person of a session has just proved that it is them: with their second factor if they have one, else
    /// with their password, which the caller checked. The session gets another token (ASVS 5.0, 7.2.4).
    pub async fn prove_session(
        &self,
        act: &Act,
        user: &User,
        session: [u8; 32],
        second: Option<SecondProof>,
    ) -> Result<SessionToken> {
        let (store, act, user) = (self.clone(), act.clone(), user.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(SYSTEM).await?;
            let with_factor = tx.needs_second_factor(&user, second).await?;
            let token = SessionToken::mint(store.entropy());
            let proved = sqlx::query(
                "UPDATE sessions SET id_digest = $1, proved_at = $2, last_seen_at = $2, longest_pause = 0, \
                 factor_at = CASE WHEN $5 = 1 THEN $2 ELSE factor_at END WHERE id_digest = $3 AND user_id = $4",
            );
            let proved = proved.bind(token.digest().to_vec()).bind(store.now().micros());
            let proved = proved.bind(session.to_vec()).bind(user.id.to_string()).bind(i64::from(with_factor));
            if proved.execute(tx.on()).await?.rows_affected() == 0 {
                return Err(Error::SignedOut);
            }
            tx.record(event(Action::SessionConfirmed, &user, json!({}))).await?;
            tx.commit().await?;
            Ok(token)
        })
        .await
    }

    /// Sets up the authenticator app with this secret, after the person typed a code of it. Returns their recovery codes.
    pub async fn add_authenticator(
        &self,
        act: &Act,
        user: &User,
        secret: TotpSecret,
        code: String,
    ) -> Result<Vec<RecoveryCode>> {
        let (store, act, user) = (self.clone(), act.clone(), user.clone());
        detached(async move {
            let now = store.now();
            let step = secret.step_of(&code, now, None).ok_or_else(wrong)?;
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(SYSTEM).await?;
            // A code of it was typed; but who has another second factor shows that.
            let is_first = !tx.has_second_factor(&user.id).await?;
            let sealed = tx.seal(&context(&user.id), secret.bytes()).await?;
            let added = sqlx::query(
                "INSERT INTO authenticators (user_id, secret, added_at, last_step) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (user_id) DO NOTHING",
            );
            let added = added.bind(user.id.to_string()).bind(sealed).bind(now.micros()).bind(step);
            if added.execute(tx.on()).await?.rows_affected() == 0 {
                return Err(Error::Forbidden("An authenticator app is set up already. Remove it first."));
            }
            if is_first {
                tx.factor_was_shown().await?;
            }
            // Those that came with a passkey are replaced, so that there are ten.
            let codes = tx.replace_recovery_codes(&user.id).await?;
            let added = event(Action::AuthenticatorAdded, &user, json!({}));
            tx.record_and_mail(added, &user.id, Mail::SecondFactorChanged).await?;
            tx.commit().await?;
            Ok(codes)
        })
        .await
    }

    /// Replaces the recovery codes of a person who has a second factor.
    pub async fn renew_recovery_codes(&self, act: &Act, user: &User) -> Result<Vec<RecoveryCode>> {
        let (store, act, user) = (self.clone(), act.clone(), user.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(SYSTEM).await?;
            if !tx.has_second_factor(&user.id).await? {
                return Err(Error::field("", "Set up an authenticator app first, or add a passkey."));
            }
            let codes = tx.replace_recovery_codes(&user.id).await?;
            let renewed = event(Action::RecoveryCodesRenewed, &user, json!({}));
            tx.record_and_mail(renewed, &user.id, Mail::SecondFactorChanged).await?;
            tx.commit().await?;
            Ok(codes)
        })
        .await
    }

    /// The person removes their authenticator app, and the recovery codes with the last second factor. `false` if there is none.
    pub async fn remove_authenticator(&self, act: &Act, user: &User) -> Result<bool> {
        let (store, act, user) = (self.clone(), act.clone(), user.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(SYSTEM).await?;
            let deleted = sqlx::query("DELETE FROM authenticators WHERE user_id = $1").bind(user.id.to_string());
            if deleted.execute(tx.on()).await?.rows_affected() == 0 {
                return Ok(false);
            }
            tx.notes(Entry::AuthenticatorRemoved { person: user.id.to_string() });
            let is_left = tx.keep_recovery_codes(&user.id).await?;
            let removed = event(Action::AuthenticatorRemoved, &user, json!({ "factor_left": is_left }));
            tx.record_and_mail(removed, &user.id, Mail::SecondFactorChanged).await?;
            tx.commit().await?;
            Ok(true)
        })
        .await
    }

    /// An operator removes the second factors of a person who lost them, and ends their sessions. `false` if they have none.
    pub async fn reset_second_factors(&self, act: &Act, user: &User) -> Result<bool> {
        let (store, act, user) = (self.clone(), act.clone(), user.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(SYSTEM).await?;
            tx.needs_operator().await?;
            if !tx.delete_second_factors(&user.id).await? {
                return Ok(false);
            }
            let ended = tx.end_sessions(&user.id).await?;
            let reset = event(Action::SecondFactorsReset, &user, json!({ "sessions_ended": ended }));
            tx.record_and_mail(reset, &user.id, Mail::SecondFactorChanged).await?;
            tx.commit().await?;
            Ok(true)
        })
        .await
    }

    /// Records a wrong code with its status: 401, or 429 for too many, of which the person is told by mail, since whoever
    /// tries them knows the password.
    pub async fn record_refused_code(&self, act: &Act, user: &User, status: u16) -> Result<()> {
        let (store, act, user) = (self.clone(), act.clone(), user.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let refused = event(Action::SecondFactorRefused, &user, json!({})).refused(status);
            if status == 429 {
                tx.record_and_mail(refused, &user.id, Mail::SecondFactorChanged).await?;
            } else {
                tx.record(refused).await?;
            }
            tx.commit().await
        })
        .await
    }
}

impl Tx {
    pub(super) async fn has_second_factor(&mut self, user: &UserId) -> Result<bool> {
        let found = sqlx::query(
            "SELECT 1 FROM authenticators WHERE user_id = $1 UNION ALL SELECT 1 FROM passkeys WHERE user_id = $1 LIMIT 1",
        );
        let found = found.bind(user.to_string());
        Ok(found.fetch_optional(self.on()).await?.is_some())
    }

    /// The acting session has shown the second factor.
    pub(super) async fn factor_was_shown(&mut self) -> Result<()> {
        let Actor::User { credential: Credential::Session(session), .. } = self.actor().clone() else { return Ok(()) };
        let now = self.now().micros();
        let shown = sqlx::query("UPDATE sessions SET factor_at = $1 WHERE id_digest = $2");
        shown.bind(now).bind(session.to_vec()).execute(self.on()).await?;
        Ok(())
    }

    /// Fails if the person has a second factor and this does not show it, and if this shows one that they do not have any more. A
    /// code is used up. Returns whether it was shown now.
    pub(super) async fn needs_second_factor(&mut self, user: &User, proof: Option<SecondProof>) -> Result<bool> {
        if !self.has_second_factor(&user.id).await? {
            return match proof {
                // It was removed since it was asked for. Nothing is proved: nobody asked for the password instead.
                Some(SecondProof::Code(_) | SecondProof::Passkey(_)) => Err(wrong()),
                Some(SecondProof::Session) | None => Ok(false),
            };
        }
        let is_shown = !matches!(proof, Some(SecondProof::Session));
        let is_right = match proof {
            Some(SecondProof::Session) => true,
            Some(SecondProof::Code(TypedCode::Authenticator(code))) => self.use_code(&user.id, &code).await?,
            Some(SecondProof::Passkey(used)) => {
                self.use_passkey(&user.id, used, false).await?;
                true
            }
            Some(SecondProof::Code(TypedCode::Recovery(code))) => self.use_recovery_code(user, &code).await?,
            None => return Err(Error::field("code", "Enter the code of your authenticator app, or use a passkey.")),
        };
        if is_right { Ok(is_shown) } else { Err(wrong()) }
    }

    async fn use_code(&mut self, user: &UserId, code: &str) -> Result<bool> {
        let row = sqlx::query("SELECT secret, last_step FROM authenticators WHERE user_id = $1");
        let row = row.bind(user.to_string()).fetch_optional(self.on()).await?;
        let Some(row) = row else { return Ok(false) };
        let context = context(user);
        let secret = self.store().vault().open_stored(&context, &row.bytes("secret")?)?;
        let secret = TotpSecret::of(&secret).ok_or_else(|| Error::Sealed(format!("{context} is damaged.")))?;
        let Some(step) = secret.step_of(code, self.now(), Some(row.int("last_step")?)) else { return Ok(false) };
        // Two requests with one code may have read the same: the second changes nothing.
        let used = sqlx::query("UPDATE authenticators SET last_step = $2 WHERE user_id = $1 AND last_step < $2");
        let used = used.bind(user.to_string()).bind(step).execute(self.on()).await?;
        Ok(used.rows_affected() == 1)
    }

    async fn use_recovery_code(&mut self, user: &User, code: &RecoveryCode) -> Result<bool> {
        let now = self.now().micros();
        let used = sqlx::query(
            "UPDATE recovery_codes SET used_at = $3 WHERE user_id = $1 AND digest = $2 AND used_at IS NULL",
        );
        let used = used.bind(user.id.to_string()).bind(code.digest(&user.id).to_vec()).bind(now);
        if used.execute(self.on()).await?.rows_affected() == 0 {
            return Ok(false);
        }
        self.notes(Entry::RecoveryCodesEnded { person: user.id.to_string() });
        let left = sqlx::query("SELECT COUNT(*) AS codes FROM recovery_codes WHERE user_id = $1 AND used_at IS NULL");
        let left = left.bind(user.id.to_string()).fetch_one(self.on()).await?.int("codes")?;
        let used = event(Action::RecoveryCodeUsed, user, json!({ "left": left }));
        self.record_and_mail(used, &user.id, Mail::SecondFactorChanged).await?;
        Ok(true)
    }

    pub(super) async fn replace_recovery_codes(&mut self, user: &UserId) -> Result<Vec<RecoveryCode>> {
        self.notes(Entry::RecoveryCodesEnded { person: user.to_string() });
        let entropy = self.store().clone();
        let codes: Vec<_> = (0..RECOVERY_CODES).map(|_| RecoveryCode::mint(entropy.entropy())).collect();
        sqlx::query("DELETE FROM recovery_codes WHERE user_id = $1").bind(user.to_string()).execute(self.on()).await?;
        let now = self.now().micros();
        for code in &codes {
            sqlx::query("INSERT INTO recovery_codes (user_id, digest, created_at) VALUES ($1, $2, $3)")
                .bind(user.to_string())
                .bind(code.digest(user).to_vec())
                .bind(now)
                .execute(self.on())
                .await?;
        }
        Ok(codes)
    }

    /// After a second factor was removed: deletes the recovery codes unless another is left. Returns whether one is.
    pub(super) async fn keep_recovery_codes(&mut self, user: &UserId) -> Result<bool> {
        if self.has_second_factor(user).await? {
            return Ok(true);
        }
        self.notes(Entry::RecoveryCodesEnded { person: user.to_string() });
        sqlx::query("DELETE FROM recovery_codes WHERE user_id = $1").bind(user.to_string()).execute(self.on()).await?;
        Ok(false)
    }

    /// Removes every second factor of a person, and the recovery codes. The caller records why. `false` if there is none.
    pub(super) async fn delete_second_factors(&mut self, user: &UserId) -> Result<bool> {
        if !self.has_second_factor(user).await? {
            return Ok(false);
        }
        self.notes(Entry::RecoveryCodesEnded { person: user.to_string() });
        self.notes(Entry::AuthenticatorRemoved { person: user.to_string() });
        let passkeys = sqlx::query("SELECT id FROM passkeys WHERE user_id = $1").bind(user.to_string());
        for passkey in &passkeys.fetch_all(self.on()).await? {
            self.notes(Entry::PasskeyRemoved { person: user.to_string(), id: passkey.text("id")? });
        }
        for table in ["recovery_codes", "authenticators", "passkeys"] {
            let sql = format!("DELETE FROM {table} WHERE user_id = $1");
            sqlx::query(sqlx::AssertSqlSafe(sql)).bind(user.to_string()).execute(self.on()).await?;
        }
        Ok(true)
    }
}
