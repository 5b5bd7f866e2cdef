//! Setting the rules for keys of an organization.

use leptos::prelude::*;
use sallyport::{
    Invalid,
    id::OrgId,
    key_policy::{KeyPolicy, LongestLifetime},
    leak::LeakResponse,
    member::Permission,
};
use serde::{Deserialize, Serialize};

use super::{ActError, Caller, keys::not_ours};
use crate::{access::OrgAccess, form::FormState};

/// The form, as typed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RulesForm {
    /// The version of the rules that the form showed.
    seen: String,
    /// A row for each rule: its environment, its scope and its days. A row without days is none.
    lifetimes: Vec<(String, String, String)>,
    default_expiry_days: String,
    most_keys_per_app: String,
    approval_environments: Vec<String>,
    approval_scopes: Vec<String>,
    pause_unused_days: String,
    rotate_every_days: String,
    addresses_in_production: bool,
    on_leak: String,
}

impl From<&FormState> for RulesForm {
    fn from(form: &FormState) -> Self {
        let all = |name: &str| form.values_of(name).map(str::to_owned).collect::<Vec<_>>();
        let [environments, scopes, days] = ["lifetime_environment", "lifetime_scope", "lifetime_days"].map(all);
        // Browsers send every field of every row.
        let rows = environments.into_iter().zip(scopes).zip(days);
        Self {
            seen: form.value("seen"),
            lifetimes: rows.map(|((environment, scope), days)| (environment, scope, days)).collect(),
            default_expiry_days: form.value("default_expiry_days"),
            most_keys_per_app: form.value("most_keys_per_app"),
            approval_environments: all("approval_environments"),
            approval_scopes: all("approval_scopes"),
            pause_unused_days: form.value("pause_unused_days"),
            rotate_every_days: form.value("rotate_every_days"),
            addresses_in_production: form.has("addresses_in_production", "on"),
            on_leak: form.value("on_leak"),
        }
    }
}

impl RulesForm {
    fn policy(self) -> Result<KeyPolicy, Invalid> {
        let mut invalid = Invalid::default();
        let mut longest_lifetime = Vec::new();
        for (environment, scope, days) in self.lifetimes {
            let chosen = |name: String| Some(name).filter(|name| !name.is_empty());
            let (environment, scope) = (chosen(environment), chosen(scope));
            match invalid.take(number("longest_lifetime", &days)) {
                Some(days) => longest_lifetime.push(LongestLifetime { environment, scope, days }),
                // What was chosen must not get lost.
                None if (environment.is_some() || scope.is_some()) && days.trim().is_empty() => {
                    invalid.push("longest_lifetime", "A row has no days: write how many, or choose nothing in it.");
                }
                None => {}
            }
        }
        let policy = KeyPolicy {
            longest_lifetime,
            default_expiry_days: invalid.take(number("default_expiry_days", &self.default_expiry_days)),
            most_keys_per_app: invalid.take(number("most_keys_per_app", &self.most_keys_per_app)),
            approval_environments: self.approval_environments,
            approval_scopes: self.approval_scopes,
            pause_unused_days: invalid.take(number("pause_unused_days", &self.pause_unused_days)),
            rotate_every_days: invalid.take(number("rotate_every_days", &self.rotate_every_days)),
            addresses_in_production: self.addresses_in_production,
            on_leak: invalid.take(response(&self.on_leak)),
        };
        invalid.or(policy)
    }
}

/// A whole number, or nothing.
fn number(field: &'static str, text: &str) -> Result<Option<u32>, Invalid> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let whole = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(number) if whole => Ok(Some(number)),
        _ => Err(Invalid::field(field, "Write a whole number, or nothing.")),
    }
}

/// What is done about a leaked key; a form from before this rule has none.
fn response(word: &str) -> Result<LeakResponse, Invalid> {
    match LeakResponse::parse(word) {
        Some(response) => Ok(response),
        None if word.is_empty() => Ok(LeakResponse::default()),
        None => Err(Invalid::field("on_leak", "Choose from the list.")),
    }
}

/// Replaces the rules of an organization, if they are still those that the person saw.
#[server(prefix = "/act", endpoint = "orgs/set-key-rules")]
pub async fn set_key_rules(org: OrgId, rules: RulesForm) -> Result<(), ActError> {
    let caller = Caller::current();
    let access: OrgAccess = caller.access(&org).await?;
    access.needs(Permission::GovernKeys)?;
    let seen = rules.seen.parse().map_err(|_| not_ours())?;
    let policy = rules.policy()?;
    caller.fresh(&access.me).await?;
    Ok(caller.store().set_key_policy(&access.me.act(), &access.org, policy, Some(seen)).await.map(drop)?)
}
