//! Capability tokens: signed statements that an app may use modules and channels for a subject.
//!
//! They are JSON Web Tokens with one algorithm and a type of their own, so that no other token passes for one. Whoever has
//! the public keys verifies them without asking; the portal also knows what was taken back since.

mod claims;
mod new;
mod token;
mod verdict;

pub use claims::{Asked, Claims, Minter, MinterKind};
pub use new::NewCapability;
pub use token::{LONGEST, Presented, TYPE, key_id, sign};
pub use verdict::CapabilityVerdict;

#[cfg(test)]
mod tests;
