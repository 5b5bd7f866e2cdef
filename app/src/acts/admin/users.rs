//! Acts of operators on people's accounts.

use leptos::prelude::*;
use sallyport::{id::UserId, place::check_typed_name};

use super::super::{ActError, Caller};
use crate::access::OperatedUser;

/// What has to be typed before everybody's sessions end.
pub const EVERYBODY: &str = "Everybody";

/// Disables an account: its sessions end, and the person's own keys are refused. Not one's own.
#[server(prefix = "/act", endpoint = "admin/disable-user")]
pub async fn disable_user(user: UserId) -> Result<(), ActError> {
    let caller = Caller::current();
    let access: OperatedUser = caller.access(&user).await?;
    if access.me.user.id == user {
        return Err(ActError::Conflict("This is your own account. Another operator can disable it.".to_owned()));
    }
    caller.store().disable_user(&access.me.act(), &access.account.user).await?;
    Ok(())
}

/// Enables a disabled account.
#[server(prefix = "/act", endpoint = "admin/enable-user")]
pub async fn enable_user(user: UserId) -> Result<(), ActError> {
    let caller = Caller::current();
    let access: OperatedUser = caller.access(&user).await?;
    caller.store().enable_user(&access.me.act(), &access.account.user).await?;
    Ok(())
}

/// Ends every session of a person. Returns how many.
#[server(prefix = "/act", endpoint = "admin/end-sessions")]
pub async fn end_sessions(user: UserId) -> Result<u64, ActError> {
    let caller = Caller::current();
    let access: OperatedUser = caller.access(&user).await?;
    Ok(caller.store().end_sessions_of(&access.me.act(), &access.account.user).await?)
}

/// Ends everybody's sessions, one's own included, after [`EVERYBODY`] was typed. Returns how many.
#[server(prefix = "/act", endpoint = "admin/end-all-sessions")]
pub async fn end_all_sessions(#[server(default)] typed_name: String) -> Result<u64, ActError> {
    let caller = Caller::current();
    let me = caller.operator().await?.me;
    check_typed_name(&typed_name, EVERYBODY)?;
    Ok(caller.store().end_all_sessions(&me.act()).await?)
}
