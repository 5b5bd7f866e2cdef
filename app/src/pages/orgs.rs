//! Organizations.

pub mod activity;
pub mod keys;
pub mod new;
pub mod overview;
