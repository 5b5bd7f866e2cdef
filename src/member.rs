//! Members of organizations, and their roles at its places.

mod held;
mod permission;
mod role;
mod table;

use serde_json::{Value, json};

pub use held::Held;
pub use permission::Permission;
pub use role::{Role, Roles};
pub use table::document;

use crate::{Timestamp, export::ExportRow, place::kind::PlaceKind, user::User};

/// A role that a person was given at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub role: Role,
    pub kind: PlaceKind,
    pub place_id: String,
    pub place_name: String,
    /// Since when the person has had a role there.
    pub since: Timestamp,
}

/// A person with their roles that concern a place: those granted there, above it and below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub user: User,
    /// The first of their roles that apply at the place, in the order of the table of roles; else the first below it.
    pub role: Role,
    /// Those at the highest level come first.
    pub grants: Vec<Grant>,
    /// The earliest of the grants.
    pub since: Timestamp,
    /// Can't sign in at present.
    pub disabled: bool,
    /// When they last used the portal, while they have a session that did not end.
    pub last_seen_at: Option<Timestamp>,
    /// Whether they ever signed in.
    pub has_signed_in: bool,
}

impl Member {
    /// Their roles granted at exactly this place.
    pub fn roles_at(&self, place_id: &str) -> Roles {
        self.grants.iter().filter(|grant| grant.place_id == place_id).map(|grant| grant.role).collect()
    }
}

/// The columns of the members page.
impl ExportRow for Member {
    const COLUMNS: &'static [&'static str] = &["user_id", "name", "email", "role", "since", "disabled"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.user.id.to_string(),
            self.user.name.clone(),
            self.user.email.clone(),
            self.role.as_str().to_owned(),
            self.since.to_rfc3339(),
            self.disabled.to_string(),
        ]
    }

    fn json(&self) -> Value {
        let roles = self.grants.iter().map(
            |grant| json!({ "role": grant.role.as_str(), "place": grant.kind.noun(), "place_id": grant.place_id }),
        );
        json!({
            "user_id": self.user.id.as_str(),
            "name": self.user.name,
            "email": self.user.email,
            "role": self.role.as_str(),
            "since": self.since.to_rfc3339(),
            "disabled": self.disabled,
            "roles": roles.collect::<Vec<_>>(),
        })
    }
}

/// The outcome of giving someone a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleGiven {
    Added,
    Changed,
    /// They had it already.
    Unchanged,
}
