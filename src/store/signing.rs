//! Signing secrets: kept sealed, opened where a signature is checked, replaced without a gap.

use std::{fmt, time::Duration};

use serde_json::json;

use super::{Store, detached, keys, row::Read};
use crate::{
    Error, Result, Timestamp,
    audit::{Act, Action, NewEvent},
    id::KeyId,
    key::{Key, SigningSecret},
};

/// The signing secrets of a key as the database keeps them: they may lie in memory, since none can read them there.
pub struct SealedSigning {
    key_id: KeyId,
    version: i64,
    secret: Box<[u8]>,
    /// The one before, and until when it signs too.
    before: Option<(Box<[u8]>, Timestamp)>,
}

impl fmt::Debug for SealedSigning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedSigning({})", self.key_id)
    }
}

/// The one place where a sealed signing secret opens.
pub(super) fn context(id: &KeyId, version: i64) -> String {
    format!("signing:{id}:{version}")
}

impl Store {
    /// The signing secrets of a key, if it has any.
    pub async fn signing_secrets(&self, key: &KeyId) -> Result<Option<SealedSigning>> {
        let query = sqlx::query(
            "SELECT signing_version, signing_secret, signing_before, signing_before_until FROM keys \
             WHERE id = $1 AND signing_secret IS NOT NULL",
        );
        let row = self.look_up(query.bind(key.to_string())).await?;
        let Some(row) = row else { return Ok(None) };
        let before = match row.time_opt("signing_before_until")? {
            None => None,
            Some(until) => Some((row.bytes("signing_before")?.into(), until)),
        };
        Ok(Some(SealedSigning {
            key_id: key.clone(),
            version: row.int("signing_version")?,
            secret: row.bytes("signing_secret")?.into(),
            before,
        }))
    }

    /// Those that sign at that moment, in plain text: for as long as a signature is checked, and no longer.
    pub fn open_signing(&self, sealed: &SealedSigning, now: Timestamp) -> Result<Vec<SigningSecret>> {
        let open = |secret: &[u8], version: i64| {
            let context = context(&sealed.key_id, version);
            let opened = self.vault().open(&context, secret)?;
            SigningSecret::opened(opened)
                .ok_or_else(|| Error::Sealed(format!("What is sealed as {context} is no text.")))
        };
        let mut secrets = vec![open(&sealed.secret, sealed.version)?];
        if let Some((before, until)) = &sealed.before
            && now < *until
        {
            secrets.push(open(before, sealed.version - 1)?);
        }
        Ok(secrets)
    }

    /// Gives a key another signing secret, or its first. The one before signs until the grace ends; one that was before
    /// that signs no more. `seen` is the version that whoever asks has before them: a form that is sent again, and one
    /// that lay open while another rotated, rotates nothing.
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
            tx.needs_on(&key).await?;
            let row = sqlx::query("SELECT digest, signing_secret, signing_version, revoked_at FROM keys WHERE id = $1")
                .bind(key.id.to_string())
                .fetch_optional(tx.on())
                .await?
                .ok_or(Error::NotFound)?;
            if row.time_opt("revoked_at")?.is_some() {
                return Err(Error::field("", "This key is revoked; nothing can be signed with it any more."));
            }
            let before = row.bytes_opt("signing_secret")?.filter(|_| !grace.is_zero());
            let until = before.as_ref().map(|_| store.now() + grace);
            let first = !key.has_signing_secret;
            let secret = SigningSecret::mint(store.entropy());
            let context = context(&key.id, seen + 1);
            let sealed = store.vault().seal(&context, secret.expose().as_bytes(), store.entropy());
            let rotated = sqlx::query(
                "UPDATE keys SET signing_secret = $1, signing_version = signing_version + 1, signing_before = $2, \
                 signing_before_until = $3 WHERE id = $4 AND signing_version = $5 AND revoked_at IS NULL",
            )
            .bind(sealed)
            .bind(before)
            .bind(until.map(Timestamp::micros))
            .bind(key.id.to_string())
            .bind(seen)
            .execute(tx.on())
            .await?
            .rows_affected();
            if rotated == 0 {
                return Err(Error::AlreadyIssued(key.id));
            }
            tx.touches(keys::digest(&row.bytes("digest")?)?);
            let action = if first { Action::SigningSecretGenerated } else { Action::SigningSecretRotated };
            let details = json!({ "old_until": until.map(Timestamp::to_rfc3339) });
            tx.record(NewEvent::of(&key.org_id, action, keys::target(&key)).with(details)).await?;
            tx.commit().await?;
            Ok(secret)
        })
        .await
    }
}
