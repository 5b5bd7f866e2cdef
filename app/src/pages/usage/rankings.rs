//! What has the most requests: the keys of a place, the organizations of a portal.

use leptos::prelude::*;
use sallyport::store::{KeyRank, Ranked};

use super::breakdown::{Bars, Row};

#[derive(Clone)]
pub(super) struct Ranking {
    title: &'static str,
    rows: Vec<Row>,
}

impl Ranking {
    pub(super) fn of_keys(keys: Vec<KeyRank>) -> Self {
        let row = |key: KeyRank| (key.label, Some(format!("/keys/{}/usage", key.id)), key.requests);
        Self { title: "Most used keys", rows: keys.into_iter().map(row).collect() }
    }

    pub(super) fn of_orgs(orgs: Vec<Ranked>) -> Self {
        let row = |org: Ranked| (org.name, Some(format!("/admin/organizations/{}", org.id)), org.requests);
        Self { title: "Organizations", rows: orgs.into_iter().map(row).collect() }
    }

    /// Root tokens and networks of gateways.
    pub(super) fn of_askers(askers: Vec<Ranked>) -> Self {
        let rows = askers.into_iter().map(|asker| (asker.name, None, asker.requests));
        Self { title: "Requests without a known key, by who asked", rows: rows.collect() }
    }
}

#[component]
pub(super) fn Rankings(rankings: Vec<Ranking>) -> impl IntoView {
    rankings.into_iter().map(|Ranking { title, rows }| view! { <Bars title rows/> }).collect_view()
}
