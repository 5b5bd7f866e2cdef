//! What a token says, and whether that suffices.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::CapabilityVerdict;
use crate::{
    Timestamp,
    audit::Actor,
    id::{AppId, CapabilityId},
    profile::CapabilityRules,
};

/// How far the clocks of servers may differ.
const LEEWAY: Duration = Duration::from_secs(60);

/// The claims, by their registered names (RFC 7519) where there is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The address of the portal.
    pub iss: String,
    /// The app that may use what is named.
    pub aud: AppId,
    /// For whom.
    pub sub: String,
    pub modules: Vec<String>,
    pub channels: Vec<String>,
    /// In seconds since 1970.
    pub iat: i64,
    pub exp: i64,
    pub jti: CapabilityId,
    /// The app's epoch. All tokens of an earlier one are revoked.
    pub epoch: i64,
    pub minted_by: Minter,
}

/// Who minted a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Minter {
    pub kind: MinterKind,
    pub id: String,
    /// The personal token with which a person minted it, or the token of a service account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_id: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MinterKind {
    User,
    RootToken,
    Key,
    ServiceAccount,
}

impl Minter {
    /// `None` for those who mint nothing.
    pub fn of(actor: &Actor) -> Option<Self> {
        let kind = match actor {
            Actor::User { .. } => MinterKind::User,
            Actor::RootToken { .. } => MinterKind::RootToken,
            Actor::Key { .. } => MinterKind::Key,
            Actor::ServiceAccount { .. } => MinterKind::ServiceAccount,
            Actor::TrustRule { .. } | Actor::CommandLine | Actor::Sallyport | Actor::Anonymous => return None,
        };
        let token_id = match actor {
            Actor::ServiceAccount { token, .. } => Some(token.to_string()),
            _ => actor.personal_token().map(|(id, _)| id.to_string()),
        };
        Some(Self { kind, id: actor.id().to_owned(), token_id })
    }
}

/// What a token is needed for.
#[derive(Clone, Debug, Default)]
pub struct Asked<'a> {
    pub app_id: Option<&'a str>,
    pub modules: &'a [String],
    pub channels: &'a [String],
}

impl Claims {
    /// The checks that need nothing but the token. `rules` is the catalogue of now: what it does not have any more grants
    /// nothing.
    pub fn judge(&self, issuer: &str, rules: &CapabilityRules, now: Timestamp) -> CapabilityVerdict {
        let known = |names: &[String], catalogue: &[String]| names.iter().all(|name| catalogue.contains(name));
        if self.iss != issuer {
            CapabilityVerdict::WrongIssuer
        } else if self.iat > (now + LEEWAY).seconds() {
            CapabilityVerdict::NotYetValid
        } else if self.exp <= now.seconds() {
            CapabilityVerdict::Expired
        } else if !known(&self.modules, &rules.modules) {
            CapabilityVerdict::UnknownModule
        } else if !known(&self.channels, &rules.channels) {
            CapabilityVerdict::UnknownChannel
        } else {
            CapabilityVerdict::Valid
        }
    }

    /// Whether they grant what is asked for.
    pub fn grant(&self, asked: &Asked<'_>) -> CapabilityVerdict {
        let has = |names: &[String], held: &[String]| names.iter().all(|name| held.contains(name));
        if asked.app_id.is_some_and(|app| app != self.aud.as_str()) {
            CapabilityVerdict::AppMismatch
        } else if !has(asked.modules, &self.modules) {
            CapabilityVerdict::MissingModule
        } else if !has(asked.channels, &self.channels) {
            CapabilityVerdict::MissingChannel
        } else {
            CapabilityVerdict::Valid
        }
    }

    pub fn expires_at(&self) -> Timestamp {
        Timestamp::from_micros(self.exp.saturating_mul(1_000_000))
    }
}
