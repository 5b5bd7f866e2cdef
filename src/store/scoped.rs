//! What belongs to an organization, for root tokens and managing keys: lists in pages.

use std::collections::{BTreeSet, HashMap};

use sqlx::any::AnyRow;

use super::{
    Store,
    apps::app,
    find::{APPS, ORGS, PROJECTS, ResourceTable, TENANTS},
    orgs::org,
    places::{project, tenant},
    row::Read,
};
use crate::{
    Result,
    app::App,
    id::{AppId, OrgId, ProjectId, TenantId},
    key::Key,
    org::Org,
    project::Project,
    tenant::Tenant,
};

/// Which part of a list.
#[derive(Clone, Debug)]
pub struct Paging {
    pub limit: u8,
    pub(super) after: Option<(i64, String)>,
}

impl Paging {
    /// From the beginning, or from the `next` of a [`Page`]; `None` if the cursor is not valid.
    pub fn parse(limit: u8, cursor: Option<&str>) -> Option<Self> {
        let Some(cursor) = cursor else { return Some(Self { limit, after: None }) };
        let (id, created_at) = cursor.split_once('.')?;
        let plain = id.len() <= 100 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let after = plain.then(|| created_at.parse().ok().map(|at| (at, id.to_owned())))??;
        Some(Self { limit, after: Some(after) })
    }
}

/// A part of a list, newest first.
#[derive(Clone, Debug)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// The cursor of the next page.
    pub next: Option<String>,
}

impl Store {
    /// The apps of these keys, in one query.
    pub async fn apps_of(&self, org: &OrgId, keys: &[Key]) -> Result<HashMap<AppId, App>> {
        let wanted: BTreeSet<_> = keys.iter().filter_map(|key| key.app_id.as_ref()).collect();
        if wanted.is_empty() {
            return Ok(HashMap::new());
        }
        let places: Vec<_> = (2..wanted.len() + 2).map(|place| format!("${place}")).collect();
        let sql = format!("SELECT k.* FROM apps k WHERE k.org_id = $1 AND k.id IN ({})", places.join(", "));
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(org.to_string());
        let query = wanted.into_iter().fold(query, |query, app| query.bind(app.to_string()));
        let rows = query.fetch_all(self.read()).await?;
        rows.iter().map(|row| app(row).map(|app| (app.id.clone(), app))).collect()
    }

    /// All organizations, or the one in scope.
    pub async fn orgs_page(&self, scope: Option<&OrgId>, paging: &Paging) -> Result<Page<Org>> {
        let within = scope.map(|scope| (ORGS.org, scope.as_str()));
        self.some(&ORGS, within, paging, org).await
    }

    pub async fn tenants_page(&self, org: &OrgId, paging: &Paging) -> Result<Page<Tenant>> {
        self.some(&TENANTS, Some(("org_id", org.as_str())), paging, tenant).await
    }

    pub async fn projects_page(&self, tenant: &TenantId, paging: &Paging) -> Result<Page<Project>> {
        self.some(&PROJECTS, Some(("tenant_id", tenant.as_str())), paging, project).await
    }

    pub async fn apps_page(&self, project: &ProjectId, paging: &Paging) -> Result<Page<App>> {
        self.some(&APPS, Some(("project_id", project.as_str())), paging, app).await
    }

    async fn some<T>(
        &self,
        resource: &ResourceTable,
        within: Option<(&'static str, &str)>,
        paging: &Paging,
        read: fn(&AnyRow) -> Result<T>,
    ) -> Result<Page<T>> {
        let ResourceTable { columns, table, .. } = resource;
        let within_it = within.map_or("$1 = ''".to_owned(), |(column, _)| format!("k.{column} = $1"));
        let limit = usize::from(paging.limit);
        let sql = format!(
            "SELECT {columns} FROM {table} k WHERE {within_it} AND (k.created_at, k.id) < ($2, $3) \
             ORDER BY k.created_at DESC, k.id DESC LIMIT {}",
            limit + 1
        );
        let (created_at, id) = paging.after.clone().unwrap_or((i64::MAX, String::new()));
        let mut rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(within.map(|(_, id)| id.to_owned()).unwrap_or_default())
            .bind(created_at)
            .bind(id)
            .fetch_all(self.read())
            .await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| more);
        let cursor = |row: &AnyRow| -> Result<String> { Ok(format!("{}.{}", row.text("id")?, row.int("created_at")?)) };
        let next = last.map(cursor).transpose()?;
        Ok(Page { items: rows.iter().map(read).collect::<Result<_>>()?, next })
    }
}
