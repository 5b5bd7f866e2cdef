//! Roles by the groups of an issuer, given once a session has begun.

use sallyport::{audit::Act, user::User};

use super::Caller;

/// Gives a person the roles of these groups, and takes those of others. Who signs in is not kept out by it: what fails is done at
/// the next sign-in.
pub(super) async fn sync(caller: &Caller, act: &Act, user: &User, provider: &str, groups: &[String]) {
    let issuers = caller.context.single_sign_on.issuers();
    let Some(issuer) = issuers.iter().find(|issuer| issuer.url == provider) else { return };
    if let Err(error) = caller.store().sync_roles(act, user, provider, &issuer.roles_of(groups)).await {
        tracing::warn!(%error, issuer = issuer.id, user = %user.id, "single sign-on: roles of groups were not given");
    }
}
