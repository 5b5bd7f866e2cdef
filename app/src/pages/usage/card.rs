//! The chart of the last 24 hours, on the page of what it is about.

use leptos::prelude::*;
use sallyport::{Timestamp, id::OrgId, store::Store};

pub use super::report::Report;
use super::{chart::Chart, period::Period};
use crate::components::Card;

/// Reads what the card shows of the resource with this id, in that organization.
pub async fn last_day(store: &Store, id: &str, org: &OrgId, now: Timestamp) -> sallyport::Result<Report> {
    Report::read(store, id, org, Period::Day, now).await
}

/// `path` leads to its page. Without requests there is no card.
#[component]
pub fn RequestsCard(report: Option<Report>, path: String) -> impl IntoView {
    report.filter(|report| report.total() > 0).map(|report| {
        let href = format!("{path}/usage");
        view! {
            <Card title="Requests, 24 h" actions=move || view! { <a href=href>"Usage"</a> }>
                <Chart report small=true/>
            </Card>
        }
    })
}
