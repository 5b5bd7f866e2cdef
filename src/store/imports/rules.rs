//! The shapes of imported keys, for verifiers.

use super::super::{Store, row::Read};
use crate::{
    Result,
    id::{AppId, OrgId},
    import::ImportRule,
};

/// A shape that imported keys of an app have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignShape {
    pub org_id: OrgId,
    pub app_id: AppId,
    pub rule: ImportRule,
}

impl Store {
    /// The shapes of all imports that were started, each once, the oldest first.
    pub async fn foreign_shapes(&self) -> Result<Vec<ForeignShape>> {
        let query = sqlx::query(
            "SELECT org_id, app_id, prefix, min_length, max_length, MIN(created_at) AS since FROM imports \
             WHERE started_at IS NOT NULL GROUP BY org_id, app_id, prefix, min_length, max_length ORDER BY since, app_id",
        );
        let length = |length: i64| usize::try_from(length).unwrap_or_default();
        let rows = crate::store::looked_up(query.fetch_all(&self.0.pools.verify)).await?;
        rows.iter()
            .map(|row| {
                Ok(ForeignShape {
                    org_id: OrgId::stored(row.text("org_id")?),
                    app_id: AppId::stored(row.text("app_id")?),
                    rule: ImportRule {
                        prefix: row.text("prefix")?,
                        min_length: length(row.int("min_length")?),
                        max_length: length(row.int("max_length")?),
                    },
                })
            })
            .collect()
    }

    /// The digests under which an organization may have imported a key with that SHA-256.
    pub fn imported_digests(&self, org: &OrgId, sha256: &[u8; 32]) -> impl Iterator<Item = crate::key::Digest> {
        self.0.peppers.imported_digests(org, sha256)
    }
}
