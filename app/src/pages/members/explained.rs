//! What each role allows, from the table of roles.

use leptos::prelude::*;
use sallyport::{
    member::{Permission, Role},
    place::PlaceKind,
};

use crate::components::Choice;

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

/// The roles to choose from, each with what it is for.
pub(in crate::pages) fn choices(roles: Vec<Role>) -> Vec<Choice> {
    roles.into_iter().map(|role| Choice::new(role.as_str(), role.title()).note(meant_for(role))).collect()
}

/// In a few words; the table of roles has it all.
const fn meant_for(role: Role) -> &'static str {
    match role {
        Role::Owner => "may do everything, also delete the organization",
        Role::Admin => "may do everything but that",
        Role::TenantAdmin => "manages projects, members and keys",
        Role::ProjectAdmin => "manages members, apps and keys of a project",
        Role::Developer => "manages apps and their keys",
        Role::Member => "sees names, and keys only where another role allows it",
        Role::TenantMember => "sees a tenant with its apps and keys",
        Role::Viewer => "sees apps, keys and usage",
    }
}

const fn question(kind: PlaceKind) -> &'static str {
    match kind {
        PlaceKind::Org => "What may an admin do?",
        PlaceKind::Tenant => "What may a tenant admin do?",
        PlaceKind::Project | PlaceKind::App => "What may a project admin do?",
    }
}

/// What a role allows, and nothing more: it is part of the other one.
fn is_within(role: Role, other: Role) -> bool {
    Permission::ALL.iter().all(|permission| other.may(*permission) || !role.may(*permission))
}

/// The most that another role of the list allows of what this one does: it is named instead of repeated.
fn included(role: Role, kind: PlaceKind) -> Option<Role> {
    let count = |role: &Role| Permission::ALL.iter().filter(|permission| role.may(**permission)).count();
    let fewer = |other: &Role| count(other) > 1 && count(other) < count(&role) && is_within(*other, role);
    Role::granted_at(kind).filter(fewer).max_by_key(count)
}

#[component]
fn Roles(kind: PlaceKind) -> impl IntoView {
    let roles = Role::granted_at(kind).map(|role| {
        let lower = included(role, kind);
        let more =
            Permission::ALL.into_iter().filter(|one| role.may(*one) && !lower.is_some_and(|lower| lower.may(*one)));
        let more = more.map(|permission| view! { <li>{permission.title()}</li> }).collect_view();
        let all = lower.map(|lower| view! { <li>"Everything that "<b>{lower.title()}</b>" allows"</li> });
        view! { <dt>{role.title()}</dt><dd><ul>{all}{more}</ul></dd> }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_names_the_largest_within_it() {
        let named = |role| included(role, PlaceKind::Org);
        assert_eq!(named(Role::Owner), Some(Role::Admin));
        assert_eq!(named(Role::Admin), Some(Role::TenantAdmin));
        assert_eq!(named(Role::TenantAdmin), Some(Role::ProjectAdmin));
        assert_eq!(named(Role::Developer), Some(Role::Viewer));
        assert_eq!(named(Role::Viewer), named(Role::Member));
        assert_eq!(included(Role::ProjectAdmin, PlaceKind::Project), Some(Role::Developer));
    }
}
