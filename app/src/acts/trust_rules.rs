//! Acts on the trust rules of an app.

use leptos::prelude::*;
use sallyport::{
    id::{AppId, TrustRuleId},
    member::Permission,
    trust_rule::{TrustRule, TrustRuleChange, TrustRuleInput},
};
use serde::{Deserialize, Serialize};

use super::{ActError, Caller};
use crate::{
    access::{AppAccess, TrustRuleAccess},
    form::FormState,
    form_token,
};

/// The form of a rule, as typed.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct TrustRuleForm {
    form_token: String,
    name: String,
    issuer: String,
    audience: String,
    /// A line for each claim: its name, `=`, and what it has to be.
    claims: String,
    environment: String,
    scopes: Vec<String>,
    /// In seconds.
    lifetime_seconds: String,
    /// Blocks, a line for each.
    addresses: String,
}

impl From<&FormState> for TrustRuleForm {
    fn from(form: &FormState) -> Self {
        Self {
            form_token: form.value("form_token"),
            name: form.value("name"),
            issuer: form.value("issuer"),
            audience: form.value("audience"),
            claims: form.value("claims"),
            environment: form.value("environment"),
            scopes: form.values_of("scopes").map(str::to_owned).collect(),
            lifetime_seconds: form.value("lifetime_seconds"),
            addresses: form.value("addresses"),
        }
    }
}

impl TrustRuleForm {
    fn input(self) -> Result<TrustRuleInput, ActError> {
        let claim = |line: &str| {
            let (name, value) = line.split_once('=')?;
            Some((name.trim().to_owned(), value.trim().to_owned()))
        };
        let lines = self.claims.lines().map(str::trim).filter(|line| !line.is_empty());
        let claims: Option<Vec<_>> = lines.map(claim).collect();
        let claims = claims
            .ok_or_else(|| ActError::field("claims", "Write a claim on each line, such as repository_id=746213908."))?;
        let lifetime = match self.lifetime_seconds.as_str() {
            "" => None,
            typed => Some(
                typed.parse().map_err(|_| ActError::field("lifetime_seconds", "Choose a lifetime from the list."))?,
            ),
        };
        let separators = [',', ';', ' ', '\t', '\r', '\n'];
        let addresses = self.addresses.split(separators).filter(|block| !block.is_empty()).map(str::to_owned).collect();
        Ok(TrustRuleInput {
            name: Some(self.name),
            issuer: Some(self.issuer.trim().to_owned()),
            audience: Some(self.audience.trim().to_owned()),
            claims: Some(claims),
            environment: Some(self.environment),
            scopes: Some(self.scopes),
            lifetime_seconds: lifetime,
            addresses: Some(addresses),
            paused: None,
        })
    }
}

/// Makes a rule.
#[server(prefix = "/act", endpoint = "trust-rules/create")]
pub async fn create_trust_rule(app: AppId, form: TrustRuleForm) -> Result<TrustRuleId, ActError> {
    let caller = Caller::current();
    let access: AppAccess = caller.access(&app).await?;
    access.org().needs(Permission::GovernKeys)?;
    let (store, me) = (caller.store(), &access.org().me);
    // A rule gives keys for as long as it exists.
    caller.fresh(me).await?;
    let token = form_token::check(store.vault(), &me.user.id, store.now(), &form.form_token)?;
    let new = form.input()?.check_new(store.profile(), &caller.context.webhook_targets)?;
    Ok(store.create_trust_rule(&me.act(), &access.app, new, Some(token)).await?.id)
}

/// Changes a rule. Keys that it gave under other terms are revoked.
#[server(prefix = "/act", endpoint = "trust-rules/change")]
pub async fn change_trust_rule(rule: TrustRuleId, form: TrustRuleForm) -> Result<AppId, ActError> {
    let caller = Caller::current();
    let access: TrustRuleAccess = caller.access(&rule).await?;
    let store = caller.store();
    caller.fresh(&access.within.org().me).await?;
    let change = form.input()?.check(store.profile(), &caller.context.webhook_targets)?;
    change_as(&caller, &access, change).await
}

/// Pauses a rule: it gives no keys, and those that it gave are revoked.
#[server(prefix = "/act", endpoint = "trust-rules/pause")]
pub async fn pause_trust_rule(rule: TrustRuleId) -> Result<AppId, ActError> {
    let caller = Caller::current();
    let access: TrustRuleAccess = caller.access(&rule).await?;
    change_as(&caller, &access, TrustRuleChange { paused: Some(true), ..TrustRuleChange::default() }).await
}

/// Resumes a paused rule.
#[server(prefix = "/act", endpoint = "trust-rules/resume")]
pub async fn resume_trust_rule(rule: TrustRuleId) -> Result<AppId, ActError> {
    let caller = Caller::current();
    let access: TrustRuleAccess = caller.access(&rule).await?;
    caller.fresh(&access.within.org().me).await?;
    change_as(&caller, &access, TrustRuleChange { paused: Some(false), ..TrustRuleChange::default() }).await
}

/// Deletes a rule: keys that it gave are revoked.
#[server(prefix = "/act", endpoint = "trust-rules/delete")]
pub async fn delete_trust_rule(rule: TrustRuleId, #[server(default)] typed_name: String) -> Result<AppId, ActError> {
    let caller = Caller::current();
    let access: TrustRuleAccess = caller.access(&rule).await?;
    if typed_name.trim() != access.rule.name {
        return Err(ActError::field("typed_name", format!("Type “{}” to confirm.", access.rule.name)));
    }
    caller.store().delete_trust_rule(&access.within.org().me.act(), &rule).await?;
    Ok(access.rule.app_id)
}

async fn change_as(caller: &Caller, access: &TrustRuleAccess, change: TrustRuleChange) -> Result<AppId, ActError> {
    let act = access.within.org().me.act();
    let TrustRule { app_id, .. } = caller.store().change_trust_rule(&act, &access.rule.id, change).await?;
    Ok(app_id)
}
