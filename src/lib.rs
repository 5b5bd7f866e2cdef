//! Sallyport without HTTP and HTML: keys, permissions, the audit log and the verifier.
//!
//! The types are pure; the feature `store` adds the database and the verifier that reads it.

pub mod app;
pub mod approval;
pub mod audit;
pub mod base62;
#[cfg(feature = "store")]
pub mod breached_file;
pub mod capability;
pub mod clock;
pub mod colour;
pub mod decision;
pub mod device;
pub mod entropy;
pub mod error;
pub mod event_batch;
pub mod export;
pub mod fold;
pub mod guessable;
#[cfg(feature = "store")]
pub mod handover;
pub mod id;
pub mod identity;
#[cfg(feature = "store")]
pub mod import;
pub mod invitation;
pub mod job;
#[cfg(feature = "store")]
pub mod journal;
pub mod key;
pub mod key_notice;
pub mod key_policy;
pub mod leak;
pub mod limit;
pub mod link;
pub mod mail;
pub mod member;
#[cfg(feature = "store")]
pub mod metrics;
pub mod node;
pub mod org;
pub mod passkey;
pub mod password_reset;
#[cfg(feature = "store")]
pub mod passwords;
pub mod personal_token;
pub mod picture;
pub mod place;
pub mod plan;
pub mod profile;
pub mod project;
pub mod request;
mod reserved_prefixes;
pub mod root_token;
pub mod saved_view;
pub mod scan;
pub mod scope;
pub mod second_factor;
pub mod service_account;
pub mod service_urls;
pub mod session;
pub mod sign_in_policy;
pub mod signature;
pub mod single_sign_on;
pub mod suggestion;
pub mod tenant;
pub mod text;
pub mod throttle;
#[cfg(feature = "store")]
pub mod trust_rule;
pub mod usage;
pub mod user;
pub mod vault;
pub mod verdict;
#[cfg(feature = "store")]
pub mod webhook;

#[cfg(feature = "store")]
pub mod leak_inbox;
#[cfg(feature = "store")]
pub mod over_redis;
#[cfg(feature = "store")]
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "store")]
pub mod verifier;

pub use clock::{Clock, Timestamp};
pub use entropy::Entropy;
pub use error::{Error, FieldError, Invalid, Result};
