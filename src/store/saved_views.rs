//! The views of lists of keys that people saved for themselves.
//!
//! No event records them: a view is a person's own preference, like the theme. It changes nothing that another person sees
//! or that a verdict depends on, and the activity of an organization shows what was done to its keys and its members.

use sqlx::any::AnyRow;

use super::{Store, detached, grants::PlaceKey, places::name_taken, row::Read, tx::Tx};
use crate::{
    Error, Result,
    audit::{Act, Actor},
    fold::fold,
    id::{OrgId, UserId, ViewId},
    member::{Permission, Roles},
    place::{Place, PlaceKind, PlaceRef},
    saved_view::{NewView, SavedView},
};

/// Of the columns `id`, `name` and `query`.
pub(super) fn saved_view(row: &AnyRow) -> Result<SavedView> {
    Ok(SavedView { id: ViewId::stored(row.text("id")?), name: row.text("name")?, query: row.text("query")? })
}

impl Store {
    /// A view that this person saved of the list of a place.
    pub async fn saved_view(&self, person: &UserId, place: &Place, view: &ViewId) -> Result<Option<SavedView>> {
        let row =
            sqlx::query("SELECT id, name, query FROM saved_views WHERE id = $1 AND user_id = $2 AND place_id = $3")
                .bind(view.to_string())
                .bind(person.to_string())
                .bind(place.id.clone())
                .fetch_optional(self.read())
                .await?;
        row.map(|row| saved_view(&row)).transpose()
    }

    /// Saves a view of the list of keys of an organization or an app, for the acting person alone. They have to be able to
    /// see the list.
    pub async fn save_view(&self, act: &Act, place: &Place, new: NewView) -> Result<SavedView> {
        let (store, act, place) = (self.clone(), act.clone(), place.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            if place.kind == PlaceKind::App {
                // The row refers to the app, which every change locks before the chain.
                tx.hold_place(&place).await?;
            }
            let person = tx.viewer_of(&place).await?;
            if tx.count_views(&person, &place).await? >= NewView::MOST {
                let most = NewView::MOST;
                let message = format!("You have {most} views of this list already, the maximum. Delete one first.");
                return Err(Error::field("name", message));
            }
            let view = SavedView { id: ViewId::mint(store.entropy()), name: new.name, query: new.query };
            sqlx::query(
                "INSERT INTO saved_views (id, user_id, org_id, app_id, place_id, name, name_folded, query, created_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            )
            .bind(view.id.to_string())
            .bind(person.to_string())
            .bind(place.org_id.to_string())
            .bind((place.kind == PlaceKind::App).then(|| place.id.clone()))
            .bind(place.id.clone())
            .bind(view.name.clone())
            .bind(fold(&view.name))
            .bind(view.query.clone())
            .bind(store.now().micros())
            .execute(tx.on())
            .await
            .map_err(|error| name_taken(error, "saved_views_name_unique", "saved_views.name_folded", "view", "here"))?;
            tx.commit_preferences().await?;
            Ok(view)
        })
        .await
    }

    /// Deletes a view of the acting person. One that does not exist, or is another person's, is deleted already.
    pub async fn delete_view(&self, act: &Act, place: &Place, view: &ViewId) -> Result<()> {
        let (store, act, place, view) = (self.clone(), act.clone(), place.clone(), view.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let person = tx.viewer_of(&place).await?;
            sqlx::query("DELETE FROM saved_views WHERE id = $1 AND user_id = $2 AND place_id = $3")
                .bind(view.to_string())
                .bind(person.to_string())
                .bind(place.id.clone())
                .execute(tx.on())
                .await?;
            tx.commit_preferences().await
        })
        .await
    }
}

impl Tx {
    /// The acting person, if they may see the place. Their departure and the deletion of the place wait for the chain, and
    /// so does their next view, which would otherwise not be counted with this one.
    async fn viewer_of(&mut self, place: &Place) -> Result<UserId> {
        let Actor::User { id, .. } = self.actor().clone() else {
            return Err(Error::Forbidden("Only a person saves views."));
        };
        self.lock_chain(place.org_id.as_str()).await?;
        let roles = match place.kind {
            // The list of an organization contains what the person sees, wherever that is.
            PlaceKind::Org => self.granted_within(&PlaceKey::from(PlaceRef::from(place)), &id).await?,
            PlaceKind::App => {
                let app = sqlx::query("SELECT 1 FROM apps WHERE id = $1 AND org_id = $2");
                let app = app.bind(place.id.clone()).bind(place.org_id.to_string());
                match app.fetch_optional(self.on()).await? {
                    Some(_) => self.roles_at(place.into(), &id).await?,
                    None => Roles::default(),
                }
            }
            PlaceKind::Tenant | PlaceKind::Project => Roles::default(),
        };
        if !roles.may(Permission::SeeKeys) {
            return Err(Error::NotFound);
        }
        Ok(id)
    }

    async fn count_views(&mut self, person: &UserId, place: &Place) -> Result<usize> {
        let row = sqlx::query("SELECT COUNT(*) AS n FROM saved_views WHERE user_id = $1 AND place_id = $2")
            .bind(person.to_string())
            .bind(place.id.clone())
            .fetch_one(self.on())
            .await?;
        Ok(usize::try_from(row.int("n")?).unwrap_or(usize::MAX))
    }

    /// Deletes all views of a person in an organization, which they leave.
    pub(super) async fn delete_views_of(&mut self, person: &UserId, org: &OrgId) -> Result<()> {
        sqlx::query("DELETE FROM saved_views WHERE user_id = $1 AND org_id = $2")
            .bind(person.to_string())
            .bind(org.to_string())
            .execute(self.on())
            .await?;
        Ok(())
    }
}
