//! Tenants and projects: the levels between an organization and its apps.

use super::{Sight, Store, detached, is_taken, row::Read, tx::Tx};
use crate::{
    Error, Result,
    audit::{Act, Action, NewEvent, Target},
    fold::fold,
    id::{OrgId, ProjectId, TenantId},
    member::Permission,
    place::PlaceKind,
    project::{NewProject, Project},
    tenant::{NewTenant, Tenant},
};

pub(super) fn tenant(row: &impl Read) -> Result<Tenant> {
    Ok(Tenant {
        id: TenantId::stored(row.text("id")?),
        org_id: OrgId::stored(row.text("org_id")?),
        name: row.text("name")?,
        description: row.text("description")?,
        created_at: row.time("created_at")?,
        archived_at: row.time_opt("archived_at")?,
    })
}

pub(super) fn project(row: &impl Read) -> Result<Project> {
    Ok(Project {
        id: ProjectId::stored(row.text("id")?),
        tenant_id: TenantId::stored(row.text("tenant_id")?),
        org_id: OrgId::stored(row.text("org_id")?),
        name: row.text("name")?,
        description: row.text("description")?,
        created_at: row.time("created_at")?,
        archived_at: row.time_opt("archived_at")?,
    })
}

impl Store {
    pub async fn create_tenant(&self, act: &Act, org: &OrgId, new: NewTenant) -> Result<Tenant> {
        let (store, act, org) = (self.clone(), act.clone(), org.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.needs(&org, Permission::CreateTenants).await?;
            let id = TenantId::mint(&new.name, store.entropy());
            tx.makes(id.as_str()).await?;
            let tenant = tx.insert_tenant(&store, id, &org, new).await?;
            tx.commit().await?;
            Ok(tenant)
        })
        .await
    }

    pub async fn tenants(&self, org: &OrgId) -> Result<Vec<Tenant>> {
        self.tenants_seen(org, &Sight::ALL).await
    }

    /// The tenants of an organization that the reader sees.
    pub async fn tenants_seen(&self, org: &OrgId, sight: &Sight) -> Result<Vec<Tenant>> {
        let seen = sight.tenant("t", "$2");
        let sql = format!("SELECT t.* FROM tenants t WHERE t.org_id = $1 AND {seen} ORDER BY t.created_at, t.id");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(org.to_string())
            .bind(sight.bound())
            .fetch_all(self.read())
            .await?;
        rows.iter().map(tenant).collect()
    }

    pub async fn create_project(&self, act: &Act, tenant: &Tenant, new: NewProject) -> Result<Project> {
        let (store, act, tenant) = (self.clone(), act.clone(), tenant.clone());
        detached(async move {
            let project = Project {
                id: ProjectId::mint(&new.name, store.entropy()),
                tenant_id: tenant.id.clone(),
                org_id: tenant.org_id.clone(),
                name: new.name,
                description: String::new(),
                created_at: store.now(),
                archived_at: None,
            };
            let mut tx = store.begin(&act).await?;
            tx.needs(&tenant, Permission::CreateProjects).await?;
            tx.makes(project.id.as_str()).await?;
            tx.needs_in_use(PlaceKind::Tenant, project.tenant_id.as_str()).await?;
            sqlx::query(
                "INSERT INTO projects (id, tenant_id, org_id, name, created_at, name_folded) \
                 VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(project.id.to_string())
            .bind(project.tenant_id.to_string())
            .bind(project.org_id.to_string())
            .bind(project.name.clone())
            .bind(project.created_at.micros())
            .bind(fold(&project.name))
            .execute(tx.on())
            .await
            .map_err(|error| name_taken(error, "projects_name_unique", "projects.name", "project", "in this tenant"))?;
            let target = Target::new("project", &project.id, &project.name);
            tx.record(NewEvent::of(&project.org_id, Action::ProjectCreated, target)).await?;
            tx.commit().await?;
            Ok(project)
        })
        .await
    }

    /// The projects of an organization of which the reader sees the names, with how many apps they see in each.
    pub async fn projects(&self, org: &OrgId, names: &Sight, apps: &Sight) -> Result<Vec<(Project, i64)>> {
        self.projects_with_apps("org_id", org.as_str(), names, apps).await
    }

    /// The projects whose column `within` is that id, of which the reader sees the names, with how many apps they see in
    /// each.
    pub(super) async fn projects_with_apps(
        &self,
        within: &'static str,
        id: &str,
        names: &Sight,
        apps: &Sight,
    ) -> Result<Vec<(Project, i64)>> {
        let sql = format!(
            "SELECT p.*, (SELECT COUNT(*) FROM apps a WHERE a.project_id = p.id AND {}) AS apps FROM projects p \
             WHERE p.{within} = $1 AND {} ORDER BY p.created_at, p.id",
            apps.app("a", "$3"),
            names.project("p", "$2"),
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.to_owned());
        let rows = query.bind(names.bound()).bind(apps.bound()).fetch_all(self.read()).await?;
        rows.iter().map(|row| Ok((project(row)?, row.int("apps")?))).collect()
    }
}

impl Tx {
    pub(super) async fn insert_tenant(
        &mut self,
        store: &Store,
        id: TenantId,
        org: &OrgId,
        new: NewTenant,
    ) -> Result<Tenant> {
        let tenant = Tenant {
            id,
            org_id: org.clone(),
            name: new.name,
            description: String::new(),
            created_at: store.now(),
            archived_at: None,
        };
        self.needs_in_use(PlaceKind::Org, org.as_str()).await?;
        sqlx::query("INSERT INTO tenants (id, org_id, name, created_at, name_folded) VALUES ($1, $2, $3, $4, $5)")
            .bind(tenant.id.to_string())
            .bind(tenant.org_id.to_string())
            .bind(tenant.name.clone())
            .bind(tenant.created_at.micros())
            .bind(fold(&tenant.name))
            .execute(self.on())
            .await
            .map_err(|error| {
                name_taken(error, "tenants_name_unique", "tenants.name", "tenant", "in this organization")
            })?;
        let target = Target::new("tenant", &tenant.id, &tenant.name);
        self.record(NewEvent::of(org, Action::TenantCreated, target)).await?;
        Ok(tenant)
    }
}

/// Two siblings with the same name could not be distinguished in a list.
pub(super) fn name_taken(error: sqlx::Error, constraint: &str, column: &str, noun: &str, place: &str) -> Error {
    if is_taken(&error, constraint, column) {
        let article = if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
        return Error::field("name", format!("There is {article} {noun} of this name {place} already."));
    }
    error.into()
}
