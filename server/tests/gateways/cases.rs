//! What holds behind each gateway.

mod forged;
mod identity;
mod refusals;

pub use forged::*;
pub use identity::*;
pub use refusals::*;
