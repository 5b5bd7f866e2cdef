//! Signing secrets: stored encrypted, decrypted to check a signature, rotated without a gap.

use std::{fmt, time::Duration};

use serde_json::json;

use super::{Store, detached, keys, row::Read, tx::Tx};
use crate::{
    Error, Result, Timestamp,
    audit::{Act, Action, NewEvent},
    id::KeyId,
    key::{Key, SigningSecret},
};

/// A key's signing secrets as stored: encrypted, so they may be cached in memory.
pub struct SealedSigning {
    key_id: KeyId,
    /// Newest first.
    secrets: Box<[Sealed]>,
}

struct Sealed {
    n: i64,
    secret: Box<[u8]>,
    /// Not accepted after this time.
    retires_at: Option<Timestamp>,
}

impl fmt::Debug for SealedSigning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedSigning({})", self.key_id)
    }
}

/// The only place where an encrypted signing secret can be decrypted: its key and number.
pub(super) fn context(id: &KeyId, n: i64) -> String {
    format!("signing:{id}:{n}")
}

impl Store {
    /// The signing secrets of a key, if it has any.
    pub async fn signing_secrets(&self, key: &KeyId) -> Result<Option<SealedSigning>> {
        let query = sqlx::query(
            "SELECT n, sealed, retires_at FROM signing_secrets WHERE key_id = $1 AND ended_at IS NULL ORDER BY n DESC",
        );
        let rows = self.look_all_up(query.bind(key.to_string())).await?;
        let sealed = rows.iter().map(|row| {
            Ok(Sealed {
                n: row.int("n")?,
                secret: row.bytes("sealed")?.into(),
                retires_at: row.time_opt("retires_at")?,
            })
        });
        let secrets: Box<[_]> = sealed.collect::<Result<_>>()?;
        Ok((!secrets.is_empty()).then(|| SealedSigning { key_id: key.clone(), secrets }))
    }

    /// The signing secrets that are active at that time, in plain text; drop them as soon as the signature is
    /// checked.
    pub fn open_signing(&self, sealed: &SealedSigning, now: Timestamp) -> Result<Vec<SigningSecret>> {
        let signs = sealed.secrets.iter().filter(|sealed| sealed.retires_at.is_none_or(|at| now < at));
        let opened = signs.map(|Sealed { n, secret, .. }| {
            let context = context(&sealed.key_id, *n);
            let opened = self.vault().open_stored(&context, secret)?;
            SigningSecret::opened(opened)
                .ok_or_else(|| Error::Sealed(format!("What is sealed as {context} is no text.")))
        });
        opened.collect()
    }

    /// Adds a signing secret to a key. The previous one is accepted until the grace period ends, older ones no
    /// longer. `seen` is how many there were when the form was opened: a form that is sent twice, or was open while
    /// another one rotated, rotates nothing.
    pub async fn rotate_signing_secret(
        &self,
        act: &Act,
        key: &Key,
        seen: i64,
        grace: Duration,
    ) -> Result<SigningSecret> {
        let (store, act, key) = (self.clone(), act.clone(), key.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let key = tx.held_to_change(&key).await?;
            if key.revoked.is_some() {
                return Err(Error::field("", "This key is revoked; nothing can be signed with it any more."));
            }
            if tx.last_signing_secret(&key.id).await? != seen {
                return Err(Error::AlreadyIssued(key.id));
            }
            let first = !key.has_signing_secret;
            let until = (!grace.is_zero()).then(|| tx.now() + grace);
            let until = tx.retire_signing_secret(&key.id, seen, until).await?;
            let secret = SigningSecret::mint(store.entropy());
            tx.add_signing_secret(&key.id, seen + 1, &secret).await?;
            tx.touches_key(&key.id).await?;
            let action = if first { Action::SigningSecretGenerated } else { Action::SigningSecretRotated };
            let details = json!({ "old_until": until.map(Timestamp::to_rfc3339) });
            tx.record(NewEvent::of(&key.org_id, action, keys::target(&key)).with(details)).await?;
            tx.commit().await?;
            Ok(secret)
        })
        .await
    }
}

impl Tx {
    /// How many signing secrets a key has had.
    pub(super) async fn last_signing_secret(&mut self, key: &KeyId) -> Result<i64> {
        let last = sqlx::query("SELECT COALESCE(MAX(n), 0) AS n FROM signing_secrets WHERE key_id = $1");
        last.bind(key.to_string()).fetch_one(self.on()).await?.int("n")
    }

