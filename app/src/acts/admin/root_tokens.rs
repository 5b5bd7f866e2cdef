//! Acts of operators on root tokens.

use leptos::prelude::*;
use sallyport::{
    id::{OrgId, TokenId},
    key::{PlainSecret, expiry::ExpiryInput},
    root_token::{NewToken, RootToken},
};
use serde::{Deserialize, Serialize};

use super::super::{ActError, Caller, InPage};
use crate::{access::OperatedToken, form::FormState, form_token};

/// The fields of the form for a new root token, as sent.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct NewTokenForm {
    form_token: String,
    name: String,
    access: String,
    org: String,
    expires: String,
    expires_on: String,
}

impl From<&FormState> for NewTokenForm {
    fn from(form: &FormState) -> Self {
        Self {
            form_token: form.value("form_token"),
            name: form.value("name"),
            access: form.value("access"),
            org: form.value("org"),
            expires: form.value("expires"),
            expires_on: form.value("expires_on"),
        }
    }
}

/// Creates a root token. Returns it with its secret.
#[server(prefix = "/act", endpoint = "admin/create-root-token")]
pub async fn create_token(new: NewTokenForm) -> Result<InPage<(RootToken, PlainSecret)>, ActError> {
    let caller = Caller::current();
    let (store, me) = (caller.store(), caller.operator().await?.me);
    let now = store.now();
    let nonce = form_token::check(store.vault(), &me.user.id, now, &new.form_token)?;
    let manage = match new.access.as_str() {
        "verify" => false,
        "manage" => true,
        _ => return Err(ActError::field("access", "Choose what the token may do.")),
    };
    let org_id = match new.org.trim() {
        "" => None,
        text => {
            Some(OrgId::parse(text).ok_or_else(|| ActError::field("org", "This is not the ID of an organization."))?)
        }
    };
    let expires_at = ExpiryInput::Form { choice: &new.expires, date: &new.expires_on }.check(now)?;
    caller.fresh(&me).await?;
    let new = NewToken { name: new.name, manage, org_id, expires_at, form_token: Some(nonce) };
    Ok(InPage(store.issue_token(&me.act(), new).await?))
}

/// Revokes a root token: requests with it are refused at once.
#[server(prefix = "/act", endpoint = "admin/revoke-root-token")]
pub async fn revoke_token(token: TokenId) -> Result<(), ActError> {
    let caller = Caller::current();
    let access: OperatedToken = caller.access(&token).await?;
    Ok(caller.store().revoke_token(&access.me.act(), &token).await?)
}
