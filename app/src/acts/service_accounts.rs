//! Acts on service accounts and their tokens.

use leptos::prelude::*;
use sallyport::{
    id::{OrgId, ServiceAccountId, ServiceTokenId},
    key::{PlainSecret, expiry::ExpiryInput},
    member::{Permission, Role},
    personal_token::TokenScopes,
    place::check_typed_name,
    service_account::{NewServiceToken, ServiceToken},
};
use serde::{Deserialize, Serialize};

use super::{
    ActError, Caller, InPage,
    places::{PlaceAccess, PlaceId},
};
use crate::{
    access::{OrgAccess, ServiceAccountAccess, ServiceTokenAccess},
    form::FormState,
    form_token,
};

/// The form of an account, as sent.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct ServiceAccountForm {
    name: String,
    /// The id of an organization, a tenant or a project.
    place: String,
    role: String,
}

impl From<&FormState> for ServiceAccountForm {
    fn from(form: &FormState) -> Self {
        Self { name: form.value("name"), place: form.value("place"), role: form.value("role") }
    }
}

impl ServiceAccountForm {
    /// A place of the organization where the person manages members, and the role.
    async fn granted(&self, caller: &Caller, org: &OrgId) -> Result<(PlaceAccess, Role), ActError> {
        let other = || ActError::field("place", "Choose a place from the list.");
        let id = PlaceId::try_from(self.place.clone()).map_err(|_| other())?;
        let access = PlaceAccess::of(caller, &id).await.map_err(|_| other())?;
        if access.place.org_id != *org || !access.org.role.may(Permission::ManageMembers) {
            return Err(other());
        }
        let role = Role::parse(&self.role).ok_or_else(|| ActError::field("role", "Choose a role."))?;
        Ok((access, role))
    }
}

/// Makes a service account. It can do nothing before it has a token.
#[server(prefix = "/act", endpoint = "service-accounts/create")]
pub async fn create_service_account(org: OrgId, form: ServiceAccountForm) -> Result<ServiceAccountId, ActError> {
    let caller = Caller::current();
    let access: OrgAccess = caller.access(&org).await?;
    access.needs_somewhere(Permission::ManageMembers)?;
    let (at, role) = form.granted(&caller, &org).await?;
    let made = caller.store().create_service_account(&access.me.act(), &at.place, &form.name, role).await?;
    Ok(made.id)
}

/// Gives a service account another name, or another role. If it may do more then, its tokens end.
#[server(prefix = "/act", endpoint = "service-accounts/change")]
pub async fn change_service_account(account: ServiceAccountId, form: ServiceAccountForm) -> Result<(), ActError> {
    let caller = Caller::current();
    let access: ServiceAccountAccess = caller.access(&account).await?;
    let (at, role) = form.granted(&caller, &access.account.org_id).await?;
    let (store, act) = (caller.store(), access.within.me.act());
    if store.gives_account_more(&access.account, role, &at.place).await? {
        caller.fresh(&access.within.me).await?;
    }
    store.change_service_account(&act, &account, &form.name, Some((role, (&at.place).into()))).await?;
    Ok(())
}

/// Disables a service account: requests with its tokens are refused at once.
#[server(prefix = "/act", endpoint = "service-accounts/disable")]
pub async fn disable_service_account(account: ServiceAccountId) -> Result<(), ActError> {
    let caller = Caller::current();
    let access: ServiceAccountAccess = caller.access(&account).await?;
    Ok(caller.store().disable_service_account(&access.within.me.act(), &account, true).await?)
}

/// Enables it again, with the tokens that it has.
#[server(prefix = "/act", endpoint = "service-accounts/enable")]
pub async fn enable_service_account(account: ServiceAccountId) -> Result<(), ActError> {
    let caller = Caller::current();
    let access: ServiceAccountAccess = caller.access(&account).await?;
    caller.fresh(&access.within.me).await?;
    Ok(caller.store().disable_service_account(&access.within.me.act(), &account, false).await?)
}

/// Removes a service account and its tokens. What it made stays.
#[server(prefix = "/act", endpoint = "service-accounts/remove")]
pub async fn remove_service_account(
    account: ServiceAccountId,
    #[server(default)] typed_name: String,
) -> Result<OrgId, ActError> {
    let caller = Caller::current();
    let access: ServiceAccountAccess = caller.access(&account).await?;
    check_typed_name(&typed_name, &access.account.name)?;
    caller.store().remove_service_account(&access.within.me.act(), &account).await?;
    Ok(access.account.org_id)
}

/// The form of a token, as sent.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct ServiceTokenForm {
    form_token: String,
    /// Not `name`, which is the account's.
    token_name: String,
    scopes: Vec<String>,
    expires: String,
}

impl From<&FormState> for ServiceTokenForm {
    fn from(form: &FormState) -> Self {
        Self {
            form_token: form.value("form_token"),
            token_name: form.value("token_name"),
            scopes: form.values_of("scopes").map(str::to_owned).collect(),
            expires: form.value("expires"),
        }
    }
}

/// Creates a token of a service account. Returns it with its secret.
#[server(prefix = "/act", endpoint = "service-accounts/create-token")]
pub async fn create_service_token(
    account: ServiceAccountId,
    new: ServiceTokenForm,
) -> Result<InPage<(ServiceToken, PlainSecret)>, ActError> {
    let caller = Caller::current();
    let access: ServiceAccountAccess = caller.access(&account).await?;
    let (store, me) = (caller.store(), &access.within.me);
    let now = store.now();
    let form_token = form_token::check(store.vault(), &me.user.id, now, &new.form_token)?;
    let scopes = TokenScopes::parse(&new.scopes.join(" "))?;
    let expires_at = ExpiryInput::Form { choice: &new.expires, date: "" }.check(now)?;
    let checked = NewServiceToken::check(&new.token_name, scopes, expires_at, Some(form_token), now)?;
    caller.fresh(me).await?;
    Ok(InPage(store.issue_service_token(&me.act(), &account, checked).await?))
}

/// Revokes a token of a service account: requests with it are refused at once.
#[server(prefix = "/act", endpoint = "service-accounts/revoke-token")]
pub async fn revoke_service_token(token: ServiceTokenId) -> Result<ServiceAccountId, ActError> {
    let caller = Caller::current();
    let access: ServiceTokenAccess = caller.access(&token).await?;
    let within = access.within;
    caller.store().revoke_service_token(&within.within.me.act(), &token).await?;
    Ok(within.account.id)
}
