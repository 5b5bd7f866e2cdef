//! API keys: the list, the panel that generates one, the dialog that shows it once, and a key of its own.

pub mod already;
pub mod answer;
pub mod credentials;
pub mod edit;
pub mod export;
pub mod first_request;
pub mod generate;
pub mod list;
pub mod once;
pub mod overview;
pub mod panel;
pub mod pause;
pub mod restrictions;
pub mod resume;
pub mod revoke;
pub mod revoke_all;
pub mod row;
pub mod scope_fields;
pub mod scopes;
pub mod search;
pub mod signing_secret;
pub mod snippets;
pub mod test;
pub mod turn;
