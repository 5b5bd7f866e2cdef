//! Organizations.

pub mod activity;
pub mod get_started;
pub mod keys;
pub mod members;
pub mod new;
pub mod overview;
pub mod refused;
