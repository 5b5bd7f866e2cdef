//! Grants: which role a person has at a place. It applies there and to everything below it.
//!
//! `migrations/0032_grants.sql` lists the statements with the index that each uses.

use super::{row::Read, tx::Tx};
use crate::{
    Result,
    id::{OrgId, UserId},
    member::Role,
    place::{PlaceKind, PlaceRef},
};

/// The ids of a place, `$3`, and of the levels above it in the organization `$1`, read from its row.
fn chain(kind: PlaceKind) -> &'static str {
    match kind {
        PlaceKind::Org => "$1",
        PlaceKind::Tenant => "$1, $3",
        PlaceKind::Project => "$1, $3, (SELECT tenant_id FROM projects WHERE id = $3)",
        PlaceKind::App => "$1, (SELECT tenant_id FROM apps WHERE id = $3), (SELECT project_id FROM apps WHERE id = $3)",
    }
}

impl Tx {
    /// The roles that a person has at a place, including those from the levels above it.
    pub(super) async fn roles_at(&mut self, place: PlaceRef<'_>, user: &UserId) -> Result<Vec<Role>> {
        let sql = format!(
            "SELECT role FROM grants WHERE org_id = $1 AND subject = $2 AND place_id IN ({})",
            chain(place.kind)
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(place.org_id.to_string()).bind(user.to_string());
        let query = if place.kind == PlaceKind::Org { query } else { query.bind(place.id.to_owned()) };
        let rows = query.fetch_all(self.on()).await?;
        rows.iter().map(|row| row.word("role", Role::parse)).collect()
    }

    /// The role that a person has in an organization.
    pub(super) async fn role(&mut self, org: &OrgId, user: &UserId) -> Result<Option<Role>> {
        Ok(self.roles_at(org.into(), user).await?.into_iter().min())
    }

    /// Gives a person a role in an organization, replacing the previous one.
    pub(super) async fn grant(&mut self, org: &OrgId, user: &UserId, had: Option<Role>, role: Role) -> Result<()> {
        let sql = if had.is_some() {
            "UPDATE grants SET role = $3, granted_by = $4 WHERE org_id = $1 AND subject = $2 AND place_id = $1"
        } else {
            "INSERT INTO grants (org_id, subject, place_kind, place_id, role, granted_by, granted_at) \
             VALUES ($1, $2, 'organization', $1, $3, $4, $5)"
        };
        let by = Some(self.actor().id()).filter(|id| !id.is_empty()).map(str::to_owned);
        let query = sqlx::query(sql).bind(org.to_string()).bind(user.to_string()).bind(role.as_str()).bind(by);
        let query = if had.is_some() { query } else { query.bind(self.now().micros()) };
        query.execute(self.on()).await?;
        Ok(())
    }

    /// Removes all grants of a person in an organization.
    pub(super) async fn end_grants(&mut self, org: &OrgId, user: &UserId) -> Result<()> {
        sqlx::query("DELETE FROM grants WHERE org_id = $1 AND subject = $2")
            .bind(org.to_string())
            .bind(user.to_string())
            .execute(self.on())
            .await?;
        Ok(())
    }
}
