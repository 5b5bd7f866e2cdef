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
    id::{AppId, OrgId, ProjectId, TenantId},
    member::Role,
    org::Org,
    project::Project,
    session::IDLE,
    tenant::Tenant,
    user::User,
};

/// What the person of a live session finds under an id.
#[derive(Clone, Debug)]
pub struct Located<T> {
    pub user: User,
    /// `None` where there is nothing, or nothing for them.
    pub found: Option<T>,
}

/// An organization, as a member of it sees it.
#[derive(Clone, Debug)]
pub struct LocatedOrg {
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

fn org_of(row: &AnyRow) -> Result<LocatedOrg> {
    Ok(LocatedOrg { role: row.word("role", Role::parse)?, org: org(&Prefixed(row, "o_"))? })
}

fn tenant_of(row: &AnyRow) -> Result<LocatedTenant> {
    Ok(LocatedTenant { within: org_of(row)?, tenant: tenant(&Prefixed(row, "t_"))? })
}

fn project_of(row: &AnyRow) -> Result<LocatedProject> {
    Ok(LocatedProject { within: tenant_of(row)?, project: project(&Prefixed(row, "p_"))? })
}

fn app_of(row: &AnyRow) -> Result<LocatedApp> {
    Ok(LocatedApp { within: project_of(row)?, app: app(&Prefixed(row, "a_"))? })
}

/// From a thing to the organization that it is in, each by its primary key.
const ORG_JOINS: &str = "LEFT JOIN orgs o ON o.id = $4";
const TENANT_JOINS: &str = "LEFT JOIN tenants t ON t.id = $4 LEFT JOIN orgs o ON o.id = t.org_id";
const PROJECT_JOINS: &str = "LEFT JOIN projects p ON p.id = $4 LEFT JOIN tenants t ON t.id = p.tenant_id \
    LEFT JOIN orgs o ON o.id = p.org_id";
const APP_JOINS: &str = "LEFT JOIN apps a ON a.id = $4 LEFT JOIN projects p ON p.id = a.project_id \
    LEFT JOIN tenants t ON t.id = a.tenant_id LEFT JOIN orgs o ON o.id = a.org_id";

impl Store {
    /// `None` where the session is over.
    pub async fn locate_org(&self, session: &[u8; 32], id: &OrgId) -> Result<Option<Located<LocatedOrg>>> {
        self.locate("", ORG_JOINS, session, id.as_str(), org_of).await
    }

    pub async fn locate_tenant(&self, session: &[u8; 32], id: &TenantId) -> Result<Option<Located<LocatedTenant>>> {
        self.locate(TENANT, TENANT_JOINS, session, id.as_str(), tenant_of).await
    }

    pub async fn locate_project(&self, session: &[u8; 32], id: &ProjectId) -> Result<Option<Located<LocatedProject>>> {
        let columns = format!("{TENANT}{PROJECT}");
        self.locate(&columns, PROJECT_JOINS, session, id.as_str(), project_of).await
    }

    pub async fn locate_app(&self, session: &[u8; 32], id: &AppId) -> Result<Option<Located<LocatedApp>>> {
        let columns = format!("{TENANT}{PROJECT}{APP}");
        self.locate(&columns, APP_JOINS, session, id.as_str(), app_of).await
    }

    /// The person of a live session.
    pub async fn person(&self, session: &[u8; 32]) -> Result<Option<User>> {
        let row = self.of_live_session(session, "", "", None).await?;
        row.map(|row| user(&Prefixed(&row, "u_"))).transpose()
    }

    async fn locate<T>(
        &self,
        columns: &str,
        joins: &str,
        session: &[u8; 32],
        id: &str,
        read: impl Fn(&AnyRow) -> Result<T>,
    ) -> Result<Option<Located<T>>> {
        let columns = format!("{columns}{ORG}m.role, ");
        let joins = format!("{joins} LEFT JOIN members m ON m.org_id = o.id AND m.user_id = u.id");
        let Some(row) = self.of_live_session(session, &columns, &joins, Some(id)).await? else { return Ok(None) };
        let is_member = row.text_opt("role")?.is_some();
        let found = is_member.then(|| read(&row)).transpose()?;
        Ok(Some(Located { user: user(&Prefixed(&row, "u_"))?, found }))
    }

    /// The person of a live session, with what is joined to them and `id`, the fourth value.
    async fn of_live_session(
        &self,
        session: &[u8; 32],
        columns: &str,
        joins: &str,
        id: Option<&str>,
    ) -> Result<Option<AnyRow>> {
        let now = self.now();
        let sql = format!(
            "SELECT {columns}{USER}s.last_seen_at FROM sessions s JOIN users u ON u.id = s.user_id {joins} \
             WHERE s.id_digest = $1 AND s.expires_at > $2 AND s.last_seen_at > $3 AND u.disabled_at IS NULL"
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql));
        let query = query.bind(session.to_vec()).bind(now.micros()).bind((now - IDLE).micros());
        let query = if let Some(id) = id { query.bind(id.to_owned()) } else { query };
        let row = query.fetch_optional(self.read()).await?;
        if let Some(row) = &row {
            self.seen(*session, now, row.time("last_seen_at")?);
        }
        Ok(row)
    }
}
