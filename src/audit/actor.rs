//! Who acts.

use crate::{
    id::{KeyId, PersonalTokenId, ServiceAccountId, ServiceTokenId, TokenId, TrustRuleId, UserId},
    personal_token::TokenScopes,
};

/// The actor of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A person, and with what they act.
    User { id: UserId, name: String, credential: Credential },
    /// A backend or automation.
    RootToken { id: TokenId, name: String },
    /// An API key, in events about its use, and which of its secrets was presented.
    Key { id: KeyId, label: String, secret_n: u32 },
    /// A member that is no person, and with which of its tokens it acts.
    ServiceAccount {
        id: ServiceAccountId,
        name: String,
        token: ServiceTokenId,
        token_name: String,
        scopes: TokenScopes,
    },
    /// A job whose ID token a trust rule accepts.
    TrustRule { id: TrustRuleId, name: String },
    /// An operator with shell access to the server.
    CommandLine,
    /// The server itself.
    Sallyport,
    /// An unknown client: a failed sign-in, the first account.
    Anonymous,
}

/// With what a person acts. A transaction checks that it is still live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// None that is checked again: while they sign in.
    None,
    /// A session, by its digest.
    Session([u8; 32]),
    /// A personal token.
    Token { id: PersonalTokenId, name: String, scopes: TokenScopes },
}

impl Actor {
    /// The personal token with which a person acts, and what it may do.
    pub fn personal_token(&self) -> Option<(&PersonalTokenId, TokenScopes)> {
        match self {
            Self::User { credential: Credential::Token { id, scopes, .. }, .. } => Some((id, *scopes)),
            _ => None,
        }
    }

    /// The id under which roles were given to the actor. `None` for those who have none: what they may do is decided otherwise.
    pub fn subject(&self) -> Option<&str> {
        match self {
            Self::User { id, .. } => Some(id.as_str()),
            Self::ServiceAccount { id, .. } => Some(id.as_str()),
            _ => None,
        }
    }

    pub fn is_service_account(&self) -> bool {
        matches!(self, Self::ServiceAccount { .. })
    }

    /// What the token may do with which a person or a service account acts; `None` without one.
    pub fn token_scopes(&self) -> Option<TokenScopes> {
        match self {
            Self::ServiceAccount { scopes, .. } => Some(*scopes),
            _ => self.personal_token().map(|(_, scopes)| scopes),
        }
    }

    pub fn kind(&self) -> &'static str {
        match self {
            Self::User { .. } => "user",
            Self::RootToken { .. } => "root_token",
            Self::Key { .. } => "key",
            Self::ServiceAccount { .. } => "service_account",
            Self::TrustRule { .. } => "trust_rule",
            Self::CommandLine => "command_line",
            Self::Sallyport => "sallyport",
            Self::Anonymous => "anonymous",
        }
    }

    pub fn id(&self) -> &str {
        match self {
            Self::User { id, .. } => id.as_str(),
            Self::RootToken { id, .. } => id.as_str(),
            Self::Key { id, .. } => id.as_str(),
            Self::ServiceAccount { id, .. } => id.as_str(),
            Self::TrustRule { id, .. } => id.as_str(),
            _ => "",
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Self::User { name, .. }
            | Self::RootToken { name, .. }
            | Self::TrustRule { name, .. }
            | Self::ServiceAccount { name, .. } => name,
            Self::Key { label, .. } => label,
            Self::CommandLine => "Command line",
            Self::Sallyport => "Sallyport",
            Self::Anonymous => "Anonymous",
        }
    }
}

/// The kinds of actors, as named in events.
pub const ACTOR_KINDS: [&str; 8] =
    ["user", "root_token", "key", "trust_rule", "service_account", "command_line", "sallyport", "anonymous"];
