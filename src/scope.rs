//! Scopes: what a key allows, from the profile's catalogue.

/// One entry of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// As requests and JSON name it: `read`.
    pub name: String,
    /// As people read it: `Read`.
    pub title: String,
    pub description: String,
    /// Scopes that this one includes.
    pub implies: Vec<String>,
}
