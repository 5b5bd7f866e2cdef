//! Trust rules: whose ID tokens are exchanged for short-lived keys of an app (RFC 8693), so that a CI job needs no stored key.

pub mod id_token;
mod input;
mod judge;
mod key_set;
mod not_exchanged;
pub mod pattern;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, time::Duration};

pub use self::{
    id_token::IdToken,
    input::{NewTrustRule, TrustRuleChange, TrustRuleInput},
    key_set::KeySet,
    not_exchanged::NotExchanged,
};
use crate::{
    Timestamp,
    id::{AppId, OrgId, TrustRuleId},
    key::Addresses,
};

/// How many rules an app has at most.
pub const MOST: i64 = 50;

/// The lifetimes of keys.
pub const SHORTEST: Duration = Duration::from_secs(60);
pub const LONGEST: Duration = Duration::from_secs(15 * 60);

/// Claims that say for whom a token is: a rule names one of them. The ids stay the same when a repository is renamed, and are
/// not given again.
pub const IDENTIFYING: [&str; 3] = ["sub", "repository_id", "project_id"];

/// By the name of a claim what it has to be, as [`pattern`] reads it.
pub type Claims = BTreeMap<String, String>;

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustRule {
    pub id: TrustRuleId,
    pub org_id: OrgId,
    pub app_id: AppId,
    pub name: String,
    /// Exactly as tokens name it.
    pub issuer: String,
    /// The only audience that tokens name.
    pub audience: String,
    pub claims: Claims,
    /// The environment and the scopes of the keys.
    pub environment: String,
    pub scopes: Vec<String>,
    /// How long a key is valid.
    pub lifetime: Duration,
    /// From where a key may be used; from everywhere if there are none.
    pub addresses: Addresses,
    /// While it is paused it gives no keys.
    pub paused_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub created_by: String,
    /// When it gave a key last.
    pub used_at: Option<Timestamp>,
}
