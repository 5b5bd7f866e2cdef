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
    id::{AppId, KeyId, OrgId, ProjectId, TenantId},
    key::Key,
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

fn key_of(row: &AnyRow) -> Result<LocatedKey> {
    let key = key(row)?;
    let within = match key.app_id {
        Some(_) => LocatedHolder::App(Box::new(app_of(row)?)),
        None => LocatedHolder::Org(Box::new(org_of(row)?)),
    };
    Ok(LocatedKey { within, key })
}

/// From a thing to the organization that it is in, each by its primary key; and the ids at which a role holds for it.
struct Way {
    joins: &'static str,
    chain: &'static str,
}

const ORG_WAY: Way = Way { joins: "LEFT JOIN orgs o ON o.id = $4", chain: "o.id" };
const TENANT_WAY: Way =
    Way { joins: "LEFT JOIN tenants t ON t.id = $4 LEFT JOIN orgs o ON o.id = t.org_id", chain: "o.id, t.id" };
const PROJECT_WAY: Way = Way {
    joins: "LEFT JOIN projects p ON p.id = $4 LEFT JOIN tenants t ON t.id = p.tenant_id \
        LEFT JOIN orgs o ON o.id = p.org_id",
    chain: "o.id, t.id, p.id",
};
const APP_WAY: Way = Way {
    joins: "LEFT JOIN apps a ON a.id = $4 LEFT JOIN projects p ON p.id = a.project_id \
        LEFT JOIN tenants t ON t.id = a.tenant_id LEFT JOIN orgs o ON o.id = a.org_id",
    chain: "o.id, t.id, p.id",
};
const KEY_WAY: Way = Way {
    joins: "LEFT JOIN keys k ON k.id = $4 LEFT JOIN orgs o ON o.id = k.org_id LEFT JOIN apps a ON a.id = k.app_id \
        LEFT JOIN projects p ON p.id = a.project_id LEFT JOIN tenants t ON t.id = a.tenant_id",
    chain: "o.id, t.id, p.id",
};

impl Store {
    /// `None` where the session is over.
    pub async fn locate_org(&self, session: &[u8; 32], id: &OrgId) -> Result<Option<Located<LocatedOrg>>> {
        self.locate("", &ORG_WAY, session, id.as_str(), org_of).await
    }

    pub async fn locate_tenant(&self, session: &[u8; 32], id: &TenantId) -> Result<Option<Located<LocatedTenant>>> {
        self.locate(TENANT, &TENANT_WAY, session, id.as_str(), tenant_of).await
    }

    pub async fn locate_project(&self, session: &[u8; 32], id: &ProjectId) -> Result<Option<Located<LocatedProject>>> {
        let columns = format!("{TENANT}{PROJECT}");
        self.locate(&columns, &PROJECT_WAY, session, id.as_str(), project_of).await
    }

    pub async fn locate_app(&self, session: &[u8; 32], id: &AppId) -> Result<Option<Located<LocatedApp>>> {
        let columns = format!("{TENANT}{PROJECT}{APP}");
        self.locate(&columns, &APP_WAY, session, id.as_str(), app_of).await
    }

    /// A key with its app, or with its organization where it is no app's.
    pub async fn locate_key(&self, session: &[u8; 32], id: &KeyId) -> Result<Option<Located<LocatedKey>>> {
        let columns = format!("{}, {TENANT}{PROJECT}{APP}", keys::COLUMNS);
        self.locate(&columns, &KEY_WAY, session, id.as_str(), key_of).await
    }

    /// The person of a live session.
    pub async fn person(&self, session: &[u8; 32]) -> Result<Option<User>> {
        let rows = self.of_live_session(session, "", "", None).await?;
        rows.first().map(|row| user(&Prefixed(row, "u_"))).transpose()
    }

    async fn locate<T>(
        &self,
        columns: &str,
        way: &Way,
        session: &[u8; 32],
        id: &str,
        read: impl Fn(&AnyRow) -> Result<T>,
    ) -> Result<Option<Located<T>>> {
        let Way { joins, chain } = way;
        let columns = format!("{columns}{ORG}g.role, ");
        let joins =
            format!("{joins} LEFT JOIN grants g ON g.org_id = o.id AND g.subject = u.id AND g.place_id IN ({chain})");
        let rows = self.of_live_session(session, &columns, &joins, Some(id)).await?;
        let Some(first) = rows.first() else { return Ok(None) };
        // A row for each of their roles there; what they are shown as is the strongest.
        let mut strongest = None;
        for row in &rows {
            let role = row.text_opt("role")?.map(|_| row.word("role", Role::parse)).transpose()?;
            if let Some(role) = role
                && strongest.is_none_or(|(held, _)| role < held)
            {
                strongest = Some((role, row));
            }
        }
        let found = strongest.map(|(_, row)| read(row)).transpose()?;
        Ok(Some(Located { user: user(&Prefixed(first, "u_"))?, found }))
    }

    /// The person of a live session, with what is joined to them and `id`, the fourth value. No row where it is over.
    async fn of_live_session(
        &self,
        session: &[u8; 32],
        columns: &str,
        joins: &str,
        id: Option<&str>,
    ) -> Result<Vec<AnyRow>> {
        let now = self.now();
        let sql = format!(
            "SELECT {columns}{USER}s.last_seen_at FROM sessions s JOIN users u ON u.id = s.user_id {joins} \
             WHERE s.id_digest = $1 AND s.expires_at > $2 AND s.last_seen_at > $3 AND u.disabled_at IS NULL"
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql));
        let query = query.bind(session.to_vec()).bind(now.micros()).bind((now - IDLE).micros());
        let query = if let Some(id) = id { query.bind(id.to_owned()) } else { query };
        let rows = query.fetch_all(self.read()).await?;
        if let Some(row) = rows.first() {
            self.seen(*session, now, row.time("last_seen_at")?);
        }
        Ok(rows)
    }
}
