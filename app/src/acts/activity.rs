//! Queries of the activity of an organization or one of its apps.
#![allow(clippy::too_many_arguments, reason = "one for each field of the form")]

use leptos::prelude::*;
use sallyport::{member::Permission, store::EventFilter};

use super::{
    ActError, Caller,
    places::{PlaceAccess, PlaceId},
};
use crate::pages::activity::query::ActivityQuery;

/// How many events that match the filters are newer than a given one; at most as many as a page shows.
#[server(prefix = "/act", endpoint = "activity/newer")]
pub async fn count_newer_events(
    place: PlaceId,
    after: i64,
    #[server(default)] actor: String,
    #[server(default)] action: String,
    #[server(default)] outcome: String,
    #[server(default)] target: String,
    #[server(default)] address: String,
    #[server(default)] from: String,
    #[server(default)] to: String,
) -> Result<usize, ActError> {
    let caller = Caller::current();
    let PlaceAccess { org, place, .. } = PlaceAccess::of(&caller, &place).await?;
    let query = ActivityQuery { actor, action, outcome, target, address, from, to, ..ActivityQuery::default() };
    org.needs_somewhere(Permission::SeeKeys)?;
    let filter = EventFilter { after: Some(after), sight: org.seen(), ..query.filter()? };
    let page = caller.store().events(&org.org.id, place.app_id.as_ref(), &filter).await?;
    Ok(page.events.len())
}
