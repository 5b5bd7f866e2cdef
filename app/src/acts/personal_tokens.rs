//! Acts of a person on their own tokens.

use leptos::prelude::*;
use sallyport::{
    id::PersonalTokenId,
    key::{PlainSecret, expiry::ExpiryInput},
    personal_token::{NewPersonalToken, PersonalToken, TokenScopes},
};
use serde::{Deserialize, Serialize};

use super::{ActError, Caller, InPage};
use crate::{access::OwnToken, form::FormState, form_token};

/// The fields of the form for a new personal token, as sent.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct NewPersonalTokenForm {
    form_token: String,
    /// Not `name`: the page below the panel has the person's own.
    token_name: String,
    scopes: Vec<String>,
    expires: String,
    expires_on: String,
}

impl From<&FormState> for NewPersonalTokenForm {
    fn from(form: &FormState) -> Self {
        Self {
            form_token: form.value("form_token"),
            token_name: form.value("token_name"),
            scopes: form.values_of("scopes").map(str::to_owned).collect(),
            expires: form.value("expires"),
            expires_on: form.value("expires_on"),
        }
    }
}

/// Creates a personal token. Returns it with its secret.
#[server(prefix = "/act", endpoint = "account/create-token")]
pub async fn create_personal_token(
    new: NewPersonalTokenForm,
) -> Result<InPage<(PersonalToken, PlainSecret)>, ActError> {
    let caller = Caller::current();
    let (store, me) = (caller.store(), caller.signed_in().await?);
    let now = store.now();
    let form_token = form_token::check(store.vault(), &me.user.id, now, &new.form_token)?;
    let scopes = TokenScopes::parse(&new.scopes.join(" "))?;
    let expires_at = ExpiryInput::Form { choice: &new.expires, date: &new.expires_on }.check(now)?;
    caller.fresh(&me).await?;
    let new = NewPersonalToken { name: new.token_name, scopes, expires_at, form_token };
    Ok(InPage(store.issue_personal_token(&me.act(), new).await?))
}

/// Revokes one of one's own tokens, or signs out a command line: requests with it are refused at once.
#[server(prefix = "/act", endpoint = "account/revoke-token")]
pub async fn revoke_personal_token(token: PersonalTokenId) -> Result<(), ActError> {
    let caller = Caller::current();
    let access: OwnToken = caller.access(&token).await?;
    Ok(caller.store().revoke_personal_token(&access.me.act(), &token).await?)
}
