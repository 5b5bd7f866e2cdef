//! A person confirms with their password what must not be done in a browser that was left open.

use sallyport::{
    Error,
    passwords::Match,
    throttle::{Throttles, Who},
    user::Password,
};

use super::{ActError, Caller, sessions::throttled};
use crate::access::SignedIn;

/// Fails unless this is the person's password, with an error at that field. Wrong ones are recorded, and throttled
/// like those of sign-ins.
pub(super) async fn confirm_password(
    caller: &Caller,
    me: &SignedIn,
    field: &'static str,
    password: String,
) -> Result<(), ActError> {
    let (context, store) = (&caller.context, caller.store());
    let attempt = match context.attempts.begin(Who::SignedIn, &me.user.email).await? {
        Ok(attempt) => attempt,
        Err(refused) => {
            if refused.tell {
                store.record_refused_password(&me.act(), &me.user, 429).await?;
            }
            return Err(throttled(field, &refused));
        }
    };
    let matches = async {
        let (_, kept) = store.user_to_sign_in(&me.user.email).await?.ok_or(Error::SignedOut)?;
        let typed = Password::typed(password);
        let matches = context.passwords.matches(Who::SignedIn.lane(), &typed, kept.as_deref()).await? != Match::No;
        if !matches {
            store.record_refused_password(&me.act(), &me.user, 401).await?;
        }
        Ok::<_, Error>(matches)
    };
    match matches.await {
        Ok(true) => {
            context.attempts.succeeded(attempt).await;
            Ok(())
        }
        Ok(false) => Err(ActError::field(field, "This is not your password. Nothing was changed.")),
        Err(error) => {
            context.attempts.take_back(attempt).await;
            Err(error.into())
        }
    }
}
