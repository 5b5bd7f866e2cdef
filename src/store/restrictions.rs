//! Restrictions of keys, limits of apps, and the operator's approval for ingestion.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Store, apps, detached, row::Read, tx::Tx};
use crate::{
    Error, Result,
    app::App,
    audit::{Act, Action, Actor, NewEvent},
    id::{AppId, ApprovalId, OrgId, UserId},
    journal::Entry,
    key::{Key, KeyChange, KeySettings, LimitOverride, Restrictions, Seen},
    member::Permission,
    place::Place,
    plan::Plan,
};

impl Store {
    /// Replaces the restrictions of a key, if they are still those that were `seen`. When this returns, verifiers of this
    /// process apply them. Where the change needs an approval, this asks for it and returns the request.
    pub async fn restrict_key(
        &self,
        act: &Act,
        key: &Key,
        new: Restrictions,
        seen: Option<Restrictions>,
    ) -> Result<Option<ApprovalId>> {
        let change = KeyChange { seen: seen.map(Seen::Restrictions), ..KeyChange::from(new) };
        self.apply(act, key, change, restricted).await
    }

    /// Sets limits of an app, instead of its plan's, for each of its keys without limits of its own.
    pub async fn limit_app(&self, act: &Act, app: &App, new: LimitOverride) -> Result<()> {
        let (store, act, place) = (self.clone(), act.clone(), Place::from(app));
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.needs(&place, Permission::ManageApps).await?;
            tx.within_plan(&place.org_id, new).await?;
            // Before the keys, since this locks the app: no key can be issued until it ends, so none is missed.
            sqlx::query("UPDATE apps SET limit_per_minute = $1, limit_per_day = $2 WHERE id = $3 RETURNING id")
                .bind(new.per_minute.map(i64::from))
                .bind(new.per_day.map(i64::from))
                .bind(place.id.clone())
                .fetch_optional(tx.on())
                .await?
                .ok_or(Error::NotFound)?;
            tx.touches_keys_of(&place).await?;
            tx.notes(Entry::AppLimited {
                app: place.id.clone(),
                per_minute: new.per_minute.map(i64::from),
                per_day: new.per_day.map(i64::from),
            });
            let mut details = json!({});
            add(&mut details, new);
            tx.record(NewEvent::of(&place.org_id, Action::AppLimited, place.target()).with(details)).await?;
            tx.commit().await
        })
        .await
    }

    /// An app as an operator sees it, whether or not they are a member of its organization.
    pub async fn app_for_operator(&self, user: &UserId, id: &AppId) -> Result<Option<App>> {
        let row = sqlx::query(
            "SELECT a.* FROM apps a JOIN users u ON u.id = $1 \
             WHERE a.id = $2 AND u.operator = 1 AND u.disabled_at IS NULL",
        )
        .bind(user.to_string())
        .bind(id.to_string())
        .fetch_optional(self.read())
        .await?;
        row.as_ref().map(apps::app).transpose()
    }

    /// Allows an app to push data, or no longer does. Repeating it changes nothing.
    pub async fn verify_for_ingestion(&self, act: &Act, app: &App, verified: bool) -> Result<()> {
        let (store, act, place) = (self.clone(), act.clone(), Place::from(app));
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.needs_operator().await?;
            let changed = sqlx::query(
                "UPDATE apps SET ingestion_verified = $1 WHERE id = $2 AND ingestion_verified <> $1 RETURNING id",
            )
            .bind(i64::from(verified))
            .bind(place.id.clone());
            if changed.fetch_optional(tx.on()).await?.is_none() {
                if !verified {
                    tx.unchanged().await?;
                }
                return Ok(());
            }
            tx.touches_keys_of(&place).await?;
            tx.notes(Entry::Ingestion { app: place.id.clone(), verified });
            let action = if verified { Action::IngestionVerified } else { Action::IngestionEnded };
            tx.record(NewEvent::of(&place.org_id, action, place.target())).await?;
            tx.commit().await
        })
        .await
    }
}

/// The event of new restrictions, with all of them.
fn restricted(after: &KeySettings, before: &KeySettings) -> Vec<(Action, Value)> {
    let new = &after.restrictions;
    if *new == before.restrictions {
        return Vec::new();
    }
    let mut details = json!({
        "require_signed": new.require_signed,
        "addresses": new.addresses.lines().collect::<Vec<_>>(),
        "addresses_enforced": new.addresses_enforced,
    });
    add(&mut details, new.limits);
    vec![(Action::KeyRestricted, details)]
}

/// A limit inherited from the plan is `null`.
fn add(details: &mut Value, limits: LimitOverride) {
    details["limit_per_minute"] = limits.per_minute.into();
    details["limit_per_day"] = limits.per_day.into();
}

impl Tx {
    /// Fails if the limits exceed the organization's plan, unless the actor is an operator or a root token.
    pub(super) async fn within_plan(&mut self, org: &OrgId, new: LimitOverride) -> Result<()> {
        let person = match self.actor() {
            // A personal token is no operator's.
            Actor::User { .. } if self.actor().personal_token().is_some() => String::new(),
            Actor::User { id, .. } => id.to_string(),
            Actor::Key { .. } | Actor::ServiceAccount { .. } => String::new(),
            _ => return Ok(()),
        };
        let row = sqlx::query(
            "SELECT o.plan, (SELECT COUNT(*) FROM users u WHERE u.id = $1 AND u.operator = 1) AS operator \
             FROM orgs o WHERE o.id = $2",
        )
        .bind(person)
        .bind(org.to_string())
        .fetch_optional(self.on())
        .await?
        .ok_or(Error::NotFound)?;
        if row.flag("operator")? {
            return Ok(());
        }
        let profile = Arc::clone(self.profile());
        let plan = profile.plan(row.word("plan", Plan::parse)?);
        for (field, asked, most) in
            [("limit_per_minute", new.per_minute, plan.most_per_minute()), ("limit_per_day", new.per_day, plan.per_day)]
        {
            if let (Some(asked), Some(most)) = (asked, most)
                && asked > most
            {
                let message =
                    format!("At most {most}, as the plan of the organization allows; an operator can allow more.");
                return Err(Error::field(field, &message));
            }
        }
        Ok(())
    }
}
