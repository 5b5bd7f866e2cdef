//! Organizations, found by their members.

use super::{Store, detached, row::Read};
use crate::{
    Error, Result,
    audit::{Act, Action, Actor, NewEvent, Target},
    fold::fold,
    id::{OrgId, TenantId, UserId},
    member::Role,
    org::{NewOrg, Org},
    plan::Plan,
};

pub(super) fn org(row: &impl Read) -> Result<Org> {
    Ok(Org {
        id: OrgId::stored(row.text("id")?),
        name: row.text("name")?,
        description: row.text("description")?,
        plan: row.word("plan", Plan::parse)?,
        created_at: row.time("created_at")?,
        archived_at: row.time_opt("archived_at")?,
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
                created_at: store.now(),
                archived_at: None,
            };
            let mut tx = store.begin(&act).await?;
            tx.needs_to_found().await?;
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
                tx.grant(&org.id, id, None, Role::Owner).await?;
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

    /// The organizations of a person, by name.
    pub async fn orgs_of(&self, user: &UserId) -> Result<Vec<(Org, Role)>> {
        let rows = sqlx::query(
            "SELECT o.*, g.role FROM grants g JOIN orgs o ON o.id = g.org_id AND o.id = g.place_id WHERE g.subject = $1 \
             ORDER BY o.name_folded, o.id",
        )
        .bind(user.to_string())
        .fetch_all(self.read())
        .await?;
        rows.iter().map(|row| Ok((org(row)?, row.word("role", Role::parse)?))).collect()
    }
}
