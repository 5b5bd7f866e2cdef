//! The progress of an organization towards its first verified request.

use super::{Sight, Store, row::Read};
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
    pub tenant_name: Option<String>,
    pub project_name: Option<String>,
    pub app_name: Option<String>,
    pub key_label: Option<String>,
}

impl Store {
    /// Of what the reader sees: `names` of tenants and projects, `keys` of apps and keys.
    pub async fn first_steps(&self, org: &OrgId, names: &Sight, keys: &Sight) -> Result<FirstSteps> {
        let (tenant, project, app) = (names.tenant("t", "$2"), names.project("p", "$2"), keys.app("a", "$3"));
        // A key that belongs to no app is seen with the whole organization.
        let key = if keys.is_all() {
            "1 = 1".to_owned()
        } else {
            format!("EXISTS (SELECT 1 FROM apps a WHERE a.id = k.app_id AND {app})")
        };
        let first = format!(
            "SELECT (SELECT t.id FROM tenants t WHERE t.org_id = $1 AND t.archived_at IS NULL AND {tenant} \
             ORDER BY t.created_at, t.id LIMIT 1) AS tenant, \
             (SELECT p.id FROM projects p JOIN tenants t ON t.id = p.tenant_id WHERE p.org_id = $1 \
             AND p.archived_at IS NULL AND t.archived_at IS NULL AND {project} ORDER BY p.created_at, p.id LIMIT 1) AS project, \
             (SELECT a.id FROM apps a JOIN projects p ON p.id = a.project_id JOIN tenants t ON t.id = p.tenant_id \
             WHERE a.org_id = $1 AND a.archived_at IS NULL AND p.archived_at IS NULL AND t.archived_at IS NULL AND {app} \
             ORDER BY a.created_at, a.id LIMIT 1) AS app, \
             (SELECT k.id FROM keys k WHERE k.org_id = $1 AND k.revoked_at IS NULL AND {key} \
             ORDER BY k.created_at DESC, k.id DESC LIMIT 1) AS newest, \
             CAST(CASE WHEN EXISTS (SELECT 1 FROM keys k JOIN key_uses u ON u.key_id = k.id WHERE k.org_id = $1 AND {key}) \
             THEN 1 ELSE 0 END AS BIGINT) AS used"
        );
        // What is shown belongs together: the app, the project that holds it, and that one’s tenant.
        let sql = format!(
            "SELECT s.*, t.name AS tenant_name, p.name AS project_name, a.name AS app_name, k.label AS key_label \
             FROM ({first}) AS s LEFT JOIN apps a ON a.id = s.app \
             LEFT JOIN projects p ON p.id = COALESCE(a.project_id, s.project) \
             LEFT JOIN tenants t ON t.id = COALESCE(p.tenant_id, s.tenant) LEFT JOIN keys k ON k.id = s.newest"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(org.to_string())
            .bind(names.bound())
            .bind(keys.bound())
            .fetch_one(self.read())
            .await?;
        Ok(FirstSteps {
            tenant: row.text_opt("tenant")?.map(TenantId::stored),
            project: row.text_opt("project")?.map(ProjectId::stored),
            app: row.text_opt("app")?.map(AppId::stored),
            key: row.text_opt("newest")?.map(KeyId::stored),
            used: row.flag("used")?,
            tenant_name: row.text_opt("tenant_name")?,
            project_name: row.text_opt("project_name")?,
            app_name: row.text_opt("app_name")?,
            key_label: row.text_opt("key_label")?,
        })
    }
}
