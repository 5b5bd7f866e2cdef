//! Peppers: created once, stored encrypted, decrypted at start and when another replaces one.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use sqlx::{AnyConnection, Row};

use super::{Store, Tools, row::Read};
use crate::{
    Result,
    id::OrgId,
    key::{
        Digest, PlainSecret,
        secret::{Checked, Pepper},
    },
};

type Versions = Arc<[(i64, Pepper)]>;

/// The current pepper first, then one that is retired or will be the next: there are two at most, so that what is unknown
/// costs one more look-up.
pub(super) struct Peppers(RwLock<Versions>);

const HELD: &str = "SELECT version, sealed FROM peppers WHERE dropped_at IS NULL \
    ORDER BY active_at IS NULL, retired_at IS NOT NULL, version DESC";

/// From before there was more than one, while a database is migrated.
const OF_BEFORE: &str = "SELECT version, sealed FROM peppers WHERE length(sealed) > 0 ORDER BY version DESC";

impl Peppers {
    /// Decrypts the peppers of a database; fails if the master key does not match.
    pub(super) async fn load(connection: &mut AnyConnection, tools: &Tools) -> Result<Self> {
        Ok(Self(RwLock::new(read(connection, tools, HELD).await?.into())))
    }

    /// The same before the database is migrated, to see whether the master key matches.
    pub(super) async fn check(connection: &mut AnyConnection, tools: &Tools) -> Result<()> {
        read(connection, tools, OF_BEFORE).await.map(drop)
    }

    /// The same within a transaction; creates the first pepper of a new database.
    pub(super) async fn load_or_make(connection: &mut AnyConnection, tools: &Tools) -> Result<Self> {
        // Only one transaction holds this row: two servers started at once must not create two first peppers.
        sqlx::query("UPDATE revision SET n = n WHERE id = 1").execute(&mut *connection).await?;
        let mut peppers = read(&mut *connection, tools, HELD).await?;
        if peppers.is_empty() {
            let pepper = Pepper::new(tools.entropy.array());
            let sealed = tools.vault.seal(&context(1), pepper.expose(), &*tools.entropy);
            sqlx::query("INSERT INTO peppers (version, sealed, created_at, active_at) VALUES (1, $1, $2, $2)")
                .bind(sealed)
                .bind(tools.clock.now().micros())
                .execute(connection)
                .await?;
            peppers.push((1, pepper));
        }
        Ok(Self(RwLock::new(peppers.into())))
    }

    fn versions(&self) -> Versions {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The digest to store, and the version of its pepper.
    pub(super) fn digest(&self, secret: &PlainSecret) -> (Digest, i64) {
        let (version, pepper) = &self.versions()[0];
        (secret.digest(pepper), *version)
    }

    /// The digests under which a presented secret may be stored, likeliest first.
    pub(super) fn digests(&self, secret: Checked<'_>) -> impl Iterator<Item = Digest> {
        let versions = self.versions();
        (0..versions.len()).map(move |at| secret.digest(&versions[at].1))
    }

    /// The digests under which an organization may have imported a key, of which only the SHA-256 is known; the one to
    /// store first. With the pepper and the organization's id in it, the database alone confirms no guess, and says nothing
    /// of who else has the key.
    pub(super) fn imported_digests(&self, org: &OrgId, sha256: &[u8; 32]) -> impl Iterator<Item = Digest> {
        let versions = self.versions();
        (0..versions.len()).map(move |at| versions[at].1.imported_digest(org.as_str(), sha256))
    }

    /// The version of the pepper of new digests.
    pub(super) fn current(&self) -> i64 {
        self.versions()[0].0
    }

    /// Whether something may be digested with another pepper than the current one.
    pub(super) fn are_several(&self) -> bool {
        self.versions().len() > 1
    }
}

async fn read(connection: &mut AnyConnection, tools: &Tools, sql: &'static str) -> Result<Vec<(i64, Pepper)>> {
    let rows = sqlx::query(sql).fetch_all(connection).await?;
    let mut peppers = Vec::with_capacity(rows.len());
    for row in rows {
        let (version, sealed): (i64, Vec<u8>) = (row.try_get("version")?, row.try_get("sealed")?);
        peppers.push((version, opened(tools, version, &sealed)?));
    }
    Ok(peppers)
}

fn opened(tools: &Tools, version: i64, sealed: &[u8]) -> Result<Pepper> {
    let plain = tools.vault.open_stored(&context(version), sealed)?;
    let bytes = plain
        .as_slice()
        .try_into()
        .map_err(|_| crate::Error::Sealed("A pepper has the wrong length; restore the database.".to_owned()))?;
    Ok(Pepper::new(bytes))
}

/// What a digest is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum DigestOf {
    Key,
    RootToken,
    PersonalToken,
    ServiceToken,
}

impl DigestOf {
    /// A command line gets new tokens within an hour, both of them: they have one pepper.
    pub(super) fn update(self) -> &'static str {
        match self {
            Self::Key => {
                "UPDATE key_secrets SET digest = $1, pepper = $2, former_digest = $3 WHERE digest = $3 AND pepper < $2"
            }
            Self::RootToken => {
                "UPDATE root_tokens SET digest = $1, pepper = $2, former_digest = $3 WHERE digest = $3 AND pepper < $2"
            }
            Self::PersonalToken => {
                "UPDATE personal_tokens SET digest = $1, pepper = $2 WHERE digest = $3 AND pepper < $2 \
                 AND refresh_digest IS NULL"
            }
            Self::ServiceToken => {
                "UPDATE service_tokens SET digest = $1, pepper = $2 WHERE digest = $3 AND pepper < $2"
            }
        }
    }
}

/// Secrets to digest anew: of what, and the digest it was found by; its digest with the current pepper, and the version of that.
pub(super) type Digests = BTreeMap<(DigestOf, [u8; 32]), ([u8; 32], i64)>;

impl Store {
    /// Reads the peppers again, if they have changed.
    pub(super) async fn follow_peppers(&self) -> Result<()> {
        let rows = sqlx::query(HELD).fetch_all(self.read()).await?;
        let versions = rows.iter().map(|row| row.int("version")).collect::<Result<Vec<_>>>()?;
        let before = self.0.peppers.versions();
        if versions.iter().eq(before.iter().map(|(version, _)| version)) {
            return Ok(());
        }
        let mut peppers = Vec::with_capacity(rows.len());
        for row in &rows {
            let version = row.int("version")?;
            peppers.push((version, opened(&self.0.tools, version, &row.bytes("sealed")?)?));
        }
        *self.0.peppers.0.write().unwrap_or_else(PoisonError::into_inner) = peppers.into();
        Ok(())
    }

    /// The versions of the peppers that this process has, as it tells others.
    pub(super) fn pepper_versions(&self) -> String {
        let versions = self.0.peppers.versions();
        versions.iter().map(|(version, _)| version.to_string()).collect::<Vec<_>>().join(" ")
    }
}

pub(super) fn context(version: i64) -> String {
    format!("pepper:{version}")
}
