//! Reads the members of organizations, tenants and projects.

use std::collections::HashMap;

use sqlx::any::AnyRow;

use super::{
    Page, Paging, Store,
    grants::chain,
    row::Read,
    sight::{Sight, roles_with},
    users,
};
use crate::{
    Result,
    id::{OrgId, UserId},
    member::{Grant, Member, Permission, Role},
    place::{PlaceKind, PlaceRef},
};

/// Members of an export at once.
const CHUNK: u8 = 200;

/// A row for each grant, of `grants g` and `users u`.
const COLUMNS: &str = "u.*, g.role, g.place_kind, g.place_id, g.granted_at AS since, \
    COALESCE((SELECT t.name FROM tenants t WHERE t.id = g.place_id), \
    (SELECT p.name FROM projects p WHERE p.id = g.place_id), (SELECT o.name FROM orgs o WHERE o.id = g.place_id), '') \
    AS place_name, (SELECT MAX(s.last_seen_at) FROM sessions s WHERE s.user_id = u.id) AS last_seen_at, \
    CAST(CASE WHEN EXISTS (SELECT 1 FROM sessions s WHERE s.user_id = u.id) OR EXISTS (SELECT 1 FROM events e \
    WHERE e.chain = 'system' AND e.actor_kind = 'user' AND e.actor_id = u.id AND e.action = 'session.created') \
    THEN 1 ELSE 0 END AS BIGINT) AS has_signed_in";

fn grant(row: &AnyRow) -> Result<Grant> {
    Ok(Grant {
        role: row.word("role", Role::parse)?,
        kind: row.word("place_kind", PlaceKind::parse)?,
        place_id: row.text("place_id")?,
        place_name: row.text("place_name")?,
        since: row.time("since")?,
    })
}

/// The members of a place of this kind, from their grants, of which those of one person follow each other.
fn members(rows: &[AnyRow], at: PlaceKind) -> Result<Vec<Member>> {
    let mut members: Vec<Member> = Vec::new();
    for row in rows {
        let grant = grant(row)?;
        match members.last_mut().filter(|last| row.text("id").is_ok_and(|id| last.user.id.as_str() == id)) {
            Some(member) => member.grants.push(grant),
            None => members.push(Member {
                user: users::user(row)?,
                role: grant.role,
                since: grant.since,
                disabled: row.time_opt("disabled_at")?.is_some(),
                last_seen_at: row.time_opt("last_seen_at")?,
                has_signed_in: row.flag("has_signed_in")?,
                grants: vec![grant],
            }),
        }
    }
    for member in &mut members {
        member.grants.sort_by_key(|grant| (grant.kind, grant.role));
        member.since = member.grants.iter().map(|grant| grant.since).min().unwrap_or(member.since);
        let here = member.grants.iter().filter(|grant| grant.kind <= at).map(|grant| grant.role).min();
        member.role = here.or(member.grants.iter().map(|grant| grant.role).min()).unwrap_or(member.role);
    }
    Ok(members)
}

/// The grants that concern a place, `$2`, of the organization `$1`: there, above it and below it.
fn concerning(kind: PlaceKind) -> &'static str {
    match kind {
        PlaceKind::Org => "$2 = $1",
        PlaceKind::Tenant => {
            "(g.place_id IN ($1, $2) OR g.place_id IN (SELECT x.id FROM projects x WHERE x.tenant_id = $2))"
        }
        PlaceKind::Project => "g.place_id IN ($1, $2, (SELECT x.tenant_id FROM projects x WHERE x.id = $2))",
        PlaceKind::App => {
            "(g.place_id = $1 OR EXISTS (SELECT 1 FROM apps x WHERE x.id = $2 AND g.place_id IN (x.tenant_id, x.project_id)))"
        }
    }
}

