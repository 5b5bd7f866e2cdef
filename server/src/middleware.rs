//! What stands before every handler.

pub mod client;
pub mod guard;
pub mod headers;
pub mod origin;
pub mod telling;
