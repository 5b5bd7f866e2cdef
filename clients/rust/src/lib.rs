//! Reads the runtime configuration of an app, for backends, and verifies its capability token.
//!
//! ```no_run
//! use runtime_configuration::{Options, load};
//!
//! let config = load(&Options { app_version: Some(env!("CARGO_PKG_VERSION").into()), ..Options::default() })?;
//! println!("{} at {}", config.app_id, config.api_base_url);
//! # Ok::<(), runtime_configuration::ConfigurationError>(())
//! ```

mod capability;
mod configuration;
mod detect;
mod error;
mod exposure;
mod file;
mod lines;
mod values;

pub use capability::{Capability, CapabilityError, CapabilityRequirements, verify_capability};
pub use configuration::{Options, RuntimeConfiguration, load};
pub use error::ConfigurationError;
