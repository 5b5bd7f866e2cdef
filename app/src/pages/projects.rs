//! Projects.

pub mod new;
pub mod overview;
