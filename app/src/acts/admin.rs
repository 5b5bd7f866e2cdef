//! Acts of operators, in the console.

pub mod jobs;
pub mod keys;
pub mod mail;
pub mod orgs;
pub mod root_tokens;
pub mod users;
