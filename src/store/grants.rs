//! Grants: which roles a person has at a place. They apply there and to everything below it.
//!
//! `migrations/0032_grants.sql` lists the statements with the index that each uses.

use sqlx::any::AnyRow;

use super::{
    row::Read,
    tx::{Note, Tx},
};
use crate::{
    Error, Result, Timestamp,
    id::{OrgId, UserId},
    member::{Held, Role, Roles},
    place::{Place, PlaceKind, PlaceRef},
};

/// A place as an owned value.
#[derive(Clone, Debug)]
pub(super) struct PlaceKey {
    pub(super) kind: PlaceKind,
    pub(super) id: String,
    pub(super) org_id: OrgId,
}

impl From<PlaceRef<'_>> for PlaceKey {
    fn from(place: PlaceRef<'_>) -> Self {
        Self { kind: place.kind, id: place.id.to_owned(), org_id: place.org_id.clone() }
    }
}

impl<'a> From<&'a PlaceKey> for PlaceRef<'a> {
    fn from(place: &'a PlaceKey) -> Self {
        Self { kind: place.kind, id: &place.id, org_id: &place.org_id }
    }
}

/// Reads the columns `role`, `place_kind` and `place_id` of the grants of a person in one organization. `chain` are the
/// ids of the place and of those above it.
pub(super) fn held<'a>(rows: impl IntoIterator<Item = &'a AnyRow>, chain: &[&str]) -> Result<Held> {
    let mut held = Held::default();
    for row in rows {
        let Some(place) = row.text_opt("place_id")? else { continue };
        let role = row.word("role", Role::parse)?;
        held.anywhere = held.anywhere.with(role);
        if row.word("place_kind", PlaceKind::parse)? == PlaceKind::Org {
            held.at_org = held.at_org.with(role);
        }
        if chain.contains(&place.as_str()) {
            held.here = held.here.with(role);
        }
    }
    Ok(held)
}

/// The ids of a place, `$3`, and of the levels above it in the organization `$1`, read from its row.
pub(super) fn chain(kind: PlaceKind) -> &'static str {
    match kind {
        PlaceKind::Org => "$1",
        PlaceKind::Tenant => "$1, $3",
        PlaceKind::Project => "$1, $3, (SELECT tenant_id FROM projects WHERE id = $3)",
        PlaceKind::App => "$1, (SELECT tenant_id FROM apps WHERE id = $3), (SELECT project_id FROM apps WHERE id = $3)",
    }
}

/// The grants at a place, whose id is `$2`, and at everything in it, of the organization `$1`.
pub(super) fn at_or_below(kind: PlaceKind) -> &'static str {
    match kind {
        PlaceKind::Org => "$2 = $1",
        PlaceKind::Tenant => {
            "(place_id = $2 OR place_id IN (SELECT id FROM projects WHERE tenant_id = $2) \
             OR place_id IN (SELECT id FROM apps WHERE tenant_id = $2))"
        }
        PlaceKind::Project => "(place_id = $2 OR place_id IN (SELECT id FROM apps WHERE project_id = $2))",
        PlaceKind::App => "place_id = $2",
    }
}

impl Tx {
    /// The roles that a person has at a place, including those from the levels above it.
    pub(super) async fn roles_at(&mut self, place: PlaceRef<'_>, user: &UserId) -> Result<Roles> {
        self.roles_of(place, user.as_str()).await
    }

