//! What each role allows, in words.

use leptos::prelude::*;
use sallyport::member::Role;

use crate::{components::Card, words::digits};

/// What a person of that role may do.
pub(super) const fn allows(role: Role) -> &'static str {
    match role {
        Role::Owner => "everything, owners included",
        Role::Admin => "everything except ownership",
        Role::Member => "projects, apps and keys",
    }
}

/// The roles, with how many members have each.
#[component]
pub(super) fn RolesCard(of_role: [(Role, usize); Role::ALL.len()]) -> impl IntoView {
    let rows = of_role.map(|(role, n)| {
        let n = digits(i64::try_from(n).unwrap_or(i64::MAX));
        view! { <li><span><b>{role.title()}</b>" may change "{allows(role)}</span><span class="muted">{n}</span></li> }
    });
    view! { <Card title="Roles"><ul class="roles">{rows.to_vec()}</ul></Card> }
}
