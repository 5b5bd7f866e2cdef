//! What the keys below a tenant or a project amount to: for the pages that list its projects or its apps.

use std::collections::{BTreeMap, HashMap};

use sqlx::any::AnyRow;

use super::{KeyPage, SOON_DAYS, Sight, Store, apps::app, key_status, row::Read};
use crate::{
    Result, Timestamp,
    app::App,
    id::{OrgId, ProjectId, TenantId},
    project::Project,
};

/// What the keys of one app, or of all apps of a project, amount to. Revoked ones do not count. Each number is counted up to
/// one more than [`KeyPage::COUNTED`] for each environment of an app.
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
    /// The projects of a tenant of which the reader sees the names, with how many apps they see in each, and what the keys
    /// of these amount to.
    pub async fn projects_of(
        &self,
        tenant: &TenantId,
        names: &Sight,
        apps: &Sight,
    ) -> Result<Vec<(Project, i64, KeyTotals)>> {
        let projects = self.projects_with_apps("tenant_id", tenant.as_str(), names, apps).await?;
        let mut totals = self.key_totals_of_projects(tenant, apps).await?;
        let with_totals = |(project, apps): (Project, i64)| {
            let keys = totals.remove(project.id.as_str()).unwrap_or_default();
            (project, apps, keys)
        };
        Ok(projects.into_iter().map(with_totals).collect())
    }

    /// By the id of each project of an organization, how many active keys its apps have, of those that the reader sees,
    /// counted up to one more than [`KeyPage::COUNTED`]. What is archived is not read; paused and expired keys are.
    pub async fn active_keys_of_projects(&self, org: &OrgId, sight: &Sight) -> Result<HashMap<String, i64>> {
        let (lasts, most) = (key_status::lasts("$2"), KeyPage::COUNTED + 1);
        let seen = sight.app("a", "$3");
        let sql = format!(
            "SELECT p.id, CASE WHEN COALESCE(p.archived_at, t.archived_at, o.archived_at) IS NOT NULL THEN 0 ELSE \
             (SELECT COUNT(*) FROM (SELECT 1 FROM apps a JOIN keys k ON k.app_id = a.id \
             WHERE a.project_id = p.id AND a.archived_at IS NULL AND {lasts} AND k.paused_at IS NULL \
             AND {seen} LIMIT {most}) s) END AS active \
             FROM projects p JOIN tenants t ON t.id = p.tenant_id JOIN orgs o ON o.id = p.org_id WHERE p.org_id = $1"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(org.to_string())
            .bind(self.now().micros())
            .bind(sight.bound())
            .fetch_all(self.read())
            .await?;
        rows.iter().map(|row| Ok((row.text("id")?, row.int("active")?))).collect()
    }

    /// The apps of a project that the reader sees, with what the keys of each amount to.
    pub async fn apps(&self, project: &ProjectId, sight: &Sight) -> Result<Vec<(App, KeyTotals)>> {
        let seen = sight.app("a", "$2");
        let sql = format!("SELECT a.* FROM apps a WHERE a.project_id = $1 AND {seen} ORDER BY a.created_at, a.id");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(project.to_string())
            .bind(sight.bound())
            .fetch_all(self.read())
            .await?;
        let mut totals = self.key_totals_of_apps(project, sight).await?;
        let with_totals = |row: &AnyRow| {
            let app = app(row)?;
            let keys = totals.remove(app.id.as_str()).unwrap_or_default();
            Ok((app, keys))
        };
        rows.iter().map(with_totals).collect()
    }

    /// By the id of each project of a tenant that has keys.
    async fn key_totals_of_projects(&self, tenant: &TenantId, sight: &Sight) -> Result<HashMap<String, KeyTotals>> {
        let org = "(SELECT t.org_id FROM tenants t WHERE t.id = $1)";
        self.key_totals("project_id", "tenant_id", org, tenant.as_str(), sight).await
    }

    /// By the id of each app of a project that has keys.
    async fn key_totals_of_apps(&self, project: &ProjectId, sight: &Sight) -> Result<HashMap<String, KeyTotals>> {
        let org = "(SELECT p.org_id FROM projects p WHERE p.id = $1)";
        self.key_totals("id", "project_id", org, project.as_str(), sight).await
    }

    /// Of the apps whose column `within` is that id, for each value of their column `each`. `org` is the organization's id
    /// in SQL. The keys of each app are found in `keys_in_environment`.
    async fn key_totals(
        &self,
        each: &'static str,
        within: &'static str,
        org: &'static str,
        id: &str,
        sight: &Sight,
    ) -> Result<HashMap<String, KeyTotals>> {
        let (seen, most) = (sight.app("a", "$4"), KeyPage::COUNTED + 1);
        let next = "SELECT MIN(k.environment) FROM keys k WHERE k.revoked_at IS NULL AND k.app_id =";
        let suspended = key_status::suspended_with_app(org, "e.app");
        let of = "k.app_id = e.app AND k.environment = e.name";
        let active = format!("{of} AND {} AND k.paused_at IS NULL", key_status::lasts("$2"));
        let counted = |condition: &str| {
            format!(
                "CASE WHEN {suspended} THEN 0 ELSE \
                 (SELECT COUNT(*) FROM (SELECT 1 AS one FROM keys k WHERE {condition} LIMIT {most}) s) END"
            )
        };
        // From one environment of an app to its next, however many keys each has.
        let sql = format!(
            "WITH RECURSIVE e (place, app, name) AS (SELECT a.{each}, a.id, ({next} a.id) FROM apps a \
             WHERE a.{within} = $1 AND {seen} UNION ALL \
             SELECT e.place, e.app, ({next} e.app AND k.environment > e.name) FROM e WHERE e.name IS NOT NULL) \
             SELECT e.place, e.name AS environment, {} AS active, {} AS expiring, (SELECT MAX(u.last_at) \
             FROM keys k JOIN key_uses u ON u.key_id = k.id WHERE {of} AND k.revoked_at IS NULL) AS last_at \
             FROM e WHERE e.name IS NOT NULL",
            counted(&active),
            counted(&format!("{active} AND k.expires_at < $3")),
        );
        let now = self.now();
        let soon = now + std::time::Duration::from_secs(SOON_DAYS * 86_400);
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id.to_owned())
            .bind(now.micros())
            .bind(soon.micros())
            .bind(sight.bound())
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
