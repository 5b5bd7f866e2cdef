//! Loads a resource with everything that contains it, the signed-in person and their roles, in one query. To a person
//! whose roles do not show it, the resource does not exist.

use sqlx::any::AnyRow;

use super::{
    ClosedOrg, Store,
    apps::app,
    grants::held,
    keys::{self, key},
    orgs::org,
    places::{project, tenant},
    row::{Prefixed, Read},
    sign_in_judge::{POLICY, missing, of_session},
    users::user,
};
use crate::{
    Result,
    app::App,
    id::{AppId, KeyId, OrgId, ProjectId, TenantId},
    key::Key,
    member::{Held, Permission},
    org::Org,
    project::Project,
    session::IDLE,
    tenant::Tenant,
    user::User,
};

/// What a person with a session that has not ended finds under an id.
#[derive(Clone, Debug)]
pub struct Located<T> {
    pub user: User,
    /// `None` if it does not exist, or they have no role there.
    pub found: Option<T>,
    /// The organization, if it demands more of a session than this one has: then they see nothing of it.
    pub closed: Option<ClosedOrg>,
}

/// An organization, with the role of the person in it.
#[derive(Clone, Debug)]
pub struct LocatedOrg {
    /// At the located resource.
    pub role: Held,
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

/// What a key belongs to: an app; or an organization, if its holder is a person or the organization itself.
#[derive(Clone, Debug)]
pub enum LocatedHolder {
    App(Box<LocatedApp>),
    Org(Box<LocatedOrg>),
}

/// Columns of a table, named with its alias as a prefix, since several tables have columns of the same name.
macro_rules! columns {
    ($table:literal: $($column:literal)+) => {
        concat!($($table, ".", $column, " AS ", $table, "_", $column, ", "),+)
    };
}

/// The columns of a person `u`, with the prefix `u_`.
pub(super) const USER: &str =
    columns!("u": "id" "name" "email" "operator" "must_change_password" "unverified" "created_at");
const ORG: &str = columns!("o": "id" "name" "description" "plan" "colour" "logo" "created_at" "archived_at"
    "suspended_at" "suspend_reason");
const TENANT: &str = columns!("t": "id" "org_id" "name" "description" "created_at" "archived_at");
const PROJECT: &str = columns!("p": "id" "tenant_id" "org_id" "name" "description" "created_at" "archived_at");
const APP: &str = columns!("a": "id" "project_id" "tenant_id" "org_id" "name" "os" "bundle_id" "description"
    "created_at" "archived_at" "ingestion_verified" "limit_per_minute" "limit_per_day");

/// Reads a row for a person with these roles.
type ReadLocated<T> = fn(&AnyRow, Held) -> Result<T>;

fn org_of(row: &AnyRow, role: Held) -> Result<LocatedOrg> {
    Ok(LocatedOrg { role, org: org(&Prefixed(row, "o_"))? })
}

fn tenant_of(row: &AnyRow, role: Held) -> Result<LocatedTenant> {
    Ok(LocatedTenant { within: org_of(row, role)?, tenant: tenant(&Prefixed(row, "t_"))? })
}

fn project_of(row: &AnyRow, role: Held) -> Result<LocatedProject> {
    Ok(LocatedProject { within: tenant_of(row, role)?, project: project(&Prefixed(row, "p_"))? })
}

fn app_of(row: &AnyRow, role: Held) -> Result<LocatedApp> {
    Ok(LocatedApp { within: project_of(row, role)?, app: app(&Prefixed(row, "a_"))? })
}

fn key_of(row: &AnyRow, role: Held) -> Result<LocatedKey> {
    let key = key(row)?;
    let within = match key.app_id {
        Some(_) => LocatedHolder::App(Box::new(app_of(row, role)?)),
        None => LocatedHolder::Org(Box::new(org_of(row, role)?)),
    };
    Ok(LocatedKey { within, key })
}

/// The joins from a resource up to its organization, each by primary key.
struct Way {
    joins: &'static str,
    /// The columns with the ids at which a role applies to it.
    chain: &'static [&'static str],
    /// The permission without which it does not exist.
    needs: Permission,
    /// Whether a grant with that alias is below it, so that the person passes through it.
    leads_to: &'static str,
}

