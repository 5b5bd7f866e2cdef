//! Creating the first account.

use leptos::prelude::*;
use sallyport::{audit::Actor, key::secret, user::NewUser};

use super::{
    ActError, Caller,
    sessions::{Started, start},
};
use crate::{context::Context, error::PageError};

/// Whether this is the token that the server printed at its start. It is always required: a local proxy that adds no
/// header can't be distinguished from a person at the machine.
pub fn has_token(context: &Context, token: &str) -> bool {
    secret::constant_time_eq(token.as_bytes(), context.setup_token.as_bytes())
}

/// Creates the first account, an operator's, if there is none, and signs in.
#[server(prefix = "/act", endpoint = "setup/create-account")]
pub async fn create_first_account(
    token: String,
    name: String,
    email: String,
    password: String,
) -> Result<Started, ActError> {
    let caller = Caller::current();
    let (context, store) = (&caller.context, caller.store());
    if !store.is_empty().await? {
        return Err(PageError::Forbidden("This portal is set up already; sign in.".to_owned()).into());
    }
    if !has_token(context, &token) {
        let message = "Open the address that the server printed when it started, or paste the token at its end.";
        return Err(ActError::field("token", message));
    }
    let new = NewUser::check(&name, &email, &password)?;
    let hash = context.passwords.hash_new(&new.password, "password").await?;
    let user = store.create_first_user(&caller.client.act(Actor::Anonymous), new, hash.clone()).await?;
    start(&caller, &user, hash).await
}
