//! Where a page is: a thing with all that it is in, and the person who looks at it, in one query. For somebody who is no
//! member of its organization it does not exist.

use sqlx::any::AnyRow;

use super::{
    Store,
    apps::app,
    orgs::org,
    places::{project, tenant},
    row::{Prefixed, Read},
    users::user,
};
use crate::{
    Result,
    app::App,
    id::{AppId, OrgId, ProjectId, TenantId, UserId},
    member::Role,
    org::Org,
    project::Project,
    tenant::Tenant,
    user::User,
};

/// An organization, as a member of it sees it.
#[derive(Clone, Debug)]
pub struct LocatedOrg {
    pub user: User,
    pub role: Role,
    pub org: Org,
}

#[derive(Clone, Debug)]
pub struct LocatedTenant {
    pub within: LocatedOrg,
    pub tenant: Tenant,
}

#[derive(Clone, Debug)]
pub struct LocatedProject {
    pub within: LocatedTenant,
    pub project: Project,
}

#[derive(Clone, Debug)]
pub struct LocatedApp {
    pub within: LocatedProject,
    pub app: App,
}

/// Columns of a table under names of their own, since several tables have some of the same name.
macro_rules! columns {
    ($table:literal: $($column:literal)+) => {
        concat!($($table, ".", $column, " AS ", $table, "_", $column, ", "),+)
    };
}

const USER: &str = columns!("u": "id" "name" "email" "operator" "must_change_password" "created_at");
const ORG: &str = columns!("o": "id" "name" "description" "plan" "created_at" "archived_at");
const TENANT: &str = columns!("t": "id" "org_id" "name" "description" "created_at" "archived_at");
const PROJECT: &str = columns!("p": "id" "tenant_id" "org_id" "name" "description" "created_at" "archived_at");
const APP: &str = columns!("a": "id" "project_id" "tenant_id" "org_id" "name" "os" "bundle_id" "description"
    "created_at" "archived_at" "ingestion_verified" "limit_per_minute" "limit_per_day");

fn located_org(row: &AnyRow) -> Result<LocatedOrg> {
    let (user, org) = (user(&Prefixed(row, "u_"))?, org(&Prefixed(row, "o_"))?);
    Ok(LocatedOrg { user, role: row.word("role", Role::parse)?, org })
}

fn located_tenant(row: &AnyRow) -> Result<LocatedTenant> {
    Ok(LocatedTenant { within: located_org(row)?, tenant: tenant(&Prefixed(row, "t_"))? })
}

fn located_project(row: &AnyRow) -> Result<LocatedProject> {
    Ok(LocatedProject { within: located_tenant(row)?, project: project(&Prefixed(row, "p_"))? })
}

fn located_app(row: &AnyRow) -> Result<LocatedApp> {
    Ok(LocatedApp { within: located_project(row)?, app: app(&Prefixed(row, "a_"))? })
}

impl Store {
    pub async fn locate_org(&self, user: &UserId, id: &OrgId) -> Result<Option<LocatedOrg>> {
        let row = self.locate("", "orgs o", "o", user, id.as_str()).await?;
        row.as_ref().map(located_org).transpose()
    }

    pub async fn locate_tenant(&self, user: &UserId, id: &TenantId) -> Result<Option<LocatedTenant>> {
        let from = "tenants t JOIN orgs o ON o.id = t.org_id";
        let row = self.locate(TENANT, from, "t", user, id.as_str()).await?;
        row.as_ref().map(located_tenant).transpose()
    }

    pub async fn locate_project(&self, user: &UserId, id: &ProjectId) -> Result<Option<LocatedProject>> {
        let from = "projects p JOIN tenants t ON t.id = p.tenant_id JOIN orgs o ON o.id = p.org_id";
        let columns = format!("{TENANT}{PROJECT}");
        let row = self.locate(&columns, from, "p", user, id.as_str()).await?;
        row.as_ref().map(located_project).transpose()
    }

    pub async fn locate_app(&self, user: &UserId, id: &AppId) -> Result<Option<LocatedApp>> {
        let from = "apps a JOIN projects p ON p.id = a.project_id JOIN tenants t ON t.id = a.tenant_id \
            JOIN orgs o ON o.id = a.org_id";
        let columns = format!("{TENANT}{PROJECT}{APP}");
        let row = self.locate(&columns, from, "a", user, id.as_str()).await?;
        row.as_ref().map(located_app).transpose()
    }

    async fn locate(&self, columns: &str, from: &str, it: &str, user: &UserId, id: &str) -> Result<Option<AnyRow>> {
        let sql = format!(
            "SELECT {columns}{USER}{ORG}m.role FROM {from} JOIN members m ON m.org_id = o.id \
             JOIN users u ON u.id = m.user_id WHERE {it}.id = $1 AND m.user_id = $2 AND u.disabled_at IS NULL"
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.to_owned()).bind(user.to_string());
        Ok(query.fetch_optional(self.read()).await?)
    }
}
