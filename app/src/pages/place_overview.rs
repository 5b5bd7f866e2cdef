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

/// Figures in a row; then what it holds and the environments of its keys, beside those that need attention.
#[component]
pub fn PlaceOverview(
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
        {of_apps.then(|| view! { <TotalsStrip totals=strip keys now/> })}
        <div class="split">
            {(!highlights.is_empty()).then(|| view! { <AttentionCard highlights=highlights.clone() now of_several=true/> })}
            <div class="columns">
                {requests.run()}
                <section class="section"><h2 class="section-title">{title}</h2>{list.run()}</section>
                {(totals.active > 0).then(|| view! { <EnvironmentCard totals profile/> })}
            </div>
            {(!highlights.is_empty()).then(|| view! {
                <div class="columns"><NewestKeys highlights all now of_several=true/></div>
            })}
        </div>
    }
}