const ORG_WAY: Way = Way {
    joins: "LEFT JOIN orgs o ON o.id = $4",
    chain: &["o_id"],
    needs: Permission::SeePlace,
    leads_to: "g.org_id = o.id",
};
const TENANT_WAY: Way = Way {
    joins: "LEFT JOIN tenants t ON t.id = $4 LEFT JOIN orgs o ON o.id = t.org_id",
    chain: &["o_id", "t_id"],
    needs: Permission::SeePlace,
    leads_to: "EXISTS (SELECT 1 FROM projects x WHERE x.id = g.place_id AND x.tenant_id = t.id)",
};
const PROJECT_WAY: Way = Way {
    joins: "LEFT JOIN projects p ON p.id = $4 LEFT JOIN tenants t ON t.id = p.tenant_id \
        LEFT JOIN orgs o ON o.id = p.org_id",
    chain: &["o_id", "t_id", "p_id"],
    needs: Permission::SeePlace,
    leads_to: "1 = 0",
};
const APP_WAY: Way = Way {
    joins: "LEFT JOIN apps a ON a.id = $4 LEFT JOIN projects p ON p.id = a.project_id \
        LEFT JOIN tenants t ON t.id = a.tenant_id LEFT JOIN orgs o ON o.id = a.org_id",
    chain: &["o_id", "t_id", "p_id"],
    needs: Permission::SeeKeys,
    leads_to: "1 = 0",
};
const KEY_WAY: Way = Way {
    joins: "LEFT JOIN keys k ON k.id = $4 LEFT JOIN orgs o ON o.id = k.org_id LEFT JOIN apps a ON a.id = k.app_id \
        LEFT JOIN projects p ON p.id = a.project_id LEFT JOIN tenants t ON t.id = a.tenant_id",
    chain: &["o_id", "t_id", "p_id"],
    needs: Permission::SeeKeys,
    leads_to: "1 = 0",
};

impl Store {
    /// `None` if the session has ended.
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

    /// A key with its app, or with its organization if it does not belong to an app.
    pub async fn locate_key(&self, session: &[u8; 32], id: &KeyId) -> Result<Option<Located<LocatedKey>>> {
        let columns = format!("{}, {TENANT}{PROJECT}{APP}", keys::COLUMNS);
        self.locate(&columns, &KEY_WAY, session, id.as_str(), key_of).await
    }

    /// The person whose session this is, unless it has ended.
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
        read: ReadLocated<T>,
    ) -> Result<Option<Located<T>>> {
        let Way { joins, chain, needs, leads_to } = way;
        let columns = format!(
            "{columns}{ORG}{}g.role, g.place_kind, g.place_id, \
             CAST(CASE WHEN {leads_to} THEN 1 ELSE 0 END AS BIGINT) AS leads, ",
            of_session("$2")
        );
        let joins = format!("{joins} LEFT JOIN grants g ON g.org_id = o.id AND g.subject = u.id {POLICY}");
        // A row for each of their roles in the organization.
        let rows = self.of_live_session(session, &columns, &joins, Some(id)).await?;
        let Some(first) = rows.first() else { return Ok(None) };
        let user = user(&Prefixed(first, "u_"))?;
        let mut ids = Vec::with_capacity(chain.len());
        for column in *chain {
            // A key that belongs to no app has no levels between it and the organization.
            ids.extend(first.text_opt(column)?);
        }
        let role = held(&rows, &ids.iter().map(String::as_str).collect::<Vec<_>>())?;
        let mut leads = false;
        for row in &rows {
            leads |= row.flag("leads")?;
        }
        let found = if role.may(*needs) || leads { Some(read(first, role)?) } else { None };
        let closed = match &found {
            Some(_) => Some(ClosedOrg { org_id: OrgId::stored(first.text("o_id")?), missing: missing(first)? }),
            None => None,
        };
        Ok(Some(Located { user, found, closed: closed.filter(|closed| !closed.missing.is_empty()) }))
    }

    /// The person whose session this is, with the joined tables; `joins` may use `id` as `$4`. No rows if it has ended.
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
