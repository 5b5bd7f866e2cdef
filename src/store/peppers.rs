//! Peppers: created once, stored encrypted, decrypted at start.

use sqlx::{AnyConnection, Row};

use super::Tools;
use crate::{
    Result,
    id::OrgId,
    key::{
        Digest, PlainSecret,
        secret::{Checked, Pepper},
    },
};

/// The current pepper first, then the retired ones.
pub(super) struct Peppers(Vec<(i64, Pepper)>);

impl Peppers {
    /// Decrypts the peppers of a database; fails if the master key does not match.
    pub(super) async fn load(connection: &mut AnyConnection, tools: &Tools) -> Result<Self> {
        let rows = sqlx::query("SELECT version, sealed FROM peppers ORDER BY retired_at IS NOT NULL, version DESC")
            .fetch_all(connection)
            .await?;
        let mut peppers = Vec::with_capacity(rows.len());
        for row in rows {
            let (version, sealed): (i64, Vec<u8>) = (row.try_get("version")?, row.try_get("sealed")?);
            let plain = tools.vault.open_stored(&context(version), &sealed)?;
            let bytes = plain
                .as_slice()
                .try_into()
                .map_err(|_| crate::Error::Sealed("A pepper has the wrong length; restore the database.".to_owned()))?;
            peppers.push((version, Pepper::new(bytes)));
        }
        Ok(Self(peppers))
    }

    /// The same within a transaction; creates the first pepper of a new database.
    pub(super) async fn load_or_make(connection: &mut AnyConnection, tools: &Tools) -> Result<Self> {
        // Only one transaction holds this row: two servers started at once must not create two first peppers.
        sqlx::query("UPDATE revision SET n = n WHERE id = 1").execute(&mut *connection).await?;
        let Self(mut peppers) = Self::load(connection, tools).await?;
        if peppers.is_empty() {
            let pepper = Pepper::new(tools.entropy.array());
            let sealed = tools.vault.seal(&context(1), pepper.expose(), &*tools.entropy);
            sqlx::query("INSERT INTO peppers (version, sealed, created_at) VALUES (1, $1, $2)")
                .bind(sealed)
                .bind(tools.clock.now().micros())
                .execute(connection)
                .await?;
            peppers.push((1, pepper));
        }
        Ok(Self(peppers))
    }

    /// The digest to store, and the version of its pepper.
    pub(super) fn digest(&self, secret: &PlainSecret) -> (Digest, i64) {
        let (version, pepper) = &self.0[0];
        (secret.digest(pepper), *version)
    }

    /// The digests under which a presented secret may be stored, likeliest first.
    pub(super) fn digests(&self, secret: Checked<'_>) -> impl Iterator<Item = Digest> {
        self.0.iter().map(move |(_, pepper)| secret.digest(pepper))
    }

    /// The digests under which an organization may have imported a key, of which only the SHA-256 is known; the one to
    /// store first. With the pepper and the organization's id in it, the database alone confirms no guess, and says nothing
    /// of who else has the key.
    pub(super) fn imported_digests(&self, org: &OrgId, sha256: &[u8; 32]) -> impl Iterator<Item = Digest> {
        self.0.iter().map(move |(_, pepper)| pepper.imported_digest(org.as_str(), sha256))
    }

    /// The version of the pepper of new digests.
    pub(super) fn current(&self) -> i64 {
        self.0[0].0
    }
}

pub(super) fn context(version: i64) -> String {
    format!("pepper:{version}")
}