    /// The same of a person or a service account.
    pub(super) async fn roles_of(&mut self, place: PlaceRef<'_>, subject: &str) -> Result<Roles> {
        let sql = format!(
            "SELECT role FROM grants WHERE org_id = $1 AND subject = $2 AND place_id IN ({})",
            chain(place.kind)
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(place.org_id.to_string()).bind(subject.to_owned());
        let query = if place.kind == PlaceKind::Org { query } else { query.bind(place.id.to_owned()) };
        let rows = query.fetch_all(self.on()).await?;
        rows.iter().map(|row| row.word("role", Role::parse)).collect()
    }

    /// The roles that a person was given at exactly this place, and since when.
    pub(super) async fn granted_at(&mut self, place: &PlaceKey, user: &UserId) -> Result<(Roles, Option<Timestamp>)> {
        let rows =
            sqlx::query("SELECT role, granted_at FROM grants WHERE org_id = $1 AND subject = $2 AND place_id = $3")
                .bind(place.org_id.to_string())
                .bind(user.to_string())
                .bind(place.id.clone())
                .fetch_all(self.on())
                .await?;
        let (mut roles, mut since) = (Roles::default(), None::<Timestamp>);
        for row in &rows {
            let at = row.time("granted_at")?;
            roles = roles.with(row.word("role", Role::parse)?);
            since = Some(since.map_or(at, |since| since.min(at)));
        }
        Ok((roles, since))
    }

    /// The roles that a person was given at a place and at everything in it.
    pub(super) async fn granted_within(&mut self, place: &PlaceKey, user: &UserId) -> Result<Roles> {
        let sql = format!("SELECT role FROM grants WHERE org_id = $1 AND subject = $3 AND {}", at_or_below(place.kind));
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(place.org_id.to_string()).bind(place.id.clone());
        let rows = query.bind(user.to_string()).fetch_all(self.on()).await?;
        rows.iter().map(|row| row.word("role", Role::parse)).collect()
    }

    /// Gives a person a role at a place, instead of those that they were given there. `since` is when they got the
    /// first of these.
    pub(super) async fn grant(
        &mut self,
        place: &PlaceKey,
        user: &UserId,
        role: Role,
        since: Option<Timestamp>,
    ) -> Result<()> {
        self.grant_to(place, user.as_str(), role, since).await?;
        self.notes(Note::Roles(user.clone(), place.org_id.clone()));
        Ok(())
    }

    /// The same for a person or a service account, without a note for the journal.
    pub(super) async fn grant_to(
        &mut self,
        place: &PlaceKey,
        subject: &str,
        role: Role,
        since: Option<Timestamp>,
    ) -> Result<()> {
        if !role.is_granted_at(place.kind) {
            return Err(Error::field(
                "role",
                format!("A {} can’t have this role: {}.", place.kind.noun(), role.title()),
            ));
        }
        if since.is_some() {
            sqlx::query("DELETE FROM grants WHERE org_id = $1 AND subject = $2 AND place_id = $3")
                .bind(place.org_id.to_string())
                .bind(subject.to_owned())
                .bind(place.id.clone())
                .execute(self.on())
                .await?;
        }
        let by = Some(self.actor().id()).filter(|id| !id.is_empty()).map(str::to_owned);
        sqlx::query(
            "INSERT INTO grants (org_id, subject, place_kind, place_id, role, granted_by, granted_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(place.org_id.to_string())
        .bind(subject.to_owned())
        .bind(place.kind.noun())
        .bind(place.id.clone())
        .bind(role.as_str())
        .bind(by)
        .bind(since.unwrap_or(self.now()).micros())
        .execute(self.on())
        .await?;
        Ok(())
    }

    /// Removes all grants of a person at a place and at everything in it.
    pub(super) async fn end_grants(&mut self, place: &PlaceKey, user: &UserId) -> Result<()> {
        let sql = format!("DELETE FROM grants WHERE org_id = $1 AND subject = $3 AND {}", at_or_below(place.kind));
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(place.org_id.to_string()).bind(place.id.clone());
        query.bind(user.to_string()).execute(self.on()).await?;
        self.notes(Note::Roles(user.clone(), place.org_id.clone()));
        Ok(())
    }

    /// Deletes the grants of a place and of everything in it, before these are deleted. The chain has to be locked.
    pub(super) async fn end_grants_within(&mut self, place: &Place) -> Result<()> {
        let sql = format!("DELETE FROM grants WHERE org_id = $1 AND {}", at_or_below(place.kind));
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(place.org_id.to_string());
        query.bind(place.id.clone()).execute(self.on()).await?;
        Ok(())
    }
}
