//! Acts on the capability tokens of an app.

use leptos::prelude::*;
use sallyport::{
    capability::NewCapability, id::AppId, member::Permission, place::check_typed_name, store::MintedCapability, text,
};
use serde::{Deserialize, Serialize};

use super::{ActError, Caller, InPage};
use crate::{access::AppAccess, error::PageError, form::FormState, sealed_file};

/// The form of a new token, as typed.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct NewCapabilityForm {
    subject: String,
    modules: Vec<String>,
    channels: Vec<String>,
    /// In seconds.
    expires_in: String,
}

impl From<&FormState> for NewCapabilityForm {
    fn from(form: &FormState) -> Self {
        let all = |name: &str| form.values_of(name).map(str::to_owned).collect();
        Self {
            subject: form.value("subject"),
            modules: all("modules"),
            channels: all("channels"),
            expires_in: form.value("expires_in"),
        }
    }
}

/// The app, if the person may mint for it.
async fn to_mint(caller: &Caller, app: &AppId) -> Result<AppAccess, ActError> {
    let access: AppAccess = caller.access(app).await?;
    access.org().needs(Permission::ManageKeys)?;
    Ok(access)
}

/// Mints a token. Returns it.
#[server(prefix = "/act", endpoint = "capabilities/mint")]
pub async fn mint_capability(
    app: AppId,
    new: NewCapabilityForm,
) -> Result<InPage<(AppAccess, MintedCapability)>, ActError> {
    let caller = Caller::current();
    let access = to_mint(&caller, &app).await?;
    let (store, issuer) = (caller.store(), &caller.context.public_url);
    let seconds = match new.expires_in.as_str() {
        "" => None,
        text => Some(text.parse().map_err(|_| ActError::field("expires_in", "Choose a lifetime from the list."))?),
    };
    let rules = &store.profile().capabilities;
    let new = NewCapability::check(&new.subject, &new.modules, &new.channels, seconds, rules)?;
    let minted = store.mint_capability(&access.org().me.act(), &access.app, issuer, new).await?;
    Ok(InPage((access, minted)))
}

/// Revokes all tokens of an app, after its name was typed.
#[server(prefix = "/act", endpoint = "capabilities/revoke-all")]
pub async fn revoke_capabilities(
    app: AppId,
    #[server(default)] typed_name: String,
    #[server(default)] reason: String,
) -> Result<(), ActError> {
    let caller = Caller::current();
    let access = to_mint(&caller, &app).await?;
    check_typed_name(&typed_name, &access.app.name)?;
    let reason = text::optional_line("reason", &reason, 200)?;
    caller.fresh(&access.org().me).await?;
    caller.store().revoke_capabilities(&access.org().me.act(), &access.app, reason).await?;
    Ok(())
}

const NO_FILE: &str = "This file belongs to another app or account, or its dialog was open for more than an hour.";

/// Decrypts the file in the one-time dialog of a token. Returns its name and its text.
#[server(prefix = "/act", endpoint = "capabilities/file")]
pub async fn open_capability_file(app: AppId, sealed: String) -> Result<InPage<(String, String)>, ActError> {
    let caller = Caller::current();
    let access = to_mint(&caller, &app).await?;
    let file = sealed_file::open(caller.store(), &access.app.id, &access.org().me.user.id, &sealed);
    Ok(InPage(file.ok_or_else(|| PageError::BadRequest(NO_FILE.to_owned()))?))
}
