//! Search by name, label, the beginning of an id, or a whole key.

use std::collections::HashSet;

use sqlx::any::AnyRow;

use super::{
    ClosedOrg, Store,
    find::outside,
    key_deadlines::{self, secret_since},
    key_secrets::previous_until,
    key_status::suspended_column,
    like::escaped,
    row::Read,
    sight::{granted, tenant_seen},
};
use crate::{
    Result, Timestamp,
    fold::fold,
    id::{OrgId, UserId},
    key::Status,
    key_policy::Deadlines,
    member::Permission,
};

/// The kinds of search results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchKind {
    Organization,
    Tenant,
    Project,
    App,
    Key,
    /// A member of an organization in which the searching person is a member too.
    Person,
}

impl SearchKind {
    /// In the order in which they are shown.
    pub const ALL: [Self; 6] = [Self::App, Self::Key, Self::Project, Self::Tenant, Self::Organization, Self::Person];
}

/// A search result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchHit {
    pub kind: SearchKind,
    pub id: String,
    pub name: String,
    /// The levels above it, organization last. For a person the e-mail address comes first.
    pub within: Vec<String>,
    /// The organization in which a person is listed as a member.
    pub member_of: Option<OrgId>,
    /// The status, for a key.
    pub status: Option<Status>,
    /// What is due of it.
    pub due: KeyDue,
}

/// What is going to happen to a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyDue {
    pub expires_at: Option<Timestamp>,
    /// Until when its old secret is accepted, while it is rotated.
    pub rotating_until: Option<Timestamp>,
    /// When its secret is, or was, due to be replaced by the rules of the organization.
    pub rotation_due_at: Option<Timestamp>,
}

/// Results of each kind.
const MOST: usize = 8;

/// The query of each kind: id, name, another condition that may match (`$6`), the levels above it, its table and the
/// joins.
fn parts(kind: SearchKind) -> [&'static str; 5] {
    match kind {
        SearchKind::Organization => ["o.id", "o.name", NOTHING, "''", ""],
        SearchKind::Tenant => ["t.id", "t.name", NOTHING, "''", "JOIN tenants t ON t.org_id = o.id"],
        SearchKind::Project => {
            let from = "JOIN projects p ON p.org_id = o.id JOIN tenants t ON t.id = p.tenant_id";
            ["p.id", "p.name", NOTHING, "t.name", from]
        }
        SearchKind::App => {
            let from = "JOIN apps a ON a.org_id = o.id JOIN projects p ON p.id = a.project_id";
            ["a.id", "a.name", "lower(a.bundle_id) LIKE $6 ESCAPE '!'", "p.name", from]
        }
        SearchKind::Key => {
            let from = "JOIN keys k ON k.org_id = o.id AND k.trust_rule_id IS NULL LEFT JOIN apps a ON a.id = k.app_id \
                LEFT JOIN users u ON u.id = k.owner_id";
            ["k.id", "k.label", SHOWN, "COALESCE(a.name, u.name, '')", from]
        }
        SearchKind::Person => {
            let from = "JOIN grants p ON p.org_id = o.id JOIN users u ON u.id = p.subject";
            ["u.id", "u.name", "lower(u.email) LIKE $6 ESCAPE '!'", "u.email", from]
        }
    }
}

/// What the person whose id is `$1` sees, of the rows that [`parts`] joins. People are found where the person has a role
/// in the organization itself, and so sees who its members are.
fn seen(kind: SearchKind) -> String {
    let granted = |chain, permission| granted("o.id", chain, "$1", permission);
    match kind {
        SearchKind::Organization => "1 = 1".to_owned(),
        SearchKind::Tenant => tenant_seen("t", "$1"),
        SearchKind::Project => granted("o.id, p.tenant_id, p.id", Permission::SeePlace),
        SearchKind::App | SearchKind::Key => granted("o.id, a.tenant_id, a.project_id", Permission::SeeKeys),
        SearchKind::Person => granted("o.id", Permission::SeePlace),
    }
}

/// No other condition: the search text is never empty.
const NOTHING: &str = "'' LIKE $6 ESCAPE '!'";

/// Whether the shortened form of one of a key's secrets matches.
const SHOWN: &str = "EXISTS (SELECT 1 FROM key_secrets s WHERE s.key_id = k.id AND lower(s.shown) LIKE $6 ESCAPE '!')";

/// The columns that a key's status depends on.
const STATUS: &str = concat!(
    ", k.revoked_at, k.expires_at, k.paused_at, ",
    suspended_column!(),
    ", ",
    previous_until!(),
    " AS previous_until, ",
    secret_since!(),
    " AS secret_since"
);

