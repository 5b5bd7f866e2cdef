//! What runs before and after every handler.

pub mod access_log;
pub mod client;
pub mod guard;
pub mod headers;
pub mod host;
pub mod origin;
pub mod trace;
