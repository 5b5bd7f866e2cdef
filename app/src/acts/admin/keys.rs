//! Acts of operators on the keys of all organizations.

use leptos::prelude::*;
use sallyport::{Invalid, place::check_typed_name};

use super::super::{ActError, Caller, password::confirm_password};

/// What has to be typed before every key of the portal is revoked.
pub const EVERY_KEY: &str = "All keys";

/// Revokes every key of every organization, after [`EVERY_KEY`] was typed, and the person's password if they have one. Returns how
/// many.
#[server(prefix = "/act", endpoint = "admin/revoke-every-key")]
pub async fn revoke_every_key(
    #[server(default)] typed_name: String,
    #[server(default)] reason: String,
    #[server(default)] password: String,
) -> Result<u64, ActError> {
    let caller = Caller::current();
    let me = caller.operator().await?.me;
    let mut invalid = Invalid::default();
    invalid.take(check_typed_name(&typed_name, EVERY_KEY));
    if reason.trim().is_empty() {
        invalid.push("reason", "Say why. It is shown in the activity of each organization.");
    }
    // Who has none confirms, freshly, by the issuer or with a code that it is them.
    let has_password = caller.store().has_password(&me.user.id).await?;
    if has_password && password.is_empty() {
        invalid.push("password", "Enter your password.");
    }
    invalid.or(())?;
    caller.fresh(&me).await?;
    if has_password {
        confirm_password(&caller, &me, "password", password).await?;
    }
    Ok(caller.store().revoke_every_key(&me.act(), &reason).await?)
}
