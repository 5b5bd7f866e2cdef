//! The numbers of the chart, as a table.

use leptos::prelude::*;

use super::{
    chart::clock,
    period::Period,
    report::{Bar, Kind, Report},
};
use crate::{
    components::{DataTable, When},
    words::digits,
};

#[component]
pub fn RequestTable(report: Report) -> impl IntoView {
    let period = report.period;
    let (with, without): (Vec<_>, Vec<_>) = report.bars.into_iter().partition(|bar| bar.total() > 0);
    let rows = with.into_iter().rev().map(|bar| {
        let numbers = Kind::ALL.map(|kind| {
            view! { <td data-label=kind.title()>{digits(bar.of_kind(kind))}</td> }
        });
        let (at, text) = (bar.at.to_rfc3339(), clock(bar.at, period));
        view! {
            <tr>
                <td class="cell-head"><When at text day=moment(period)/></td>
                <td data-label="Requests">{digits(Bar::total(&bar))}</td>
                {Vec::from(numbers)}
            </tr>
        }
    });
    let rows: Vec<_> = rows.collect();
    let left_out = (!without.is_empty()).then(|| view! { <p class="hint">"Rows without requests are left out."</p> });
    view! {
        <DataTable label="Requests" columns=&["From", "Requests", "Accepted", "Limited", "Refused"] compact=true>{rows}</DataTable>
        {left_out}
    }
}

/// How its times are written in the reader's time zone. Days stay in UTC.
const fn moment(period: Period) -> Option<&'static str> {
    match period {
        Period::Hour | Period::Day | Period::Week => Some("moment"),
        Period::Month | Period::Year => None,
    }
}
