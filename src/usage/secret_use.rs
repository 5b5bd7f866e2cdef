//! A use of one secret of a key, as it is counted while the key is rotated.

use super::{Agent, Attribute, Network};

/// From where, and whether the request was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretUse {
    pub accepted: bool,
    pub network: Network,
    pub agent: Agent,
}

impl SecretUse {
    /// Of the attributes of a request.
    pub fn of(accepted: bool, attributes: &[Attribute]) -> Self {
        let mut told = Self { accepted, network: Network::Unknown, agent: Agent::UNKNOWN };
        for attribute in attributes {
            match *attribute {
                Attribute::Network(network) => told.network = network,
                Attribute::Agent(agent) => told.agent = agent,
                Attribute::Method(_) | Attribute::OtherMethod | Attribute::NoMethod => {}
            }
        }
        told
    }

    /// Stands for all further ones, once a secret has too many in an hour.
    #[must_use]
    pub const fn more(self) -> Self {
        Self { accepted: self.accepted, network: Network::Other, agent: Agent::OTHER }
    }
}
