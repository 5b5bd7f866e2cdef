//! What a verifier looks up: the one finder that starts from a secret's digest and not from its owner.

use super::{Store, keys, row::Read};
use crate::{
    Result,
    id::{AppId, KeyId, OrgId, ProjectId, TenantId},
    key::{Digest, secret::Checked, verdict::KeyRecord},
    profile::Mode,
};

impl Store {
    /// The digests under which a presented secret may be stored, likeliest first.
    pub fn digests(&self, secret: Checked<'_>) -> impl Iterator<Item = Digest> {
        self.0.peppers.digests(secret)
    }

    /// What a verdict on that key depends on.
    pub async fn key_by_digest(&self, digest: &Digest) -> Result<Option<KeyRecord>> {
        let row = sqlx::query(
            "SELECT k.id, k.label, k.org_id, a.tenant_id, a.project_id, k.app_id, k.environment, k.mode, k.scopes, \
             k.expires_at, k.revoked_at, k.paused_at, k.metadata, k.last_used_at, a.ingestion_verified, \
             COALESCE(a.archived_at, p.archived_at, t.archived_at, o.archived_at) AS archived_at \
             FROM keys k JOIN apps a ON a.id = k.app_id JOIN projects p ON p.id = a.project_id \
             JOIN tenants t ON t.id = a.tenant_id JOIN orgs o ON o.id = a.org_id WHERE k.digest = $1",
        )
        .bind(digest.0.to_vec())
        .fetch_optional(&self.0.verify)
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(KeyRecord {
            key_id: KeyId::stored(row.text("id")?),
            label: row.text("label")?,
            org_id: OrgId::stored(row.text("org_id")?),
            tenant_id: TenantId::stored(row.text("tenant_id")?),
            project_id: ProjectId::stored(row.text("project_id")?),
            app_id: AppId::stored(row.text("app_id")?),
            environment: row.text("environment")?,
            mode: row.word("mode", Mode::parse)?,
            scopes: keys::scopes(&row.text("scopes")?),
            expires_at: row.time_opt("expires_at")?,
            revoked_at: row.time_opt("revoked_at")?,
            paused: row.time_opt("paused_at")?.is_some(),
            suspended: row.time_opt("archived_at")?.is_some(),
            metadata: keys::metadata(&row.text("metadata")?),
            last_used_at: row.time_opt("last_used_at")?,
            ingestion_verified: row.flag("ingestion_verified")?,
        }))
    }
}
