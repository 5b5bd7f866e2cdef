//! Apps of a project.

use std::collections::HashSet;

use super::{Sight, Store, detached, keys, places::name_taken, row::Read};
use crate::{
    Result,
    app::{App, NewApp, Os},
    audit::{Act, Action, NewEvent, Target},
    fold::fold,
    id::{AppId, OrgId, ProjectId, TenantId},
    key::LimitOverride,
    member::Permission,
    place::PlaceKind,
    project::Project,
};

pub(super) fn app(row: &impl Read) -> Result<App> {
    Ok(App {
        id: AppId::stored(row.text("id")?),
        project_id: ProjectId::stored(row.text("project_id")?),
        tenant_id: TenantId::stored(row.text("tenant_id")?),
        org_id: OrgId::stored(row.text("org_id")?),
        name: row.text("name")?,
        os: row.word("os", Os::parse)?,
        bundle_id: row.text_opt("bundle_id")?,
        description: row.text("description")?,
        created_at: row.time("created_at")?,
        archived_at: row.time_opt("archived_at")?,
        ingestion_verified: row.flag("ingestion_verified")?,
        limits: keys::limits(row, "limit_per_minute", "limit_per_day")?,
    })
}

impl Store {
    pub async fn create_app(&self, act: &Act, project: &Project, new: NewApp) -> Result<App> {
        let (store, act, project) = (self.clone(), act.clone(), project.clone());
        detached(async move {
            let app = App {
                id: AppId::mint(&new.name, store.entropy()),
                project_id: project.id.clone(),
                tenant_id: project.tenant_id.clone(),
                org_id: project.org_id.clone(),
                name: new.name,
                os: new.os,
                bundle_id: new.bundle_id,
                description: new.description,
                created_at: store.now(),
                archived_at: None,
                ingestion_verified: false,
                limits: LimitOverride::default(),
            };
            let mut tx = store.begin(&act).await?;
            tx.needs(&project, Permission::ManageApps).await?;
            tx.makes(app.id.as_str()).await?;
            tx.needs_in_use(PlaceKind::Project, app.project_id.as_str()).await?;
            sqlx::query(
                "INSERT INTO apps (id, project_id, tenant_id, org_id, name, os, bundle_id, description, created_at, \
                 name_folded) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            )
            .bind(app.id.to_string())
            .bind(app.project_id.to_string())
            .bind(app.tenant_id.to_string())
            .bind(app.org_id.to_string())
            .bind(app.name.clone())
            .bind(app.os.as_str())
            .bind(app.bundle_id.clone())
            .bind(app.description.clone())
            .bind(app.created_at.micros())
            .bind(fold(&app.name))
            .execute(tx.on())
            .await
            .map_err(|error| name_taken(error, "apps_name_unique", "apps.name", "app", "in this project"))?;
            let target = Target::new("app", &app.id, &app.name).of_app(&app.id);
            tx.record(NewEvent::of(&app.org_id, Action::AppCreated, target)).await?;
            tx.commit().await?;
            Ok(app)
        })
        .await
    }

    /// The active apps of an organization in this part of it, by name: what *Choose App* offers.
    pub async fn apps_of_org(&self, org: &OrgId, sight: &Sight) -> Result<Vec<App>> {
        let sql = format!(
            "SELECT a.* FROM apps a JOIN projects p ON p.id = a.project_id JOIN tenants t ON t.id = p.tenant_id \
             WHERE a.org_id = $1 AND a.archived_at IS NULL AND p.archived_at IS NULL AND t.archived_at IS NULL AND {} \
             ORDER BY a.name_folded, a.id",
            sight.app("a", "$2")
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(org.to_string())
            .bind(sight.bound())
            .fetch_all(self.read())
            .await?;
        rows.iter().map(app).collect()
    }

    /// The ids of the apps of an organization in this part of it, archived or not.
    pub async fn app_ids(&self, org: &OrgId, sight: &Sight) -> Result<HashSet<AppId>> {
        let sql = format!("SELECT a.id FROM apps a WHERE a.org_id = $1 AND {}", sight.app("a", "$2"));
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(org.to_string())
            .bind(sight.bound())
            .fetch_all(self.read())
            .await?;
        rows.iter().map(|row| Ok(AppId::stored(row.text("id")?))).collect()
    }
}
