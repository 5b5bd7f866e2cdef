//! The chart of the last 24 hours, on the page of what it is about.

use leptos::prelude::*;
use sallyport::{
    Timestamp,
    id::{OrgId, TenantId},
    store::Store,
};

pub use super::report::Report;
use super::{chart::Chart, period::Period};
use crate::components::Card;

/// Reads what the card shows of the resource with this id, in that organization.
pub async fn last_day(store: &Store, id: &str, org: &OrgId, now: Timestamp) -> sallyport::Result<Report> {
    Report::read(store, id, org, Period::Day, now).await
}

/// Reads it of the projects of a tenant, together.
pub async fn last_day_of_tenant(store: &Store, tenant: &TenantId, now: Timestamp) -> sallyport::Result<Report> {
    Report::of_tenant(store, tenant, Period::Day, now).await
}

/// Without requests there is no card.
#[component]
pub fn RequestsCard(
    report: Option<Report>,
    /// The address of the resource, if it has a page about its usage.
    #[prop(optional_no_strip, into)]
    path: Option<String>,
    /// The name of the link to it.
    #[prop(default = "Usage")]
    link: &'static str,
) -> impl IntoView {
    report.filter(|report| report.total() > 0).map(|report| {
        let usage = move || path.map(|path| view! { <a href=format!("{path}/usage")>{link}</a> });
        view! {
            <Card title="Requests, 24 h" actions=usage>
                <Chart report small=true/>
            </Card>
        }
    })
}

/// The requests of the last 24 hours by the hour, accepted and refused.
#[component]
pub fn HoursChart(hours: std::collections::BTreeMap<Timestamp, [u64; 2]>, now: Timestamp) -> impl IntoView {
    view! { <Chart report=Report::of_hours(&hours, now) small=true/> }
}