    /// Lets the newest signing secret of a locked key retire at that time, or at once, and ends all older ones. Returns when
    /// it retires, if it is still accepted.
    pub(super) async fn retire_signing_secret(
        &mut self,
        key: &KeyId,
        last: i64,
        retires_at: Option<Timestamp>,
    ) -> Result<Option<Timestamp>> {
        let now = self.now();
        let kept = if retires_at.is_none() { last + 1 } else { last };
        let ended = "UPDATE signing_secrets SET sealed = NULL, ended_at = $3 \
                     WHERE key_id = $1 AND n < $2 AND ended_at IS NULL";
        sqlx::query(ended).bind(key.to_string()).bind(kept).bind(now.micros()).execute(self.on()).await?;
        let Some(retires_at) = retires_at else { return Ok(None) };
        let retired = sqlx::query(
            "UPDATE signing_secrets SET retires_at = $3 WHERE key_id = $1 AND n >= $2 AND ended_at IS NULL",
        );
        let retired = retired.bind(key.to_string()).bind(kept).bind(retires_at.micros()).execute(self.on()).await?;
        Ok((retired.rows_affected() > 0).then_some(retires_at))
    }

    /// Ends the newest signing secret of a locked key if it was made at that time or later: it came with a secret that nobody
    /// is to use.
    pub(super) async fn end_signing_secrets_since(&mut self, key: &KeyId, since: Timestamp) -> Result<()> {
        let ended = "UPDATE signing_secrets SET sealed = NULL, ended_at = $3 \
                     WHERE key_id = $1 AND created_at >= $2 AND retires_at IS NULL AND ended_at IS NULL";
        let ended = sqlx::query(ended).bind(key.to_string()).bind(since.micros()).bind(self.now().micros());
        ended.execute(self.on()).await?;
        Ok(())
    }

    /// Gives the signing secrets of a locked key that retire at `before` another time, or ends them at once. Returns
    /// whether there are any.
    pub(super) async fn retime_signing_secrets(
        &mut self,
        key: &KeyId,
        before: Timestamp,
        retires_at: Option<Timestamp>,
    ) -> Result<bool> {
        let set = match retires_at {
            Some(_) => "retires_at = $3",
            None => "sealed = NULL, ended_at = $3",
        };
        let sql =
            format!("UPDATE signing_secrets SET {set} WHERE key_id = $1 AND retires_at = $2 AND ended_at IS NULL");
        let at = retires_at.unwrap_or_else(|| self.now());
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(key.to_string());
        let query = query.bind(before.micros()).bind(at.micros());
        Ok(query.execute(self.on()).await?.rows_affected() > 0)
    }

    /// Lets the signing secret of a locked key that does not retire yet do so at that time, or ends it at once. Of those that
    /// retire, the oldest, which goes with the old secret, and this one stay.
    pub(super) async fn retire_current_signing_secret(
        &mut self,
        key: &KeyId,
        retires_at: Option<Timestamp>,
    ) -> Result<()> {
        let now = self.now().micros();
        let set = match retires_at {
            Some(_) => "retires_at = $2",
            None => "sealed = NULL, ended_at = $2",
        };
        let sql = format!(
            "UPDATE signing_secrets SET {set} WHERE key_id = $1 AND retires_at IS NULL AND ended_at IS NULL RETURNING n"
        );
        let at = retires_at.map_or(now, Timestamp::micros);
        let retired = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(key.to_string()).bind(at);
        let mut newest = None;
        for row in &retired.fetch_all(self.on()).await? {
            newest = newest.max(Some(row.int("n")?));
        }
        let Some(newest) = newest else { return Ok(()) };
        let between = "UPDATE signing_secrets SET sealed = NULL, ended_at = $3 \
                       WHERE key_id = $1 AND n < $2 AND ended_at IS NULL AND n > (SELECT MIN(s.n) FROM signing_secrets s \
                       WHERE s.key_id = $1 AND s.ended_at IS NULL AND s.retires_at > $3)";
        let between = sqlx::query(between).bind(key.to_string()).bind(newest).bind(now);
        between.execute(self.on()).await?;
        Ok(())
    }

    /// Encrypts and stores a signing secret of a locked key under its number.
    pub(super) async fn add_signing_secret(&mut self, key: &KeyId, n: i64, secret: &SigningSecret) -> Result<()> {
        let sealed = self.seal(&context(key, n), secret.expose().as_bytes()).await?;
        let added = "INSERT INTO signing_secrets (key_id, n, sealed, created_at) VALUES ($1, $2, $3, $4)";
        let added = sqlx::query(added).bind(key.to_string()).bind(n).bind(sealed).bind(self.now().micros());
        added.execute(self.on()).await?;
        Ok(())
    }
}
