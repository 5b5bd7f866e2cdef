//! Requests that wait for an approval, as a list of keys shows them: without a key, so without a secret and what it was used for.

use std::sync::Arc;

use leptos::prelude::*;
use sallyport::{
    Timestamp,
    approval::Approval,
    profile::{Mode, Profile},
};

use crate::{
    components::{Badge, Chip, DataTable, Head},
    pages::{
        approvals::{facts::asker, title, tone},
        keys::row::{environment_title, environment_tone},
    },
    words::Ago,
};

#[component]
pub(super) fn WaitingRequests(
    requests: Vec<Approval>,
    /// Says of each whose the key is, or would be.
    of_org: bool,
    has_scopes: bool,
    profile: Arc<Profile>,
    now: Timestamp,
) -> impl IntoView {
    let mut heads = ["Label", "Environment"].map(Head::new).to_vec();
    if has_scopes {
        heads.push(Head::new("Scopes"));
    }
    heads.extend(["Asked", "Asked by", "Status"].map(Head::new));
    let rows = requests.into_iter().map(|request| {
        let (status, by, href) = (request.status(now), asker(&request), format!("/approvals/{}", request.id));
        let mode = profile.environment(&request.environment).map_or(Mode::Live, |environment| environment.mode);
        let environment = environment_title(&profile, &request.environment);
        let what = title(&request);
        let sub = if of_org { format!("{what} · {}", request.owner_name) } else { what.to_owned() };
        let chips = request.wish.scopes_then().iter().map(|scope| view! { <Chip text=scope.clone()/> }).collect_view();
        view! {
            <tr>
                <td class="cell-main"><a href=href>{request.label}</a><span class="cell-sub">{sub}</span></td>
                <td data-label="Environment"><Badge tone=environment_tone(mode) text=environment/></td>
                {has_scopes.then(|| view! { <td data-label="Scopes" class="cell-chips">{chips}</td> })}
                <td data-label="Asked" class="cell-muted"><Ago at=request.asked_at now/></td>
                <td data-label="Asked by" class="cell-muted">{by}</td>
                <td class="cell-end"><Badge tone=tone(status) text=status.title()/></td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! { <DataTable label="Waiting for approval" columns=heads compact=true>{rows}</DataTable> }
}
