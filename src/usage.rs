//! What is counted of verifications: how often each key was used, with which result, and from where.

mod agent;
mod attribute;
mod code;
mod network;
mod secret_use;
mod span;

pub use agent::Agent;
pub use attribute::Attribute;
pub use code::{CODES, Code};
pub use network::Network;
pub use secret_use::SecretUse;
pub use span::Span;

use crate::{
    key::{Ask, Verdict, verdict::Via},
    profile::{Profile, ScopeSet},
    request::Client,
    scope::Method,
};

/// What a counted request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub code: Code,
    /// The narrowest scopes that suffice for the request, if it was accepted. Empty if it named neither a scope nor a
    /// method, and for what was refused.
    pub scopes: ScopeSet,
    /// Beyond as many combinations of scopes as are told apart of a key in an hour.
    pub has_other_scopes: bool,
}

/// Stands for further combinations of scopes, where names of scopes are stored. No scope has this name.
pub const OTHER_SCOPES: &str = "(other)";

impl Outcome {
    pub fn of(verdict: Verdict, ask: &Ask<'_>, profile: &Profile) -> Self {
        let scopes =
            if verdict.is_valid() { profile.narrowest(&ask.scopes, &ask.request) } else { ScopeSet::default() };
        Self { code: Code::Verdict(verdict), scopes, has_other_scopes: false }
    }

    pub const NOT_COUNTED: Self = Self { code: Code::NotCounted, scopes: ScopeSet::EMPTY, has_other_scopes: false };

    /// The same with other scopes than those that are told apart.
    #[must_use]
    pub const fn with_other_scopes(self) -> Self {
        Self { scopes: ScopeSet::EMPTY, has_other_scopes: true, ..self }
    }

    /// The stored value of its scopes: their names, a space between.
    pub fn scope(&self, profile: &Profile) -> String {
        if self.has_other_scopes {
            return OTHER_SCOPES.to_owned();
        }
        profile.names(self.scopes).collect::<Vec<_>>().join(" ")
    }
}

/// From where and how a request came: its client's network, program and method.
pub fn attributes(ask: &Ask<'_>, client: &Client) -> [Attribute; 3] {
    let agent = match ask.via {
        Via::Gateway => Agent::of(client.user_agent.as_deref()),
        // The program that called is the backend, and not its client.
        Via::Backend { .. } => Agent::UNKNOWN,
    };
    let method = match ask.request.method {
        None => Attribute::NoMethod,
        Some(method) => Method::judged(method).map_or(Attribute::OtherMethod, Attribute::Method),
    };
    [Attribute::Network(ask.ip.map_or(Network::Unknown, Network::of)), Attribute::Agent(agent), method]
}
