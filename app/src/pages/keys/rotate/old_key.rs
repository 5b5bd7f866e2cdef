//! What still uses the old secret.

use leptos::prelude::*;
use sallyport::{Timestamp, key::rotation::QUIET};

use super::{
    notice::OldSecret,
    uses::{Place, Uses, named},
};
use crate::{
    components::{Card, DataTable, Fact, Facts},
    pages::usage::card::HoursChart,
    words::{Ago, Ahead, digits},
};

/// Places that are listed.
const SHOWN: usize = 20;

#[component]
pub fn OldKey(old: OldSecret, uses: Uses, since: Timestamp, now: Timestamp) -> impl IntoView {
    let last = old.last_used_at;
    let quiet = last.unwrap_or(since);
    let is_quiet = now.since(quiet) >= QUIET;
    let hours = uses.hours.clone();
    let chart = (!hours.is_empty()).then(|| view! { <HoursChart hours now/> });
    let (shown, until) = (old.shown.clone(), old.until);
    view! {
        <Card title="What still uses the old key" actions=move || view! { <code>{shown}</code> }>
            <div class="stack">
            <Facts>
                <Fact label="Ends"><Ahead at=until now/></Fact>
                <Fact label="Last used">
                    {match last {
                        Some(at) => view! { <Ago at now/> }.into_any(),
                        None => "Not since the rotation began".into_any(),
                    }}
                    {is_quiet.then(|| format!(" · quiet for {} h", now.since(quiet).as_secs() / 3_600))}
                </Fact>
            </Facts>
            {chart}
            <Places uses now/>
            </div>
        </Card>
    }
}

/// By network and program.
#[component]
fn Places(uses: Uses, now: Timestamp) -> impl IntoView {
    let total = uses.total();
    let row = |Place { network, agent, requests, last_at }: Place| {
        view! {
            <tr>
                <td class="cell-head">{named(&network)}</td>
                <td data-label="Client">{named(&agent)}</td>
                <td data-label="Requests">{digits(requests)}</td>
                <td data-label="Last used" class="cell-muted"><Ago at=last_at now/></td>
            </tr>
        }
    };
    (total > 0).then(|| {
        let rows: Vec<_> = uses.places.into_iter().take(SHOWN).map(row).collect();
        view! {
            <DataTable label="Uses of the old key" columns=&["Network", "Client", "Requests", "Last used"]>
                {rows}
            </DataTable>
        }
    })
}
