//! Organizations.

pub mod activity;
pub mod approvals;
pub mod break_glass;
pub mod evidence;
pub mod expiring;
pub mod get_started;
pub mod hygiene;
pub mod keys;
pub mod logo;
pub mod new;
pub mod overview;
mod projects;
pub mod refused;
