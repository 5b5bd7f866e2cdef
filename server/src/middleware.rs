//! What stands before every handler.

pub mod client;
pub mod guard;
pub mod headers;
pub mod host;
pub mod origin;
pub mod telling;
