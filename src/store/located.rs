//! Where a page is: a thing with all that it is in, the person who looks at it and their role, in one query. For somebody who
//! has no role there it does not exist.

use sqlx::any::AnyRow;

use super::{
    Store,
    apps::app,
    keys::{self, key},
    orgs::org,
    places::{project, tenant},
    row::{Prefixed, Read},
    users::user,
};
use crate::{
    Result,
    app::App,
    id::{AppId, KeyId, OrgId, ProjectId, TenantId, UserId},
    key::Key,
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

#[derive(Clone, Debug)]
pub struct LocatedKey {
    pub within: LocatedHolder,
    pub key: Key,
}

/// Where a key is: in its app, or in the organization where it is a person's or the organization's own.
#[derive(Clone, Debug)]
pub enum LocatedHolder {
    App(Box<LocatedApp>),
    Org(Box<LocatedOrg>),
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

type Located = (AnyRow, Role);

fn located_org((row, role): &Located) -> Result<LocatedOrg> {
    let (user, org) = (user(&Prefixed(row, "u_"))?, org(&Prefixed(row, "o_"))?);
    Ok(LocatedOrg { user, role: *role, org })
}

fn located_tenant(located: &Located) -> Result<LocatedTenant> {
    Ok(LocatedTenant { within: located_org(located)?, tenant: tenant(&Prefixed(&located.0, "t_"))? })
}

fn located_project(located: &Located) -> Result<LocatedProject> {
    Ok(LocatedProject { within: located_tenant(located)?, project: project(&Prefixed(&located.0, "p_"))? })
}

fn located_app(located: &Located) -> Result<LocatedApp> {
    Ok(LocatedApp { within: located_project(located)?, app: app(&Prefixed(&located.0, "a_"))? })
}

fn located_key(located: &Located) -> Result<LocatedKey> {
    let key = key(&located.0)?;
    let within = match key.app_id {
        Some(_) => LocatedHolder::App(Box::new(located_app(located)?)),
        None => LocatedHolder::Org(Box::new(located_org(located)?)),
    };
    Ok(LocatedKey { within, key })
}

impl Store {
    pub async fn locate_org(&self, user: &UserId, id: &OrgId) -> Result<Option<LocatedOrg>> {
        let row = self.locate("", "orgs o", &["o"], user, id.as_str()).await?;
        row.as_ref().map(located_org).transpose()
    }

    pub async fn locate_tenant(&self, user: &UserId, id: &TenantId) -> Result<Option<LocatedTenant>> {
        let from = "tenants t JOIN orgs o ON o.id = t.org_id";
        let row = self.locate(TENANT, from, &["t", "o"], user, id.as_str()).await?;
        row.as_ref().map(located_tenant).transpose()
    }

    pub async fn locate_project(&self, user: &UserId, id: &ProjectId) -> Result<Option<LocatedProject>> {
        let from = "projects p JOIN tenants t ON t.id = p.tenant_id JOIN orgs o ON o.id = p.org_id";
        let columns = format!("{TENANT}{PROJECT}");
        let row = self.locate(&columns, from, &["p", "t", "o"], user, id.as_str()).await?;
        row.as_ref().map(located_project).transpose()
    }

    pub async fn locate_app(&self, user: &UserId, id: &AppId) -> Result<Option<LocatedApp>> {
        let from = "apps a JOIN projects p ON p.id = a.project_id JOIN tenants t ON t.id = a.tenant_id \
            JOIN orgs o ON o.id = a.org_id";
        let columns = format!("{TENANT}{PROJECT}{APP}");
        let row = self.locate(&columns, from, &["a", "p", "t", "o"], user, id.as_str()).await?;
        row.as_ref().map(located_app).transpose()
    }

    /// A key with its app, or with its organization where it is no app's.
    pub async fn locate_key(&self, user: &UserId, id: &KeyId) -> Result<Option<LocatedKey>> {
        let from = "keys k JOIN orgs o ON o.id = k.org_id LEFT JOIN apps a ON a.id = k.app_id \
            LEFT JOIN projects p ON p.id = a.project_id LEFT JOIN tenants t ON t.id = a.tenant_id";
        let columns = format!("{}, {TENANT}{PROJECT}{APP}", keys::COLUMNS);
        let row = self.locate(&columns, from, &["k", "t", "p", "o"], user, id.as_str()).await?;
        row.as_ref().map(located_key).transpose()
    }

    /// The row of a thing with that of each place around it, if the person has a role at one of them: with the strongest,
    /// where they have several. `aliases` are the thing's table and those of the places.
    async fn locate(
        &self,
        columns: &str,
        from: &str,
        aliases: &[&str],
        user: &UserId,
        id: &str,
    ) -> Result<Option<(AnyRow, Role)>> {
        let chain: Vec<_> = aliases.iter().map(|alias| format!("{alias}.id")).collect();
        let sql = format!(
            "SELECT {columns}{USER}{ORG}g.role FROM {from} \
             JOIN grants g ON g.org_id = o.id AND g.subject = $2 AND g.place_id IN ({}) \
             JOIN users u ON u.id = g.subject WHERE {} = $1 AND u.disabled_at IS NULL",
            chain.join(", "),
            chain[0]
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.to_owned()).bind(user.to_string());
        let rows = query.fetch_all(self.read()).await?;
        let mut strongest = None;
        for row in rows {
            let role = row.word("role", Role::parse)?;
            if strongest.as_ref().is_none_or(|(_, held)| role < *held) {
                strongest = Some((row, role));
            }
        }
        Ok(strongest)
    }
}
