//! Acts on a person's own views of a list of keys.

use leptos::prelude::*;
use sallyport::{id::ViewId, member::Permission, place::PlaceKind, saved_view::NewView};

use super::{
    ActError, Caller,
    places::{PlaceAccess, PlaceId},
};
use crate::{
    error::PageError,
    pages::keys::list::query::{ListQuery, query_of},
};

/// The organization or the app whose list it is, if the person may see it.
async fn listed(caller: &Caller, list: &PlaceId) -> Result<PlaceAccess, PageError> {
    if matches!(list, PlaceId::Tenant(_) | PlaceId::Project(_)) {
        return Err(PageError::NotFound);
    }
    let access = PlaceAccess::of(caller, list).await?;
    // The list of an organization contains what the person sees, wherever that is.
    access.org.needs_somewhere(Permission::SeeKeys)?;
    Ok(access)
}

/// Saves filters and sort order of a list, as its address has them, under a name. Only the person sees the view.
#[server(prefix = "/act", endpoint = "views/save")]
pub async fn save_view(
    list: PlaceId,
    #[server(default)] name: String,
    #[server(default)] filters: String,
) -> Result<(), ActError> {
    let caller = Caller::current();
    let PlaceAccess { org, place, .. } = listed(&caller, &list).await?;
    let query = ListQuery::parse(&filters)
        .ok_or_else(|| ActError::field("", "These filters are not those of a list. Open the list again."))?;
    let mut filter = query.filter();
    if place.kind == PlaceKind::App {
        // The tenant is the app's.
        filter.tenant = None;
    }
    if query.holds_secret() {
        return Err(ActError::field("", "The search contains a whole key or token, which is never saved."));
    }
    let new = NewView::check(&name, query_of(&filter))?;
    caller.store().save_view(&org.me.act(), &place, new).await?;
    Ok(())
}

/// Deletes a view. One that does not exist, or is another person's, is deleted already.
#[server(prefix = "/act", endpoint = "views/delete")]
pub async fn delete_view(list: PlaceId, view: ViewId) -> Result<(), ActError> {
    let caller = Caller::current();
    let PlaceAccess { org, place, .. } = listed(&caller, &list).await?;
    Ok(caller.store().delete_view(&org.me.act(), &place, &view).await?)
}
