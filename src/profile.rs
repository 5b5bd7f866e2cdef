//! What differs from one deployment to the next: the scope catalogue, the environments, where a key is read.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::scope::Scope;

/// Whether a key reaches real data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    Live,
    Test,
}

impl Mode {
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "live" => Some(Self::Live),
            "test" => Some(Self::Test),
            _ => None,
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Test => "test",
        }
    }
}

/// The *Key Type* of the panel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    pub name: String,
    pub title: String,
    pub mode: Mode,
    /// What its keys begin with: `sk_live_`.
    pub prefix: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    pub environments: Vec<Environment>,
    pub scopes: Vec<Scope>,
    /// The header a key travels in, beside `Authorization: Bearer`.
    pub key_header: String,
}

impl Profile {
    /// The profile of a deployment that names none.
    pub fn standard() -> Arc<Self> {
        let environment = |name: &str, title: &str, mode: Mode| Environment {
            name: name.to_owned(),
            title: title.to_owned(),
            mode,
            prefix: format!("sk_{}_", mode.as_str()),
        };
        let scope = |name: &str, title: &str, description: &str, implies: &[&str]| Scope {
            name: name.to_owned(),
            title: title.to_owned(),
            description: description.to_owned(),
            implies: implies.iter().map(ToString::to_string).collect(),
        };
        Arc::new(Self {
            environments: vec![
                environment("production", "Production", Mode::Live),
                environment("development", "Development", Mode::Test),
                environment("staging", "Staging", Mode::Test),
                environment("testing", "Testing", Mode::Test),
                environment("other", "Other", Mode::Test),
            ],
            scopes: vec![
                scope("read", "Read", "Look at what the app holds", &[]),
                scope("write", "Write", "Create and change records", &[]),
                scope("delete", "Delete", "Remove records for good", &[]),
                scope("admin", "Admin", "Everything, and key management", &["read", "write", "delete"]),
            ],
            key_header: "x-api-key".to_owned(),
        })
    }

    pub fn environment(&self, name: &str) -> Option<&Environment> {
        self.environments.iter().find(|environment| environment.name == name)
    }

    pub fn scope(&self, name: &str) -> Option<&Scope> {
        self.scopes.iter().find(|scope| scope.name == name)
    }

    /// What a key begins with, if it begins as one of ours.
    pub fn prefix_of<'a>(&'a self, key: &str) -> Option<&'a str> {
        self.prefixes().find(|prefix| key.starts_with(prefix))
    }

    /// What keys begin with, by environment.
    pub fn prefixes(&self) -> impl Iterator<Item = &str> {
        self.environments.iter().map(|environment| environment.prefix.as_str())
    }

    /// Whether someone who holds `held` has `asked`.
    pub fn grants(&self, held: &[String], asked: &str) -> bool {
        held.iter().any(|name| {
            name == asked || self.scope(name).is_some_and(|scope| scope.implies.iter().any(|implied| implied == asked))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn admin_includes_the_others() {
        let profile = Profile::standard();
        let admin = ["admin".to_owned()];
        for scope in ["read", "write", "delete", "admin"] {
            assert!(profile.grants(&admin, scope));
        }
        assert!(!profile.grants(&admin, "fly"));
        assert!(!profile.grants(&["read".to_owned()], "write"));
    }
}
