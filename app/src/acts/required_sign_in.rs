//! Requiring single sign-on for an organization, and an owner's way in without it.

use leptos::prelude::*;
use sallyport::{id::OrgId, member::Permission, second_factor::TypedCode, throttle::Who};

use super::{ActError, Caller, code_attempts::counted};
use crate::access::OrgAccess;

/// Requires the issuer with this id in addresses; an empty one requires none.
#[server(prefix = "/act", endpoint = "orgs/require-sign-in")]
pub async fn require_sign_in(org: OrgId, #[server(default)] issuer: String) -> Result<(), ActError> {
    let caller = Caller::current();
    let access: OrgAccess = caller.access(&org).await?;
    access.needs(Permission::OwnOrg)?;
    caller.fresh(&access.me).await?;
    let provider = match issuer.as_str() {
        "" => None,
        id => {
            let known = caller.context.single_sign_on.issuers().iter().find(|issuer| issuer.id == id);
            let known = known.ok_or_else(|| ActError::field("issuer", "Choose one of the list."))?;
            Some(known.url.clone())
        }
    };
    Ok(caller.store().require_sign_in(&access.me.act(), &access.org, provider).await?)
}

/// Lets an owner in for an hour without the issuer, with a code. All owners are told by mail.
#[server(prefix = "/act", endpoint = "orgs/break-glass")]
pub async fn break_glass(org: OrgId, #[server(default)] code: String) -> Result<(), ActError> {
    let caller = Caller::current();
    let me = caller.signed_in().await?;
    caller.fresh(&me).await?;
    let code = TypedCode::parse(&code)?;
    let who = match &code {
        TypedCode::Authenticator(_) => Who::CodeOfSignedIn,
        TypedCode::Recovery(_) => Who::RecoveryCode(caller.client.ip),
    };
    let act = me.act();
    let broken = async { Ok::<_, ActError>(caller.store().break_glass(&act, &org, &me.user, code).await?) };
    counted(&caller, &me.user, &act, who, broken).await
}
