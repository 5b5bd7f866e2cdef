//! The passkeys of the person.

pub mod new;
pub mod remove;

use leptos::prelude::*;
use sallyport::{Timestamp, passkey::Passkey};

use crate::{
    components::{DataTable, Head},
    words::Ago,
};

/// `host` is the portal's, for which passkeys are made; `None` if it has none.
#[component]
pub(super) fn Passkeys(passkeys: Vec<Passkey>, host: Option<String>, now: Timestamp) -> impl IntoView {
    (!passkeys.is_empty()).then(|| {
        let heads = vec![Head::new("Name"), Head::new("Added"), Head::new("Last used"), Head::new("")];
        let rows = passkeys.into_iter().map(|passkey| view! { <Row host=host.clone() passkey now/> }).collect_view();
        view! { <DataTable label="Passkeys" columns=heads>{rows}</DataTable> }
    })
}

#[component]
fn Row(passkey: Passkey, host: Option<String>, now: Timestamp) -> impl IntoView {
    let Passkey { id, name, rp_id, added_at, last_used_at, .. } = passkey;
    // The portal may have moved: browsers do not offer it here.
    let elsewhere = (host.as_ref() != Some(&rp_id)).then(|| format!("Only at {rp_id}"));
    let label = format!("Remove {name}");
    view! {
        <tr>
            <td class="cell-head">{name}{elsewhere.map(|elsewhere| view! { <span class="cell-sub">{elsewhere}</span> })}</td>
            <td data-label="Added" class="cell-muted"><Ago at=added_at now/></td>
            <td data-label="Last used" class="cell-muted">
                {match last_used_at {
                    Some(at) => view! { <Ago at now/> }.into_any(),
                    None => "Never".into_any(),
                }}
            </td>
            <td class="cell-end">
                <a
                    id=format!("remove-{id}") class="btn btn-small btn-danger-quiet"
                    href=format!("/account/passkeys/{id}/remove") aria-label=label
                >"Remove"</a>
            </td>
        </tr>
    }
}