impl Store {
    /// The people with a role that concerns a place, by name: granted there, above it or below it.
    pub async fn members<'a>(&self, place: impl Into<PlaceRef<'a>>) -> Result<Vec<Member>> {
        let place = place.into();
        let sql = format!(
            "SELECT {COLUMNS} FROM grants g JOIN users u ON u.id = g.subject WHERE g.org_id = $1 AND {} \
             ORDER BY u.name_folded, u.id",
            concerning(place.kind)
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(place.org_id.to_string())
            .bind(place.id.to_owned())
            .fetch_all(self.read())
            .await?;
        members(&rows, place.kind)
    }

    /// The same in pages, those whose first role is the newest at the beginning. The people of a place are few enough to
    /// be read at once.
    pub async fn members_page<'a>(&self, place: impl Into<PlaceRef<'a>>, paging: &Paging) -> Result<Page<Member>> {
        let mut members = self.members(place).await?;
        let key = |member: &Member| (member.since.micros(), member.user.id.to_string());
        members.sort_by_key(|member| std::cmp::Reverse(key(member)));
        if let Some(after) = &paging.after {
            members.retain(|member| key(member) < *after);
        }
        let limit = usize::from(paging.limit);
        let more = members.len() > limit;
        members.truncate(limit);
        let last = members.last().filter(|_| more).map(key);
        Ok(Page { items: members, next: last.map(|(since, id)| format!("{id}.{since}")) })
    }

    /// The next members after the given one, in the order in which they joined: a chunk of an export.
    pub async fn members_after(&self, org: &OrgId, after: Option<&Member>) -> Result<Vec<Member>> {
        let (since, id) =
            after.map_or((i64::MIN, String::new()), |last| (last.since.micros(), last.user.id.to_string()));
        let sql = format!(
            "SELECT {COLUMNS} FROM (SELECT s.subject, s.joined_at FROM \
             (SELECT subject, MIN(granted_at) AS joined_at FROM grants WHERE org_id = $1 \
             AND service_account IS NULL GROUP BY subject) s \
             WHERE (s.joined_at, s.subject) > ($2, $3) ORDER BY s.joined_at, s.subject LIMIT {CHUNK}) m \
             JOIN grants g ON g.org_id = $1 AND g.subject = m.subject JOIN users u ON u.id = g.subject \
             ORDER BY m.joined_at, m.subject"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(org.to_string())
            .bind(since)
            .bind(id)
            .fetch_all(self.read())
            .await?;
        members(&rows, PlaceKind::Org)
    }

    /// Whether a person's roles allow this at a place.
    pub async fn may<'a>(&self, user: &UserId, place: impl Into<PlaceRef<'a>>, permission: Permission) -> Result<bool> {
        self.subject_may(user.as_str(), place, permission).await
    }

    /// The same of a person or a service account, by id.
    pub async fn subject_may<'a>(
        &self,
        subject: &str,
        place: impl Into<PlaceRef<'a>>,
        permission: Permission,
    ) -> Result<bool> {
        let place = place.into();
        let sql = format!(
            "SELECT 1 FROM grants WHERE org_id = $1 AND subject = $2 AND place_id IN ({}) AND role IN ({}) LIMIT 1",
            chain(place.kind),
            roles_with(permission)
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(place.org_id.to_string()).bind(subject.to_owned());
        let query = if place.kind == PlaceKind::Org { query } else { query.bind(place.id.to_owned()) };
        Ok(query.fetch_optional(self.read()).await?.is_some())
    }

    /// Whether a person's roles allow this at an organization, or anywhere in it.
    pub async fn may_somewhere(&self, user: &UserId, org: &OrgId, permission: Permission) -> Result<bool> {
        let sql = format!(
            "SELECT 1 FROM grants WHERE org_id = $1 AND subject = $2 AND role IN ({}) LIMIT 1",
            roles_with(permission)
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(org.to_string()).bind(user.to_string());
        Ok(query.fetch_optional(self.read()).await?.is_some())
    }

    /// How many keys that are not revoked each person created in an organization, by the person's id.
    pub async fn keys_made(&self, org: &OrgId, sight: &Sight) -> Result<HashMap<String, i64>> {
        let sql = format!(
            "SELECT k.created_by, COUNT(*) AS n FROM keys k LEFT JOIN apps a ON a.id = k.app_id WHERE k.org_id = $1 \
             AND k.created_by IS NOT NULL AND k.revoked_at IS NULL AND {} GROUP BY k.created_by",
            sight.app("a", "$2")
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(org.to_string())
            .bind(sight.bound())
            .fetch_all(self.read())
            .await?;
        rows.iter().map(|row| Ok((row.text("created_by")?, row.int("n")?))).collect()
    }

    /// The name of a person who created a key of the organization, or is a member of it. Who does not see all of the
    /// organization learns only the names of those who created keys that they see.
    pub async fn creator_name(&self, org: &OrgId, user: &UserId, sight: &Sight) -> Result<Option<String>> {
        let sql = format!(
            "SELECT u.name FROM users u WHERE u.id = $2 \
             AND (($3 = '' AND EXISTS (SELECT 1 FROM grants g WHERE g.org_id = $1 AND g.subject = u.id)) \
             OR EXISTS (SELECT 1 FROM keys k LEFT JOIN apps a ON a.id = k.app_id \
             WHERE k.org_id = $1 AND k.created_by = u.id AND {}))",
            sight.app("a", "$3")
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(org.to_string())
            .bind(user.to_string())
            .bind(sight.bound())
            .fetch_optional(self.read())
            .await?;
        row.map(|row| row.text("name")).transpose()
    }

    /// The names of an organization's owners, for people who have to ask one.
    pub async fn owners(&self, org: &OrgId) -> Result<Vec<String>> {
        let rows = sqlx::query(
            "SELECT u.name FROM grants g JOIN users u ON u.id = g.subject \
             WHERE g.org_id = $1 AND g.place_id = $1 AND g.role = 'owner' AND u.disabled_at IS NULL ORDER BY u.name_folded, u.id LIMIT 5",
        )
        .bind(org.to_string())
        .fetch_all(self.read())
        .await?;
        rows.iter().map(|row| row.text("name")).collect()
    }
}
