//! What belongs to a place, for the API: lists in pages.

use std::collections::{BTreeSet, HashMap};

use sqlx::any::AnyRow;

use super::{
    Store,
    apps::app,
    find::{APPS, ORGS, PROJECTS, Reader, ResourceTable, TENANTS},
    orgs::org,
    places::{project, tenant},
    row::Read,
};
use crate::{
    Result,
    app::App,
    id::{AppId, OrgId, ProjectId, TenantId},
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
    /// These apps, as far as the organization has them, in one query.
    pub async fn apps_of(&self, org: &OrgId, apps: impl Iterator<Item = &AppId> + Send) -> Result<HashMap<AppId, App>> {
        let wanted: BTreeSet<_> = apps.collect();
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

    /// The organizations that the reader sees.
    pub async fn orgs_page(&self, reader: Reader<'_>, paging: &Paging) -> Result<Page<Org>> {
        self.some(&ORGS, None, reader, paging, org).await
    }

    pub async fn tenants_page(&self, org: &OrgId, reader: Reader<'_>, paging: &Paging) -> Result<Page<Tenant>> {
        self.some(&TENANTS, Some(("org_id", org.as_str())), reader, paging, tenant).await
    }

    pub async fn projects_page(&self, tenant: &TenantId, reader: Reader<'_>, paging: &Paging) -> Result<Page<Project>> {
        self.some(&PROJECTS, Some(("tenant_id", tenant.as_str())), reader, paging, project).await
    }

    pub async fn apps_page(&self, project: &ProjectId, reader: Reader<'_>, paging: &Paging) -> Result<Page<App>> {
        self.some(&APPS, Some(("project_id", project.as_str())), reader, paging, app).await
    }

    async fn some<T>(
        &self,
        resource: &ResourceTable,
        within: Option<(&'static str, &str)>,
        reader: Reader<'_>,
        paging: &Paging,
        read: fn(&AnyRow) -> Result<T>,
    ) -> Result<Page<T>> {
        let ResourceTable { columns, table, .. } = resource;
        let within_it = within.map_or("$1 = ''".to_owned(), |(column, _)| format!("k.{column} = $1"));
        let seen = reader.may_see(resource, "$4");
        let limit = usize::from(paging.limit);
        let sql = format!(
            "SELECT {columns} FROM {table} k WHERE {within_it} AND {seen} AND (k.created_at, k.id) < ($2, $3) \
             ORDER BY k.created_at DESC, k.id DESC LIMIT {}",
            limit + 1
        );
        let (created_at, id) = paging.after.clone().unwrap_or((i64::MAX, String::new()));
        let query = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(within.map(|(_, id)| id.to_owned()).unwrap_or_default())
            .bind(created_at)
            .bind(id);
        let query = reader.bound().into_iter().fold(query, |query, bound| query.bind(bound));
        let mut rows = query.fetch_all(self.read()).await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| more);
        let cursor = |row: &AnyRow| -> Result<String> { Ok(format!("{}.{}", row.text("id")?, row.int("created_at")?)) };
        let next = last.map(cursor).transpose()?;
        Ok(Page { items: rows.iter().map(read).collect::<Result<_>>()?, next })
    }
}
