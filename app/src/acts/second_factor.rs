//! Acts of a person on their second factor, and the confirmation that it is them.

use leptos::prelude::*;
use sallyport::{
    second_factor::{RecoveryCode, SecondProof, TypedCode},
    throttle::Who,
};

use super::{ActError, Caller, InPage, code_attempts::counted, passkey_proof::proved, password::confirm_password};
use crate::{authenticator_setup, passkey_challenge::Purpose, sealed_file};

/// What the file of recovery codes is sealed for.
pub const RECOVERY_FILE: &str = "recovery codes";

/// Sets up the authenticator app whose sealed secret the form showed, once a code of it was typed. Returns the recovery codes.
#[server(prefix = "/act", endpoint = "account/add-authenticator")]
pub async fn add_authenticator(
    #[server(default)] sealed: String,
    #[server(default)] code: String,
) -> Result<InPage<Vec<RecoveryCode>>, ActError> {
    let caller = Caller::current();
    let me = caller.signed_in().await?;
    let store = caller.store();
    let secret = authenticator_setup::open(store, &me.user.id, &sealed).ok_or_else(|| {
        ActError::field("", "This form has expired. Scan the new code below, and enter what it shows.")
    })?;
    let TypedCode::Authenticator(code) = TypedCode::parse(&code)? else {
        return Err(ActError::field("code", "Enter the six digits that your authenticator app shows."));
    };
    caller.fresh(&me).await?;
    Ok(InPage(store.add_authenticator(&me.act(), &me.user, secret, code).await?))
}

/// Removes the authenticator app, and the recovery codes with the last second factor.
#[server(prefix = "/act", endpoint = "account/remove-authenticator")]
pub async fn remove_authenticator() -> Result<(), ActError> {
    let caller = Caller::current();
    let me = caller.signed_in().await?;
    caller.fresh(&me).await?;
    caller.store().remove_authenticator(&me.act(), &me.user).await?;
    Ok(())
}

/// Replaces the recovery codes, and returns the new ones.
#[server(prefix = "/act", endpoint = "account/renew-recovery-codes")]
pub async fn renew_recovery_codes() -> Result<InPage<Vec<RecoveryCode>>, ActError> {
    let caller = Caller::current();
    let me = caller.signed_in().await?;
    caller.fresh(&me).await?;
    Ok(InPage(caller.store().renew_recovery_codes(&me.act(), &me.user).await?))
}

/// Opens the file of recovery codes that a page sealed. Returns its name and text.
#[server(prefix = "/act", endpoint = "account/recovery-codes-file")]
pub async fn open_recovery_codes(#[server(default)] sealed: String) -> Result<InPage<(String, String)>, ActError> {
    let caller = Caller::current();
    let me = caller.signed_in().await?;
    let file = sealed_file::open(caller.store(), &RECOVERY_FILE, &me.user.id, &sealed);
    Ok(InPage(file.ok_or_else(|| ActError::field("", "The file can be downloaded for an hour. Renew the codes."))?))
}

/// Confirms that it is the person of this session: with a passkey, or with a code if they have a second factor, else with their
/// password.
#[server(prefix = "/act", endpoint = "account/confirm")]
pub async fn confirm_sign_in(
    #[server(default)] password: String,
    #[server(default)] code: String,
    credential: Option<String>,
) -> Result<(), ActError> {
    let caller = Caller::current();
    let me = caller.just_signed_in().await?;
    if let Some(credential) = credential {
        let (used, _) = proved(&caller, &credential, Purpose::Confirm, Some(&me.user)).await?;
        let second = Some(SecondProof::Passkey(used));
        let token = caller.store().prove_session(&me.act(), &me.user, me.session, second).await?;
        return Ok(caller.session.replace(&me.user.id, &token).await?);
    }
    if !caller.store().second_factors(&me.user.id).await?.are_on() {
        if password.is_empty() {
            return Err(ActError::field("password", "Enter your password."));
        }
        confirm_password(&caller, &me, "password", password).await?;
        let token = caller.store().prove_session(&me.act(), &me.user, me.session, None).await?;
        return Ok(caller.session.replace(&me.user.id, &token).await?);
    }
    let code = TypedCode::parse(&code)?;
    let who = match &code {
        TypedCode::Authenticator(_) => Who::CodeOfSignedIn,
        TypedCode::Recovery(_) => Who::RecoveryCode(caller.client.ip),
    };
    let act = me.act();
    let second = Some(SecondProof::Code(code));
    let checked = async { Ok::<_, ActError>(caller.store().prove_session(&act, &me.user, me.session, second).await?) };
    let token = counted(&caller, &me.user, &act, who, checked).await?;
    Ok(caller.session.replace(&me.user.id, &token).await?)
}
