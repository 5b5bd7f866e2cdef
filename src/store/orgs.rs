//! Organizations: their creation, and those of a person.

use serde_json::json;

use super::{
    Store, detached,
    grants::{PlaceKey, held},
    row::Read,
};
use crate::{
    Error, Result,
    audit::{Act, Action, Actor, NewEvent, Target},
    colour::Colour,
    fold::fold,
    id::{OrgId, TenantId, UserId},
    member::{Held, Role},
    org::{NewOrg, Org, Suspension},
    place::{Place, PlaceRef},
    plan::Plan,
};

fn suspension(row: &impl Read) -> Result<Option<Suspension>> {
    let Some(at) = row.time_opt("suspended_at")? else { return Ok(None) };
    Ok(Some(Suspension { at, reason: row.text_opt("suspend_reason")?.unwrap_or_default() }))
}

pub(super) fn org(row: &impl Read) -> Result<Org> {
    Ok(Org {
        id: OrgId::stored(row.text("id")?),
        name: row.text("name")?,
        description: row.text("description")?,
        plan: row.word("plan", Plan::parse)?,
        colour: row.text_opt("colour")?.as_deref().and_then(Colour::parse),
        logo: row.text_opt("logo")?,
        created_at: row.time("created_at")?,
        archived_at: row.time_opt("archived_at")?,
        suspended: suspension(row)?,
    })
}

impl Store {
    /// Creates an organization with its first tenant. A person who creates one becomes its owner; one created by a
    /// root token has no members.
    pub async fn create_org(&self, act: &Act, new: NewOrg) -> Result<Org> {
        let (store, act) = (self.clone(), act.clone());
        detached(async move {
            let org = Org {
                id: OrgId::mint(&new.name, store.entropy()),
                name: new.name,
                description: new.description,
                plan: new.plan,
                colour: None,
                logo: None,
                created_at: store.now(),
                archived_at: None,
                suspended: None,
            };
            let mut tx = store.begin(&act).await?;
            tx.needs_to_create_orgs().await?;
            tx.makes(org.id.as_str()).await?;
            sqlx::query("INSERT INTO orgs (id, name, description, plan, created_at, name_folded) VALUES ($1, $2, $3, $4, $5, $6)")
                .bind(org.id.to_string())
                .bind(org.name.clone())
                .bind(org.description.clone())
                .bind(org.plan.as_str())
                .bind(org.created_at.micros())
                .bind(fold(&org.name))
                .execute(tx.on())
                .await?;
            tx.start_chain(org.id.as_str()).await?;
            let target = Target::new("organization", &org.id, &org.name);
            tx.record(NewEvent::of(&org.id, Action::OrgCreated, target)).await?;
            if let Actor::User { id, .. } = &act.actor {
                tx.grant(&PlaceKey::from(PlaceRef::from(&org.id)), id, Role::Owner, None).await?;
            }
            if let Some(tenant) = new.first_tenant {
                let id = TenantId::mint(&tenant.name, store.entropy());
                tx.insert_tenant(&store, id, &org.id, tenant).await.map_err(|error| match error {
                    // The organization's form has another name for that field.
                    Error::Invalid(invalid) => Error::field("tenant", invalid.to_string()),
                    other => other,
                })?;
            }
            tx.commit().await?;
            Ok(org)
        })
        .await
    }

    /// Chooses the colour of an organization, or none: then it follows from the id.
    pub async fn choose_colour(&self, act: &Act, org: &Org, colour: Option<Colour>) -> Result<()> {
        let (store, act, place) = (self.clone(), act.clone(), Place::from(org));
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.needs(&place, place.kind.to_edit()).await?;
            let colour = colour.map(Colour::as_str);
            sqlx::query("UPDATE orgs SET colour = $1 WHERE id = $2 RETURNING id")
                .bind(colour)
                .bind(place.id.clone())
                .fetch_optional(tx.on())
                .await?
                .ok_or(Error::NotFound)?;
            let details = json!({ "colour": colour.unwrap_or("automatic") });
            tx.record(NewEvent::of(&place.org_id, place.kind.edited(), place.target()).with(details)).await?;
            tx.commit().await
        })
        .await
    }

    /// The organizations in which a person has a role, by name; the place is the organization itself.
    pub async fn orgs_of(&self, user: &UserId) -> Result<Vec<(Org, Held)>> {
        let rows = sqlx::query(
            "SELECT o.*, g.role, g.place_kind, g.place_id FROM grants g JOIN orgs o ON o.id = g.org_id \
             WHERE g.subject = $1 ORDER BY o.name_folded, o.id",
        )
        .bind(user.to_string())
        .fetch_all(self.read())
        .await?;
        let mut orgs = Vec::new();
        // A row for each of their roles: those of one organization follow each other.
        for rows in rows.chunk_by(|one, next| one.text("id").ok() == next.text("id").ok()) {
            let org = org(&rows[0])?;
            let held = held(rows, &[org.id.as_str()])?;
            orgs.push((org, held));
        }
        Ok(orgs)
    }
}
