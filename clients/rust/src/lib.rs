//! The client library of Sallyport, for backends.
//!
//! ```no_run
//! # #[cfg(feature = "client")]
//! # async fn example(key: &str) -> Result<(), Box<dyn std::error::Error>> {
//! use sallyport_client::{Client, Required, Verification};
//!
//! let client = Client::new("https://keys.example.com", "sp_root_…")?;
//! match client.verify(Some(key), &Required { scopes: &["read"], ..Required::default() }).await? {
//!     Verification::Valid(valid) => println!("{}", valid.key_id),
//!     Verification::Refused(refused) => println!("answer with {} and {}", refused.status, refused.error),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! - [`Client`] asks the portal whether a key is valid for a request (feature `client`, on by default);
//! - [`VerificationLayer`] does it for each request of an axum application (feature `axum`);
//! - [`sign_request`] and [`verify_request`] are for signed requests, [`WebhookVerifier`] for webhooks;
//! - [`verify_capability`] and [`runtime_configuration`] are for apps.

#[cfg(all(doctest, feature = "client"))]
#[doc = include_str!("../README.md")]
struct Readme;

mod capability;
#[cfg(feature = "client")]
mod client;
#[cfg(feature = "axum")]
mod layer;
pub mod runtime_configuration;
mod signing;
mod time;
mod webhooks;

pub use capability::{Capability, CapabilityError, CapabilityRequirements, verify_capability};
#[cfg(feature = "client")]
pub use client::{
    Client, ClientBuilder, RateLimit, Refused, Required, Valid, Verification, VerificationError, VerificationErrorKind,
};
#[cfg(feature = "axum")]
pub use layer::{VerificationLayer, VerificationService};
pub use signing::{RequestSignature, SIGNATURE_HEADER, SignatureError, TIMESTAMP_HEADER, sign_request, verify_request};
pub use webhooks::{WebhookError, WebhookEvent, WebhookForm, WebhookVerifier};
