//! What a verifier looks up: the only query that starts from a secret's digest instead of its holder.

use std::{sync::Arc, time::Duration};

use sqlx::any::AnyRow;

use super::{
    Store,
    key_secrets::{newest_secret_first, previous_until},
    key_status::suspended_column,
    keys,
    row::{Read, digest},
};
use crate::{
    Result, Timestamp,
    id::{AppId, KeyId, OrgId, ProjectId, TenantId},
    key::{
        Digest, Metadata,
        record::{AppOwner, Extras, KeyEnvironment, KeyHolder, KeyRecord},
        secret::Checked,
    },
    plan::Plan,
    profile::Mode,
};

#[cfg(feature = "testing")]
pub(super) type Slowness = Box<dyn Fn() -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// The columns that a verdict depends on, of the keys and secrets that match a condition.
macro_rules! select_record {
    ($($which:tt)*) => {
        concat!(
            "SELECT k.id, k.label, k.org_id, k.app_id, k.environment, k.mode, k.scopes, k.expires_at, k.revoked_at, \
             k.paused_at, k.metadata, v.last_at AS last_used_at, k.require_signed, k.addresses, k.addresses_enforced, \
             k.limit_per_minute, k.limit_per_day, s.n, s.retires_at, s.ended_at, a.tenant_id, a.project_id, \
             COALESCE(a.ingestion_verified, 0) AS ingestion_verified, a.limit_per_minute AS app_per_minute, \
             a.limit_per_day AS app_per_day, o.plan, \
             (SELECT MAX(s2.created_at) FROM key_secrets s2 WHERE s2.key_id = k.id AND s2.n > 1) AS rotated_at, ",
            previous_until!(),
            " AS previous_until, ",
            suspended_column!(),
            " FROM key_secrets s JOIN keys k ON k.id = s.key_id JOIN orgs o ON o.id = k.org_id \
             LEFT JOIN apps a ON a.id = k.app_id LEFT JOIN key_uses v ON v.key_id = k.id WHERE ",
            $($which)*
        )
    };
}

const BY_DIGEST: &str = select_record!("s.digest = $1");
const BY_ID: &str = select_record!(concat!("k.id = $1 ORDER BY ", newest_secret_first!(), " LIMIT 1"));

/// How long uses are counted for each secret after a rotation, even if the old one ended at once.
pub(super) const COUNTED_BY_SECRET: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A key as stored, with one of its secrets.
pub struct StoredKey {
    /// What a verdict depends on.
    pub record: KeyRecord,
    pub last_used_at: Option<Timestamp>,
}

impl Store {
    /// The digests under which a presented secret may be stored, likeliest first.
    pub fn digests(&self, secret: Checked<'_>) -> impl Iterator<Item = Digest> {
        self.0.peppers.digests(secret)
    }

    pub async fn key_by_digest(&self, digest: &Digest) -> Result<Option<StoredKey>> {
        let row = self.look_up(sqlx::query(BY_DIGEST).bind(digest.0.to_vec())).await?;
        #[cfg(feature = "testing")]
        if let Some(slowness) = self.0.slowness.get() {
            slowness().await;
        }
        row.map(|row| self.stored_key(&row)).transpose()
    }

    /// The digests of all secrets of keys, ended ones too, in pages that start after a digest: read from the index
    /// alone.
    pub async fn key_digests(&self, after: Option<&Digest>) -> Result<Vec<Digest>> {
        let after = after.map(|digest| digest.0.to_vec()).unwrap_or_default();
        let rows = sqlx::query("SELECT digest FROM key_secrets WHERE digest > $1 ORDER BY digest LIMIT 10000")
            .bind(after)
            .fetch_all(&self.0.pools.verify)
            .await?;
        rows.iter().map(|row| digest(&row.bytes("digest")?)).collect()
    }

    /// The same by the key's id, with its newest secret, for a reader who may see the key but does not have it.
    pub async fn key_by_id(&self, id: &KeyId) -> Result<Option<StoredKey>> {
        let row = sqlx::query(BY_ID).bind(id.to_string()).fetch_optional(&self.0.pools.read).await?;
        row.map(|row| self.stored_key(&row)).transpose()
    }

    /// Delays each look-up between its read and its result, for tests of races.
    #[cfg(feature = "testing")]
    pub fn slow_look_ups<F>(&self, slowness: impl Fn() -> F + Send + Sync + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let _ = self.0.slowness.set(Box::new(move || Box::pin(slowness())));
    }

    fn stored_key(&self, row: &AnyRow) -> Result<StoredKey> {
        Ok(StoredKey { record: self.record(row)?, last_used_at: row.time_opt("last_used_at")? })
    }

    fn record(&self, row: &AnyRow) -> Result<KeyRecord> {
        let profile = self.profile();
        let (name, mode) = (row.text("environment")?.into(), row.word("mode", Mode::parse)?);
        Ok(KeyRecord {
            key_id: KeyId::stored(row.text("id")?),
            label: row.text("label")?.into(),
            owner: Arc::new(owner(row)?),
            environment: Arc::new(KeyEnvironment { name, mode }),
            scopes: profile.set(row.text("scopes")?.split_whitespace()),
            expires_at: row.time_opt("expires_at")?,
            revoked: row.time_opt("revoked_at")?.is_some(),
            paused: row.time_opt("paused_at")?.is_some(),
            secret_n: u32::try_from(row.int("n")?).unwrap_or(u32::MAX),
            secret_ended: row.time_opt("ended_at")?.is_some(),
            extras: Extras {
                metadata: Metadata::stored(&row.text("metadata")?),
                restrictions: keys::restrictions(row)?,
                secret_retires_at: row.time_opt("retires_at")?,
                by_secret_until: by_secret_until(row)?.filter(|until| *until > self.now()),
            }
            .boxed(),
        })
    }
}

/// Until when uses are counted for each secret of a key.
fn by_secret_until(row: &AnyRow) -> Result<Option<Timestamp>> {
    let rotated = row.time_opt("rotated_at")?.map(|at| at + COUNTED_BY_SECRET);
    Ok(rotated.max(row.time_opt("previous_until")?))
}

fn owner(row: &AnyRow) -> Result<KeyHolder> {
    let app = match row.text_opt("app_id")? {
        None => None,
        Some(app) => Some(AppOwner {
            tenant_id: TenantId::stored(row.text("tenant_id")?),
            project_id: ProjectId::stored(row.text("project_id")?),
            app_id: AppId::stored(app),
            ingestion_verified: row.flag("ingestion_verified")?,
            limits: keys::limits(row, "app_per_minute", "app_per_day")?,
        }),
    };
    Ok(KeyHolder {
        org_id: OrgId::stored(row.text("org_id")?),
        app,
        plan: row.word("plan", Plan::parse)?,
        suspended: row.flag("suspended")?,
    })
}
