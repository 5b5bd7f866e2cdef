//! Reads the runtime configuration of an app: the file that the portal gives for download.
//!
//! ```no_run
//! use sallyport_client::runtime_configuration::{Options, load};
//!
//! let config = load(&Options { app_version: Some(env!("CARGO_PKG_VERSION").into()), ..Options::default() })?;
//! println!("{} at {}", config.app_id, config.api_base_url);
//! # Ok::<(), sallyport_client::runtime_configuration::ConfigurationError>(())
//! ```

mod configuration;
mod detect;
mod error;
mod exposure;
mod file;
mod lines;
pub(crate) mod values;

pub use configuration::{Options, RuntimeConfiguration, load};
pub use error::ConfigurationError;
