//! The progress of an organization towards its first verified request.

use super::{Store, row::Read};
use crate::{
    Result,
    id::{AppId, KeyId, OrgId, ProjectId, TenantId},
};

/// One active resource of each kind, if there is any: the place of the next step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FirstSteps {
    pub tenant: Option<TenantId>,
    pub project: Option<ProjectId>,
    pub app: Option<AppId>,
    /// The newest.
    pub key: Option<KeyId>,
    /// Whether any request with a key was accepted.
    pub used: bool,
}

impl Store {
    pub async fn first_steps(&self, org: &OrgId) -> Result<FirstSteps> {
        let row = sqlx::query(
            "SELECT (SELECT t.id FROM tenants t WHERE t.org_id = $1 AND t.archived_at IS NULL \
             ORDER BY t.created_at, t.id LIMIT 1) AS tenant, \
             (SELECT p.id FROM projects p JOIN tenants t ON t.id = p.tenant_id WHERE p.org_id = $1 \
             AND p.archived_at IS NULL AND t.archived_at IS NULL ORDER BY p.created_at, p.id LIMIT 1) AS project, \
             (SELECT a.id FROM apps a JOIN projects p ON p.id = a.project_id JOIN tenants t ON t.id = p.tenant_id \
             WHERE a.org_id = $1 AND a.archived_at IS NULL AND p.archived_at IS NULL AND t.archived_at IS NULL \
             ORDER BY a.created_at, a.id LIMIT 1) AS app, \
             (SELECT k.id FROM keys k WHERE k.org_id = $1 AND k.revoked_at IS NULL \
             ORDER BY k.created_at DESC, k.id DESC LIMIT 1) AS newest, \
             CAST(CASE WHEN EXISTS (SELECT 1 FROM keys k JOIN key_uses u ON u.key_id = k.id WHERE k.org_id = $1) \
             THEN 1 ELSE 0 END AS BIGINT) AS used",
        )
        .bind(org.to_string())
        .fetch_one(self.read())
        .await?;
        Ok(FirstSteps {
            tenant: row.text_opt("tenant")?.map(TenantId::stored),
            project: row.text_opt("project")?.map(ProjectId::stored),
            app: row.text_opt("app")?.map(AppId::stored),
            key: row.text_opt("newest")?.map(KeyId::stored),
            used: row.flag("used")?,
        })
    }
}
