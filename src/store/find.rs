//! Finds what a reader may see: a person sees what they have a role on, a root token or a managing key what belongs
//! to its organization, the portal itself everything.

use sqlx::any::AnyRow;

use super::{
    ClosedOrg, Store,
    apps::app,
    keys::{self, key},
    orgs::org,
    places::{project, tenant},
    row::Read,
    sight::{granted, org_seen, tenant_seen},
};
use crate::{
    Result,
    app::App,
    id::{AppId, KeyId, OrgId, ProjectId, ServiceAccountId, TenantId, UserId},
    key::{Key, secret::Checked},
    member::Permission,
    org::Org,
    project::Project,
    tenant::Tenant,
};

/// On whose behalf something is read.
#[derive(Clone, Copy, Debug)]
pub enum Reader<'a> {
    /// A person: what they have a role on, directly or at a level above it. The caller has asked whether the organization is open
    /// to their session: [`Store::find_in_session`], [`Store::is_open_to`].
    Person(&'a UserId),
    /// A person with a token: the same, and the organizations and tenants on the way there; but nothing of the organizations
    /// that the token does not get into.
    Bearer { user: &'a UserId, closed: &'a [ClosedOrg] },
    /// A service account: what its role shows, and what is on the way there. What organizations demand of the sign-in of people
    /// does not concern it.
    Account(&'a ServiceAccountId),
    /// A root token or a managing key of one organization: what belongs to it.
    Org(&'a OrgId),
    /// A root token without an organization, or the portal itself: everything.
    All,
}

impl<'a> From<&'a UserId> for Reader<'a> {
    fn from(user: &'a UserId) -> Self {
        Self::Person(user)
    }
}

/// The reader behind a root token or a managing key.
impl<'a> From<Option<&'a OrgId>> for Reader<'a> {
    fn from(org: Option<&'a OrgId>) -> Self {
        org.map_or(Self::All, Self::Org)
    }
}

impl<'a> Reader<'a> {
    /// The condition on a row `k`; `parameter` is the value from [`Self::bound`], such as `$2`.
    pub(super) fn may_see(self, resource: &ResourceTable, parameter: &str) -> String {
        let ResourceTable { org, chain, needs, passes, .. } = resource;
        let roles = || granted(&format!("k.{org}"), chain, parameter, *needs);
        match (self, passes) {
            (Self::Bearer { closed, .. }, passes) => {
                let roles = passes.map_or_else(roles, |passes| passes("k", parameter));
                format!("({roles} AND {})", outside(&format!("k.{org}"), closed))
            }
            (Self::Account(_), Some(passes)) => passes("k", parameter),
            (Self::Person(_) | Self::Account(_), _) => roles(),
            (Self::Org(_), _) => format!("k.{org} = {parameter}"),
            (Self::All, _) => "1 = 1".to_owned(),
        }
    }

    /// The organization, if the reader does not get into it, although the person may have a role there.
    pub fn closed(self, org: &OrgId) -> Option<&'a ClosedOrg> {
        match self {
            Self::Bearer { closed, .. } => closed.iter().find(|closed| closed.org_id == *org),
            _ => None,
        }
    }

    pub(super) fn bound(self) -> Option<String> {
        match self {
            Self::Person(user) | Self::Bearer { user, .. } => Some(user.to_string()),
            Self::Account(account) => Some(account.to_string()),
            Self::Org(org) => Some(org.to_string()),
            Self::All => None,
        }
    }
}

/// The condition that an organization, whose id is `org` in SQL, is none of these. Ids are letters, digits and `_`; there are as
/// many as a person has roles in, and mostly none.
pub(super) fn outside(org: &str, closed: &[ClosedOrg]) -> String {
    if closed.is_empty() {
        return "1 = 1".to_owned();
    }
    let ids: Vec<_> = closed.iter().map(|closed| format!("'{}'", closed.org_id.as_str().replace('\'', ""))).collect();
    format!("{org} NOT IN ({})", ids.join(", "))
}

/// Where a kind of resource is stored. Its table has the alias `k`, as in the queries of keys.
pub struct ResourceTable {
    pub(super) columns: &'static str,
    pub(super) table: &'static str,
    /// The column with its organization's id.
    pub(super) org: &'static str,
    /// Its own id and those of the levels above it: a role at any of them applies.
    chain: &'static str,
    /// The permission without which it does not exist.
    needs: Permission,
    /// Whether it is on the way to where a person has a role: the condition on a row with this alias, for the
    /// person's id in SQL.
    passes: Option<fn(&str, &str) -> String>,
}

