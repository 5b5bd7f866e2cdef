//! What is counted of verifications: how often each key was used, with which result, and from where.

mod agent;
mod attribute;
mod code;
mod network;
mod span;

pub use agent::Agent;
pub use attribute::Attribute;
pub use code::{CODES, Code};
pub use network::Network;
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
}

impl Outcome {
    pub fn of(verdict: Verdict, ask: &Ask<'_>, profile: &Profile) -> Self {
        let scopes =
            if verdict.is_valid() { profile.narrowest(&ask.scopes, &ask.request) } else { ScopeSet::default() };
        Self { code: Code::Verdict(verdict), scopes }
    }

    pub const NOT_COUNTED: Self = Self { code: Code::NotCounted, scopes: ScopeSet::EMPTY };
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
