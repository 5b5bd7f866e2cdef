//! Acts of a person on their own account.

use leptos::prelude::*;
use sallyport::{
    Invalid,
    user::{Password, User, check_name},
};

use super::{
    ActError, Caller,
    password::confirm_password,
    sessions::{Started, start_again},
};
use crate::error::PageError;

/// For people who sign in with an issuer alone.
const NO_PASSWORD: &str =
    "You have no password: you sign in with an issuer. If you want one, ask an operator of this portal.";

/// Changes one's own name.
#[server(prefix = "/act", endpoint = "account/rename")]
pub async fn rename(#[server(default)] name: String) -> Result<(), ActError> {
    let caller = Caller::current();
    let me = caller.signed_in().await?;
    let name = check_name(&name)?;
    if name == me.user.name {
        return Ok(());
    }
    Ok(caller.store().rename_user(&me.act(), &me.user, name).await?)
}

/// Changes the password; requires the current one, because the browser may have been left open. Every session ends,
/// and this browser gets a new one.
#[server(prefix = "/act", endpoint = "account/change-password")]
pub async fn change_password(current_password: String, new_password: String) -> Result<Started, ActError> {
    let caller = Caller::current();
    let me = caller.just_signed_in().await?;
    let (context, store) = (&caller.context, caller.store());
    if !store.has_password(&me.user.id).await? {
        return Err(ActError::field("", NO_PASSWORD));
    }
    let new = check(&current_password, &new_password, &me.user)?;
    // The password alone must not give a fresh session to who has a second factor.
    if store.second_factors(&me.user.id).await?.are_on() {
        caller.fresh(&me).await?;
    }
    confirm_password(&caller, &me, "current_password", current_password).await?;
    let hash = context.passwords.hash_new(&new, "new_password").await?;
    store.change_password(&me.act(), &me.user, hash.clone()).await?;
    start_again(&caller, &me.user, hash).await
}

/// The field `new_password`, in which a person chooses one.
pub(super) fn check_new_password(new: &str, user: &User) -> Result<Password, Invalid> {
    Password::check(new, &[&user.name, &user.email]).map_err(|mut refused| {
        refused.0.iter_mut().for_each(|error| error.field = "new_password");
        refused
    })
}

fn check(current: &str, new: &str, user: &User) -> Result<Password, Invalid> {
    let mut invalid = Invalid::default();
    if current.is_empty() {
        invalid.push("current_password", "Enter your current password.");
    }
    let password = invalid.take(check_new_password(new, user));
    if new == current && invalid.0.is_empty() {
        invalid.push("new_password", "This is your current password. Choose another.");
    }
    invalid.or(password)
}

/// Ends one of one's own sessions. Another person's session appears not to exist.
#[server(prefix = "/act", endpoint = "account/end-session")]
pub async fn end_session(#[server(default)] session: String) -> Result<(), ActError> {
    let caller = Caller::current();
    let me = caller.signed_in().await?;
    let open = caller.store().sessions_of(&me.user.id).await?;
    let asked = open.into_iter().find(|one| one.handle() == session).ok_or(PageError::NotFound)?;
    Ok(caller.store().delete_session(&me.act(), asked.digest).await?)
}

/// Ends all of one's own sessions but the current one.
#[server(prefix = "/act", endpoint = "account/end-other-sessions")]
pub async fn end_other_sessions() -> Result<(), ActError> {
    let caller = Caller::current();
    let me = caller.signed_in().await?;
    caller.store().end_other_sessions(&me.act(), &me.user, me.session).await?;
    Ok(())
}
