//! The chart of the last 24 hours, on the page of what it is about.

use leptos::prelude::*;
use sallyport::{Timestamp, store::Store};

pub use super::report::Report;
use super::{Counted, chart::Chart, period::Period};
use crate::components::Card;

/// Reads what the card shows; nothing if the person does not see it.
pub async fn last_day(store: &Store, access: &impl Counted, now: Timestamp) -> sallyport::Result<Option<Report>> {
    if access.needs_usage().is_err() {
        return Ok(None);
    }
    Report::read(store, access, Period::Day, now).await.map(Some)
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
