//! Apps.

pub mod activity;
pub mod identifiers;
pub mod keys;
pub mod new;
pub mod overview;
pub mod refused;

pub mod head;
