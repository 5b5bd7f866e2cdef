//! Tenants.

pub mod new;
pub mod overview;