pub(super) const ORGS: ResourceTable = ResourceTable {
    columns: "k.*",
    table: "orgs",
    org: "id",
    chain: "k.id",
    needs: Permission::SeePlace,
    passes: Some(org_seen),
};
pub(super) const TENANTS: ResourceTable = ResourceTable {
    columns: "k.*",
    table: "tenants",
    org: "org_id",
    chain: "k.org_id, k.id",
    needs: Permission::SeePlace,
    passes: Some(tenant_seen),
};
pub(super) const PROJECTS: ResourceTable = ResourceTable {
    columns: "k.*",
    table: "projects",
    org: "org_id",
    chain: "k.org_id, k.tenant_id, k.id",
    needs: Permission::SeePlace,
    passes: None,
};
pub(super) const APPS: ResourceTable = ResourceTable {
    columns: "k.*",
    table: "apps",
    org: "org_id",
    chain: "k.org_id, k.tenant_id, k.project_id",
    needs: Permission::SeeKeys,
    passes: None,
};
const KEYS: ResourceTable = ResourceTable {
    columns: keys::COLUMNS,
    table: "keys",
    org: "org_id",
    chain: "k.org_id, (SELECT c.tenant_id FROM apps c WHERE c.id = k.app_id), \
        (SELECT c.project_id FROM apps c WHERE c.id = k.app_id)",
    needs: Permission::SeeKeys,
    passes: None,
};

/// An id of something that readers may or may not see.
pub trait Findable: Sync {
    type Found: Send;
    const TABLE: ResourceTable;

    fn id(&self) -> &str;
    fn read(row: &AnyRow) -> Result<Self::Found>;
}

macro_rules! findable {
    ($($id:ty => $found:ty, $table:ident, $read:ident;)*) => {$(
        impl Findable for $id {
            type Found = $found;
            const TABLE: ResourceTable = $table;

            fn id(&self) -> &str {
                self.as_str()
            }

            fn read(row: &AnyRow) -> Result<$found> {
                $read(row)
            }
        }
    )*};
}

findable! {
    OrgId => Org, ORGS, org;
    TenantId => Tenant, TENANTS, tenant;
    ProjectId => Project, PROJECTS, project;
    AppId => App, APPS, app;
    KeyId => Key, KEYS, key;
}

impl Store {
    /// The organization, tenant, project, app or key with this id, if the reader may see it. Resources of others
    /// appear not to exist.
    pub async fn find<'a, I: Findable>(&self, reader: impl Into<Reader<'a>>, id: &I) -> Result<Option<I::Found>> {
        let (reader, ResourceTable { columns, table, .. }) = (reader.into(), I::TABLE);
        let sql = format!("SELECT {columns} FROM {table} k WHERE k.id = $1 AND {}", reader.may_see(&I::TABLE, "$2"));
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.id().to_owned());
        let query = reader.bound().into_iter().fold(query, |query, bound| query.bind(bound));
        query.fetch_optional(self.read()).await?.as_ref().map(I::read).transpose()
    }

    /// The same for a person in a session, if the organization is open to it.
    pub async fn find_in_session<I: Findable>(
        &self,
        session: &[u8; 32],
        user: &UserId,
        id: &I,
    ) -> Result<Option<I::Found>> {
        let (reader, ResourceTable { columns, table, org, .. }) = (Reader::Person(user), I::TABLE);
        let closed = self.closed_to_session(session).await?;
        let (seen, open) = (reader.may_see(&I::TABLE, "$2"), outside(&format!("k.{org}"), &closed));
        let sql = format!("SELECT {columns} FROM {table} k WHERE k.id = $1 AND {seen} AND {open}");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.id().to_owned()).bind(user.to_string());
        query.fetch_optional(self.read()).await?.as_ref().map(I::read).transpose()
    }

    /// The key with this secret, if the reader may see it. Found by digest alone, as in a verification.
    pub async fn key_by_secret<'a>(&self, reader: impl Into<Reader<'a>>, secret: Checked<'_>) -> Result<Option<KeyId>> {
        let reader = reader.into();
        for digest in self.digests(secret) {
            let sql = format!(
                "SELECT k.id FROM key_secrets s JOIN keys k ON k.id = s.key_id WHERE s.digest = $1 AND {}",
                reader.may_see(&KEYS, "$2")
            );
            let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(digest.0.to_vec());
            let query = reader.bound().into_iter().fold(query, |query, bound| query.bind(bound));
            if let Some(row) = query.fetch_optional(self.read()).await? {
                return Ok(Some(KeyId::stored(row.text("id")?)));
            }
        }
        Ok(None)
    }
}
