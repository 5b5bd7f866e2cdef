//! What each role allows, from the table of roles.

use leptos::prelude::*;
use sallyport::{
    member::{Permission, Role},
    place::PlaceKind,
};

use crate::{components::Card, words::digits};

/// The roles that can be granted at a place of this kind, with how many of its members have each, and what they allow.
#[component]
pub(super) fn RolesCard(
    kind: PlaceKind,
    /// The first role of each member.
    roles: Vec<Role>,
) -> impl IntoView {
    let counted = Role::ALL.into_iter().filter_map(move |role| {
        let n = roles.iter().filter(|has| **has == role).count();
        (n > 0 || role.level() == kind).then_some((role, i64::try_from(n).unwrap_or(i64::MAX)))
    });
    let rows = counted.map(|(role, n)| view! { <li><b>{role.title()}</b><span class="muted">{digits(n)}</span></li> });
    view! {
        <Card title="Roles">
            <ul class="rows">{rows.collect_view()}</ul>
            <RolesExplained kind/>
        </Card>
    }
}

/// What the roles allow that can be granted at a place of this kind.
#[component]
pub(super) fn RolesExplained(kind: PlaceKind) -> impl IntoView {
    let question = match kind {
        PlaceKind::Org => "What may an admin do?",
        PlaceKind::Tenant => "What may a tenant admin do?",
        PlaceKind::Project | PlaceKind::App => "What may a project admin do?",
    };
    let roles = Role::granted_at(kind).map(|role| {
        let allowed = Permission::ALL.into_iter().filter(|permission| role.may(*permission));
        let allowed = allowed.map(|permission| view! { <li>{permission.title()}</li> }).collect_view();
        view! { <dt>{role.title()}</dt><dd><ul>{allowed}</ul></dd> }
    });
    let about = match kind {
        PlaceKind::Project | PlaceKind::App => "A role applies to the project and its apps.",
        _ => "A role applies here and to everything below.",
    };
    view! {
        <details class="disclosure">
            <summary>{question}</summary>
            <p class="muted">{about}</p>
            <dl class="role-list">{roles.collect_view()}</dl>
        </details>
    }
}
