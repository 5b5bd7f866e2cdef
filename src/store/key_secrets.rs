//! The secrets of keys. Each is found by its digest and belongs to a key, whose label, scopes, limits and history
//! outlive it. A secret is active unless it was ended or has retired.
//!
//! All writes here lock the key's row first, so that two of them never deadlock.

use super::{
    Added,
    row::{Read, digest},
    tx::Tx,
};
use crate::{
    Error, Result,
    id::KeyId,
    key::{Digest, PlainSecret},
};

/// The order in which a key's secrets `s` represent it: the newest that was not ended comes first.
macro_rules! newest_secret_first {
    () => {
        "CASE WHEN s.ended_at IS NULL THEN 0 ELSE 1 END, s.n DESC"
    };
}

/// The shortened secret of a key `k` for lists. Written so that the unique index on key and number provides the
/// order, and nothing is sorted for each key.
macro_rules! shown {
    () => {
        "COALESCE(\
            (SELECT s.shown FROM key_secrets s WHERE s.key_id = k.id AND s.ended_at IS NULL ORDER BY s.n DESC LIMIT 1), \
            (SELECT s.shown FROM key_secrets s WHERE s.key_id = k.id ORDER BY s.n DESC LIMIT 1))"
    };
}

/// When the previous secret of a key `k` retires, or retired.
macro_rules! previous_until {
    () => {
        "(SELECT MAX(s.retires_at) FROM key_secrets s WHERE s.key_id = k.id AND s.retires_at IS NOT NULL AND s.ended_at IS NULL)"
    };
}

/// Whether the secret that represents a key `k` was made elsewhere.
macro_rules! imported {
    () => {
        "CAST(CASE WHEN EXISTS (SELECT 1 FROM key_secrets s WHERE s.key_id = k.id AND s.n = 1 AND s.import_id IS NOT NULL) \
        AND NOT EXISTS (SELECT 1 FROM key_secrets s WHERE s.key_id = k.id AND s.n > 1 AND s.ended_at IS NULL) \
        THEN 1 ELSE 0 END AS BIGINT)"
    };
}

/// The signing secrets of a key `k`: how many there were, how many are active, and when the previous one retires.
macro_rules! signing_columns {
    () => {
        "(SELECT COALESCE(MAX(g.n), 0) FROM signing_secrets g WHERE g.key_id = k.id) AS signing_version, \
        (SELECT COUNT(*) FROM signing_secrets g WHERE g.key_id = k.id AND g.ended_at IS NULL) AS signs, \
        (SELECT MAX(g.retires_at) FROM signing_secrets g WHERE g.key_id = k.id AND g.ended_at IS NULL) \
        AS signing_before_until"
    };
}

pub(super) use {imported, newest_secret_first, previous_until, shown, signing_columns};

impl Tx {
    /// Locks a key's row until this transaction ends: it can't be revoked in the meantime, and its secrets stay the same.
    pub(super) async fn hold_key(&mut self, key: &KeyId) -> Result<()> {
        // SQLite has one writer and no row locks.
        let hold = if self.is_on_postgres() { "FOR NO KEY UPDATE" } else { "" };
        let sql = format!("SELECT 1 FROM keys WHERE id = $1 {hold}");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(key.to_string()).fetch_optional(self.on()).await?;
        row.map(drop).ok_or(Error::NotFound)
    }

    /// Adds a secret to a locked key. Its other secrets stay the same.
    pub(super) async fn add_key_secret(&mut self, key: &KeyId, secret: &PlainSecret) -> Result<()> {
        let (digest, pepper) = self.store().0.peppers.digest(secret);
        sqlx::query(
            "INSERT INTO key_secrets (key_id, n, digest, pepper, shown, created_at) \
             SELECT $1, COALESCE(MAX(n), 0) + 1, $2, $3, $4, $5 FROM key_secrets WHERE key_id = $1",
        )
        .bind(key.to_string())
        .bind(digest.0.to_vec())
        .bind(pepper)
        .bind(secret.shown())
        .bind(self.now().micros())
        .execute(self.on())
        .await?;
        self.adds(Added::Secret(digest));
        Ok(())
    }

    /// Ends every secret of a locked key; returns their digests.
    pub(super) async fn end_all_secrets(&mut self, key: &KeyId) -> Result<Vec<Digest>> {
        let now = self.now().micros();
        let ended =
            sqlx::query("UPDATE key_secrets SET ended_at = COALESCE(ended_at, $2) WHERE key_id = $1 RETURNING digest");
        let rows = ended.bind(key.to_string()).bind(now).fetch_all(self.on()).await?;
        let signing = "UPDATE signing_secrets SET sealed = NULL, ended_at = $2 WHERE key_id = $1 AND ended_at IS NULL";
        sqlx::query(signing).bind(key.to_string()).bind(now).execute(self.on()).await?;
        let digests: Vec<_> = rows.iter().map(|row| digest(&row.bytes("digest")?)).collect::<Result<_>>()?;
        digests.iter().for_each(|digest| self.touches(*digest));
        self.notes_key(key);
        Ok(digests)
    }

    /// The same for the keys that match a condition on `keys` with these ids as `$1`, `$2` …. They are locked, and
    /// invalidated by digest.
    pub(super) async fn end_secrets_within(&mut self, keys: &str, ids: &[&str]) -> Result<()> {
        let (now, n) = (self.now().micros(), ids.len() + 1);
        for set in ["key_secrets SET", "signing_secrets SET sealed = NULL,"] {
            let sql = format!(
                "UPDATE {set} ended_at = ${n} WHERE ended_at IS NULL AND key_id IN (SELECT id FROM keys WHERE {keys})"
            );
            let query =
                ids.iter().fold(sqlx::query(sqlx::AssertSqlSafe(sql)), |query, id| query.bind((*id).to_owned()));
            query.bind(now).execute(self.on()).await?;
        }
        Ok(())
    }

    /// Invalidates the key in verifiers, under each of its secrets.
    pub(super) async fn touches_key(&mut self, key: &KeyId) -> Result<()> {
        let digests = sqlx::query("SELECT digest FROM key_secrets WHERE key_id = $1").bind(key.to_string());
        for row in &digests.fetch_all(self.on()).await? {
            self.touches(digest(&row.bytes("digest")?)?);
        }
        self.notes_key(key);
        Ok(())
    }
}
