//! The behaviour behind every gateway.

mod closed;
mod forged;
mod identity;
mod ingress;
mod limits;
mod refusals;
mod signed;

pub use closed::*;
pub use forged::*;
pub use identity::*;
pub use ingress::*;
pub use limits::*;
pub use refusals::*;
pub use signed::*;
