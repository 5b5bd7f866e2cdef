//! What each role allows, from the table of roles.

use leptos::prelude::*;
use sallyport::{
    member::{Permission, Role},
    place::PlaceKind,
};

/// What the roles allow that can be granted at a place of this kind, in a menu that its question opens.
#[component]
pub(super) fn RolesMenu(kind: PlaceKind) -> impl IntoView {
    view! {
        <button type="button" class="link" popovertarget="roles">{question(kind)}</button>
        <div id="roles" class="menu menu-middle" role="dialog" aria-labelledby="roles-title" tabindex="0" popover>
            <h2 id="roles-title">"Roles"</h2>
            <Roles kind/>
        </div>
    }
}

/// The same below its question, in a form.
#[component]
pub(super) fn RolesExplained(kind: PlaceKind) -> impl IntoView {
    view! { <details class="disclosure"><summary>{question(kind)}</summary><Roles kind/></details> }
}

const fn question(kind: PlaceKind) -> &'static str {
    match kind {
        PlaceKind::Org => "What may an admin do?",
        PlaceKind::Tenant => "What may a tenant admin do?",
        PlaceKind::Project | PlaceKind::App => "What may a project admin do?",
    }
}

#[component]
fn Roles(kind: PlaceKind) -> impl IntoView {
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
        <p class="muted">{about}</p>
        <dl class="role-list">{roles.collect_view()}</dl>
    }
}
