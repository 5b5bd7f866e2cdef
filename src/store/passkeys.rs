//! Passkeys of people, and what is used up when one signs in.

use std::time::Duration;

use serde_json::{Value, json};
use sqlx::any::AnyRow;

use super::{Store, detached, old_rows::Old, row::Read, tx::Tx};
use crate::{
    Error, Result,
    audit::{Act, Action, NewEvent, SYSTEM, Target},
    id::{PasskeyId, UserId},
    journal::Entry,
    mail::Mail,
    passkey::{MOST_PASSKEYS, NewPasskey, Passkey, PasskeyUse, check_name},
    second_factor::RecoveryCode,
    user::User,
};

/// How long an answered challenge is remembered: longer than a browser's cookie holds one.
const REMEMBERED: Duration = Duration::from_secs(60 * 60);

/// After a recovery of the account, and after there may have been a copy.
const NOT_ALONE: &str = "This passkey does not sign in by itself at present. Sign in with your password or your issuer first, and \
    use it as the second step: then it does again.";

fn event(action: Action, user: &User, details: Value) -> NewEvent {
    NewEvent::of_system(action, Target::new("user", &user.id, &user.name)).with(details)
}

fn passkey(row: &AnyRow) -> Result<Passkey> {
    Ok(Passkey {
        id: PasskeyId::stored(row.text("id")?),
        user_id: UserId::stored(row.text("user_id")?),
        rp_id: row.text("rp_id")?,
        name: row.text("name")?,
        credential_id: row.bytes("credential_id")?,
        credential: row.text("credential")?,
        added_at: row.time("added_at")?,
        last_used_at: row.time_opt("last_used_at")?,
    })
}

impl Store {
    /// The passkeys of a person, in the order in which they were added.
    pub async fn passkeys_of(&self, user: &UserId) -> Result<Vec<Passkey>> {
        let rows = sqlx::query("SELECT * FROM passkeys WHERE user_id = $1 ORDER BY added_at, id");
        rows.bind(user.to_string()).fetch_all(self.read()).await?.iter().map(passkey).collect()
    }

    /// The passkey with the authenticator's name for it, and whose it is. `None` also if that person is disabled.
    pub async fn passkey_by_credential(&self, credential_id: &[u8]) -> Result<Option<(Passkey, User)>> {
        let row = sqlx::query("SELECT * FROM passkeys WHERE credential_id = $1").bind(credential_id.to_vec());
        let Some(row) = row.fetch_optional(self.read()).await? else { return Ok(None) };
        let passkey = passkey(&row)?;
        Ok(self.user(&passkey.user_id).await?.map(|user| (passkey, user)))
    }

    /// Fails if a challenge was answered before. Asked before the signature is checked, so that an answer that is sent twice, whose
    /// counter does not go on, is not taken for that of a copy.
    pub async fn needs_unanswered(&self, challenge: [u8; 32]) -> Result<()> {
        let row = sqlx::query("SELECT 1 FROM used_challenges WHERE digest = $1").bind(challenge.to_vec());
        if row.fetch_optional(self.read()).await?.is_some() { Err(again()) } else { Ok(()) }
    }

