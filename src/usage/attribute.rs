//! From where and how requests come.

use std::fmt;

use super::{Agent, Network};
use crate::scope::Method;

/// One of them, as it is counted per key and hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attribute {
    Network(Network),
    Agent(Agent),
    Method(Method),
    /// A method that no scope names.
    OtherMethod,
    NoMethod,
}

impl Attribute {
    /// The stored value.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Network(_) => "network",
            Self::Agent(_) => "agent",
            Self::Method(_) | Self::OtherMethod | Self::NoMethod => "method",
        }
    }

    /// Stands for all further ones of its kind, once a key has too many of them in an hour.
    #[must_use]
    pub const fn more(self) -> Self {
        match self {
            Self::Network(_) => Self::Network(Network::Other),
            Self::Agent(_) => Self::Agent(Agent::OTHER),
            Self::Method(_) | Self::OtherMethod | Self::NoMethod => Self::OtherMethod,
        }
    }
}

/// The stored value.
impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(network) => network.fmt(f),
            Self::Agent(agent) => f.write_str(agent.name()),
            Self::Method(method) => f.write_str(method.names()[0]),
            Self::OtherMethod => f.write_str("other"),
            Self::NoMethod => f.write_str("unspecified"),
        }
    }
}
