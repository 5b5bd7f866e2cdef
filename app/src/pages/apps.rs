//! Apps.

pub mod activity;
pub mod capabilities;
pub mod identifiers;
pub mod imports;
pub mod ingestion;
pub mod keys;
pub mod limits;
pub mod new;
pub mod overview;
pub mod refused;
pub mod runtime_configuration;

pub mod download;
pub mod head;
