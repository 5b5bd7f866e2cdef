//! What the pages of a tenant and of a project show below their head.

use std::sync::Arc;

use leptos::prelude::*;
use sallyport::{
    Timestamp,
    profile::{HolderKind, Profile},
    store::KeyTotals,
};

use super::{
    attention::{AttentionCard, Highlights, NewestKeys},
    totals::{EnvironmentCard, TotalsStrip},
};

/// Figures in a row; then what it holds and the keys that need attention, beside their environments.
#[component]
pub fn PlaceOverview(
    /// What it holds, and how many: projects, apps.
    counts: Vec<(&'static str, i64)>,
    totals: KeyTotals,
    /// What the table lists.
    title: &'static str,
    /// Where its keys are listed, if there is such a list.
    keys: Option<String>,
    /// Where all of them are listed, if not there.
    #[prop(optional_no_strip)]
    all: Option<String>,
    highlights: Highlights,
    profile: Arc<Profile>,
    now: Timestamp,
    /// The table of its projects or apps.
    #[prop(into)]
    list: ViewFnOnce,
    /// The chart of its requests.
    #[prop(optional, into)]
    requests: ViewFnOnce,
) -> impl IntoView {
    let of_apps = profile.keys.owner == HolderKind::App;
    let (strip, all) = (totals.clone(), all.or(keys.clone()));
    view! {
        {of_apps.then(|| view! { <TotalsStrip counts totals=strip keys now/> })}
        <div class="split">
            <div class="columns">
                {requests.run()}
                <section class="section"><h2 class="section-title">{title}</h2>{list.run()}</section>
            </div>
            {(!highlights.is_empty()).then(|| view! {
                <div class="columns">
                    <AttentionCard highlights=highlights.clone() now of_several=true/>
                    <NewestKeys highlights all now of_several=true/>
                    {(totals.active > 0).then(|| view! { <EnvironmentCard totals profile/> })}
                </div>
            })}
        </div>
    }
}