    /// Adds a passkey to a person's account. Returns their recovery codes if they had none: with the first second factor.
    pub async fn add_passkey(
        &self,
        act: &Act,
        user: &User,
        name: &str,
        new: NewPasskey,
    ) -> Result<Option<Vec<RecoveryCode>>> {
        let name = check_name(name)?;
        let (store, act, user) = (self.clone(), act.clone(), user.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(SYSTEM).await?;
            let has = sqlx::query("SELECT COUNT(*) AS passkeys FROM passkeys WHERE user_id = $1");
            if has.bind(user.id.to_string()).fetch_one(tx.on()).await?.int("passkeys")? >= MOST_PASSKEYS {
                return Err(Error::Forbidden("You have ten passkeys, which is the most. Remove one first."));
            }
            tx.use_challenge(new.challenge).await?;
            // It verified the person when it was made; but who has another second factor shows that.
            let is_first = !tx.has_second_factor(&user.id).await?;
            let added = sqlx::query(
                "INSERT INTO passkeys (id, user_id, rp_id, name, credential_id, credential, added_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (credential_id) DO NOTHING",
            )
            .bind(PasskeyId::mint(store.entropy()).to_string())
            .bind(user.id.to_string())
            .bind(new.rp_id)
            .bind(name.clone())
            .bind(new.credential_id)
            .bind(new.credential)
            .bind(store.now().micros());
            if added.execute(tx.on()).await?.rows_affected() == 0 {
                return Err(Error::Forbidden("This passkey is in use already. Make another."));
            }
            if is_first {
                tx.factor_was_shown().await?;
            }
            let codes =
                sqlx::query("SELECT 1 FROM recovery_codes WHERE user_id = $1 LIMIT 1").bind(user.id.to_string());
            let codes = match codes.fetch_optional(tx.on()).await? {
                Some(_) => None,
                None => Some(tx.replace_recovery_codes(&user.id).await?),
            };
            let added = event(Action::PasskeyAdded, &user, json!({ "passkey": name }));
            tx.record_and_mail(added, &user.id, Mail::SecondFactorChanged).await?;
            tx.commit().await?;
            Ok(codes)
        })
        .await
    }

    /// The person removes one of their passkeys, and the recovery codes with the last second factor. `false` if it is not theirs.
    pub async fn remove_passkey(&self, act: &Act, user: &User, id: &PasskeyId) -> Result<bool> {
        let (store, act, user, id) = (self.clone(), act.clone(), user.clone(), id.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(SYSTEM).await?;
            let name = sqlx::query("SELECT name FROM passkeys WHERE id = $1 AND user_id = $2");
            let name = name.bind(id.to_string()).bind(user.id.to_string()).fetch_optional(tx.on()).await?;
            let Some(name) = name.map(|row| row.text("name")).transpose()? else { return Ok(false) };
            sqlx::query("DELETE FROM passkeys WHERE id = $1").bind(id.to_string()).execute(tx.on()).await?;
            tx.notes(Entry::PasskeyRemoved { person: user.id.to_string(), id: id.to_string() });
            let is_left = tx.keep_recovery_codes(&user.id).await?;
            let details = json!({ "passkey": name, "factor_left": is_left });
            let removed = event(Action::PasskeyRemoved, &user, details);
            tx.record_and_mail(removed, &user.id, Mail::SecondFactorChanged).await?;
            tx.commit().await?;
            Ok(true)
        })
        .await
    }

    /// Records an answer of a passkey that proved nothing, with its status: 401, or 429 for too many.
    pub async fn record_refused_passkey(&self, act: &Act, whose: Option<&User>, status: u16) -> Result<()> {
        let (store, act) = (self.clone(), act.clone());
        let target = match whose {
            Some(user) => Target::new("user", &user.id, &user.name),
            None => Target::new("user", "", "Unknown passkey"),
        };
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.record(NewEvent::of_system(Action::SignInRefused, target).refused(status)).await?;
            tx.commit().await
        })
        .await
    }

    /// Records that a passkey was used whose counter went back: there may be a copy of it, so the person is told by mail. Which of
    /// the two was used can't be known, so neither signs in by itself until it was used beside another proof.
    pub async fn record_copied_passkey(&self, act: &Act, user: &User, passkey: &Passkey) -> Result<()> {
        let (store, act, user, name) = (self.clone(), act.clone(), user.clone(), passkey.name.clone());
        let id = passkey.id.to_string();
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(SYSTEM).await?;
            sqlx::query("UPDATE passkeys SET alone = 0 WHERE id = $1").bind(id).execute(tx.on()).await?;
            let details = json!({ "passkey": name, "reason": "counter" });
            let refused = event(Action::SecondFactorRefused, &user, details).refused(401);
            tx.record_and_mail(refused, &user.id, Mail::SecondFactorChanged).await?;
            tx.commit().await
        })
        .await
    }

    /// Forgets answered challenges that nobody can hold any more; returns how many.
    pub async fn delete_used_challenges(&self) -> Result<u64> {
        let old = Old { table: "used_challenges", key: "digest", when: "until_at <= $1" };
        self.delete_old(old, self.now().micros()).await
    }
}

impl Tx {
    /// Uses up a challenge. Fails if it was answered before.
    async fn use_challenge(&mut self, digest: [u8; 32]) -> Result<()> {
        let until = self.now() + REMEMBERED;
        let used = sqlx::query("INSERT INTO used_challenges (digest, until_at) VALUES ($1, $2) ON CONFLICT DO NOTHING");
        let used = used.bind(digest.to_vec()).bind(until.micros()).execute(self.on()).await?;
        if used.rows_affected() == 0 { Err(again()) } else { Ok(()) }
    }

    /// Uses a passkey of this person. Fails if the challenge was answered before, or if the passkey was removed or used since
    /// its signature was checked; and if it is used `alone`, without another proof, but may not sign in by itself. Used beside
    /// another, it may from then on.
    pub(super) async fn use_passkey(&mut self, user: &UserId, used: PasskeyUse, alone: bool) -> Result<()> {
        self.use_challenge(used.challenge).await?;
        let id = used.passkey.to_string();
        if alone {
            let row = sqlx::query("SELECT 1 FROM passkeys WHERE id = $1 AND alone = 0").bind(id.clone());
            if row.fetch_optional(self.on()).await?.is_some() {
                return Err(Error::field("", NOT_ALONE));
            }
        }
        let now = self.now().micros();
        let update = sqlx::query(
            "UPDATE passkeys SET credential = $1, last_used_at = $2, alone = 1 WHERE id = $3 AND user_id = $4 \
             AND credential = $5 AND (alone = 1 OR $6 = 0)",
        );
        let update = update.bind(used.after).bind(now).bind(id).bind(user.to_string());
        let update = update.bind(used.before).bind(i64::from(alone)).execute(self.on()).await?;
        if update.rows_affected() == 0 { Err(again()) } else { Ok(()) }
    }

    /// The account of a person was recovered: somebody else may have added their passkeys. Each stays as a second factor, so that
    /// a mailbox takes none away, and signs in by itself again once it was used beside another proof.
    pub(super) async fn passkeys_need_more(&mut self, user: &UserId) -> Result<()> {
        let update = sqlx::query("UPDATE passkeys SET alone = 0 WHERE user_id = $1").bind(user.to_string());
        update.execute(self.on()).await?;
        Ok(())
    }
}

fn again() -> Error {
    Error::field("", "This answer of the passkey was used before. Press “Use a passkey” again.")
}
