//! The keys of a place with the most requests.

use leptos::prelude::*;
use sallyport::store::KeyRank;

use super::breakdown::{Bars, Row};

#[component]
pub(super) fn TopKeys(keys: Vec<KeyRank>) -> impl IntoView {
    let rows: Vec<Row> =
        keys.into_iter().map(|key| (key.label, Some(format!("/keys/{}/usage", key.id)), key.requests)).collect();
    view! { <Bars title="Most used keys" rows/> }
}
