//! What the keys below a tenant or a project amount to: for the pages that list its projects or its apps.

use std::collections::{BTreeMap, HashMap};

use sqlx::any::AnyRow;

use super::{SOON_DAYS, Store, apps::app, key_status, row::Read};
use crate::{
    Result, Timestamp,
    app::App,
    id::{ProjectId, TenantId},
    key::Status,
    project::Project,
};

/// What the keys of one app, or of all apps of a project, amount to. Revoked ones do not count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyTotals {
    pub active: i64,
    /// How many of these end within [`SOON_DAYS`].
    pub expiring: i64,
    /// How many active ones there are in each environment that has any.
    pub environments: BTreeMap<String, i64>,
    /// When any of them was last good for a request.
    pub last_used_at: Option<Timestamp>,
}

impl KeyTotals {
    /// Both together.
    pub fn add(&mut self, other: &Self) {
        self.active += other.active;
        self.expiring += other.expiring;
        self.last_used_at = self.last_used_at.max(other.last_used_at);
        for (environment, n) in &other.environments {
            *self.environments.entry(environment.clone()).or_default() += n;
        }
    }
}

impl Store {
    /// The projects of a tenant, with how many apps each has, and what the keys of these amount to.
    pub async fn projects_of(&self, tenant: &TenantId) -> Result<Vec<(Project, i64, KeyTotals)>> {
        let projects = self.projects_with_apps("tenant_id", tenant.as_str()).await?;
        let mut totals = self.key_totals_of_projects(tenant).await?;
        let with_totals = |(project, apps): (Project, i64)| {
            let keys = totals.remove(project.id.as_str()).unwrap_or_default();
            (project, apps, keys)
        };
        Ok(projects.into_iter().map(with_totals).collect())
    }

    /// The apps of a project, with what the keys of each amount to.
    pub async fn apps(&self, project: &ProjectId) -> Result<Vec<(App, KeyTotals)>> {
        let rows = sqlx::query("SELECT a.* FROM apps a WHERE a.project_id = $1 ORDER BY a.created_at, a.id")
            .bind(project.to_string())
            .fetch_all(self.read())
            .await?;
        let mut totals = self.key_totals_of_apps(project).await?;
        let with_totals = |row: &AnyRow| {
            let app = app(row)?;
            let keys = totals.remove(app.id.as_str()).unwrap_or_default();
            Ok((app, keys))
        };
        rows.iter().map(with_totals).collect()
    }

    /// By the id of each project of a tenant that has keys.
    async fn key_totals_of_projects(&self, tenant: &TenantId) -> Result<HashMap<String, KeyTotals>> {
        let org = "(SELECT t.org_id FROM tenants t WHERE t.id = $1)";
        self.key_totals("project_id", "tenant_id", org, tenant.as_str()).await
    }

    /// By the id of each app of a project that has keys.
    async fn key_totals_of_apps(&self, project: &ProjectId) -> Result<HashMap<String, KeyTotals>> {
        let org = "(SELECT p.org_id FROM projects p WHERE p.id = $1)";
        self.key_totals("id", "project_id", org, project.as_str()).await
    }

    /// Of the apps whose column `within` is that id, for each value of their column `each`. `org` is the organization's id
    /// in SQL. The keys of each app are found by the index on those that are not revoked.
    async fn key_totals(
        &self,
        each: &'static str,
        within: &'static str,
        org: &'static str,
        id: &str,
    ) -> Result<HashMap<String, KeyTotals>> {
        let active = key_status::is(Status::Active, org, "$2");
        let sql = format!(
            "SELECT s.place, s.environment, CAST(SUM(s.active) AS BIGINT) AS active, \
             CAST(SUM(CASE WHEN s.expires_at < $3 THEN s.active ELSE 0 END) AS BIGINT) AS expiring, \
             MAX(s.last_at) AS last_at FROM (SELECT a.{each} AS place, k.environment, k.expires_at, u.last_at, \
             CASE WHEN {active} THEN 1 ELSE 0 END AS active FROM apps a JOIN keys k ON k.app_id = a.id \
             LEFT JOIN key_uses u ON u.key_id = k.id WHERE a.{within} = $1 AND k.revoked_at IS NULL) s \
             GROUP BY s.place, s.environment"
        );
        let now = self.now();
        let soon = now + std::time::Duration::from_secs(SOON_DAYS * 86_400);
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id.to_owned())
            .bind(now.micros())
            .bind(soon.micros())
            .fetch_all(self.read())
            .await?;
        let mut totals: HashMap<String, KeyTotals> = HashMap::new();
        for row in &rows {
            let active = row.int("active")?;
            let mut environments = BTreeMap::new();
            if active > 0 {
                environments.insert(row.text("environment")?, active);
            }
            let expiring = row.int("expiring")?;
            let of_environment = KeyTotals { active, expiring, environments, last_used_at: row.time_opt("last_at")? };
            totals.entry(row.text("place")?).or_default().add(&of_environment);
        }
        Ok(totals)
    }
}
