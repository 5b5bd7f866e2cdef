//! The table of roles as a document.

use super::{permission::Permission, role::Role};
use crate::place::kind::PlaceKind;

const INTRODUCTION: &str = "\
# Roles

This file is made from the table in `src/member/role.rs`: `cargo run --example roles > docs/roles.md`. A test fails when it
is out of date.

A role is granted at a place, which is an organization, a tenant or a project. It applies there and to everything below.
A person may have several, and may do what any of them allows. A role can be granted at its own level or above: a
*Developer* of an organization is a developer of each of its projects.

Nobody grants a role that allows more than their own roles at that place do, nor takes such a role from someone. An
organization always keeps an owner.

A person with a role at a project alone sees the names of the organization and the tenant above it, the project and what
is below it. Lists, totals, exports, activity and search contain nothing else, and everything else answers as if it did
not exist.

";

/// `docs/roles.md`.
pub fn document() -> String {
    let mut text = INTRODUCTION.to_owned();
    let mut row = |cells: Vec<String>| text.push_str(&format!("| {} |\n", cells.join(" | ")));
    let of_roles = |first: &str, cell: &dyn Fn(Role) -> String| {
        std::iter::once(first.to_owned()).chain(Role::ALL.into_iter().map(cell)).collect::<Vec<_>>()
    };
    row(of_roles("", &|role| role.title().to_owned()));
    row(of_roles("---", &|_| ":-:".to_owned()));
    for permission in Permission::ALL {
        row(of_roles(permission.title(), &|role| if role.may(permission) { "✓" } else { "–" }.to_owned()));
    }
    row(of_roles("Granted at", &|role| granted_at(role).join(", ")));
    row(of_roles("In `/v1` and commands", &|role| format!("`{}`", role.as_str())));
    text
}

/// "organization", "tenant" and "project", as far as the role can be granted there.
fn granted_at(role: Role) -> Vec<&'static str> {
    PlaceKind::ALL.into_iter().filter(|kind| role.is_granted_at(*kind)).map(PlaceKind::noun).collect()
}

#[cfg(test)]
mod tests {
    use super::document;

    #[test]
    fn the_document_is_up_to_date() {
        let written = include_str!("../../docs/roles.md");
        assert!(written == document(), "cargo run --example roles > docs/roles.md");
    }
}