impl Store {
    fn status_of(&self, row: &AnyRow) -> Result<Status> {
        let expired = row.time_opt("expires_at")?.is_some_and(|at| at <= self.now());
        let [revoked, paused] = ["revoked_at", "paused_at"].map(|column| row.time_opt(column));
        let rotating = row.time_opt("previous_until")?.is_some_and(|at| at > self.now());
        Ok(Status::first_of(revoked?.is_some(), expired, row.flag("suspended")?, paused?.is_some(), rotating))
    }

    fn due_of(&self, row: &AnyRow) -> Result<KeyDue> {
        let days = u32::try_from(row.int("rotate_every")?).ok().filter(|days| *days > 0);
        let rules = Deadlines { rotate_every_days: days, ..Deadlines::default() };
        Ok(KeyDue {
            expires_at: row.time_opt("expires_at")?,
            rotating_until: row.time_opt("previous_until")?.filter(|at| *at > self.now()),
            rotation_due_at: rules.rotation_due_at(row.time("secret_since")?),
        })
    }

    /// What a person may see in this session that matches these words, a few of each kind: names that begin with them first, and
    /// among those the ones in `near`.
    pub async fn search(
        &self,
        session: &[u8; 32],
        user: &UserId,
        near: Option<&OrgId>,
        words: &str,
    ) -> Result<Vec<SearchHit>> {
        let words = words.trim();
        // PostgreSQL refuses NUL, and no name contains control characters.
        if words.is_empty() || words.contains(char::is_control) {
            return Ok(Vec::new());
        }
        let closed = self.closed_to_session(session).await?;
        let mut found = Vec::new();
        for kind in SearchKind::ALL {
            found.extend(self.search_kind(kind, (user, closed.as_slice()), near, words).await?);
        }
        Ok(found)
    }

    async fn search_kind(
        &self,
        kind: SearchKind,
        (user, closed): (&UserId, &[ClosedOrg]),
        near: Option<&OrgId>,
        words: &str,
    ) -> Result<Vec<SearchHit>> {
        let [id, name, more, place, from] = parts(kind);
        let (status, ended) = if kind == SearchKind::Key {
            let rule = key_deadlines::rotate_every("o.id", self.profile());
            (format!("{STATUS}, {rule} AS rotate_every"), "k.revoked_at IS NOT NULL")
        } else {
            (String::new(), "1 = 0")
        };
        // Ids and shortened secrets are not names: they are compared without case only.
        let plain = escaped(&words.to_lowercase());
        let words = escaped(&fold(words));
        let values = [
            user.to_string(),
            near.map(ToString::to_string).unwrap_or_default(),
            format!("%{words}%"),
            format!("{words}%"),
            format!("% {words}%"),
            format!("%{plain}%"),
            format!("{plain}%"),
        ];
        let seen = format!("{} AND {}", seen(kind), outside("o.id", closed));
        let limit = if kind == SearchKind::Person { MOST * MOST } else { MOST };
        let within = format!("{name}_folded LIKE $3 ESCAPE '!' OR {more} OR lower({id}) LIKE $7 ESCAPE '!'");
        let sql = format!(
            "SELECT {id} AS id, {name} AS name, {place} AS place, o.id AS org_id, o.name AS org{status} \
             FROM (SELECT DISTINCT org_id FROM grants WHERE subject = $1) g JOIN orgs o ON o.id = g.org_id {from} \
             WHERE ({within}) AND {seen} \
             ORDER BY CASE WHEN {name}_folded LIKE $4 ESCAPE '!' THEN 0 \
             WHEN {name}_folded LIKE $5 ESCAPE '!' THEN 1 ELSE 2 END, \
             CASE WHEN o.id = $2 THEN 0 ELSE 1 END, CASE WHEN {ended} THEN 1 ELSE 0 END, {name}_folded, {id} LIMIT {limit}"
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql));
        let rows = values.into_iter().fold(query, sqlx::query::Query::bind).fetch_all(self.read()).await?;
        let mut found = Vec::new();
        for row in &rows {
            let (id, name) = (row.text("id")?, row.text("name")?);
            let within =
                [row.text("place")?, if kind == SearchKind::Organization { String::new() } else { row.text("org")? }];
            let within = within.into_iter().filter(|place| !place.is_empty()).collect();
            let (status, due) = if kind == SearchKind::Key {
                (Some(self.status_of(row)?), self.due_of(row)?)
            } else {
                (None, KeyDue::default())
            };
            let member_of = if kind == SearchKind::Person { Some(OrgId::stored(row.text("org_id")?)) } else { None };
            found.push(SearchHit { kind, id, name, within, member_of, status, due });
        }
        // A person who shares several organizations with the searcher is listed once.
        let mut seen = HashSet::new();
        found.retain(|found| seen.insert(found.id.clone()));
        found.truncate(MOST);
        Ok(found)
    }
}
