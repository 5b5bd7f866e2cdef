//! Acts of a person on the sign-in of a command line (RFC 8628, section 3.3).

use leptos::prelude::*;
use sallyport::{
    Error,
    audit::{Action, NewEvent, Target},
    device::{DeviceRequest, UserCode},
    limit::whole_seconds,
    throttle::{Throttled, Throttles, Who},
};

use super::{ActError, Caller};
use crate::{access::SignedIn, attempts::in_words};

/// Approves the sign-in that waits with this code: the command line then acts as the person.
#[server(prefix = "/act", endpoint = "device/approve")]
pub async fn approve_device(#[server(default)] code: String) -> Result<(), ActError> {
    let caller = Caller::current();
    let me = caller.signed_in().await?;
    let (code, _) = find(&caller, &me, &code).await?;
    caller.fresh(&me).await?;
    caller.store().approve_device(&me.act(), &code).await.map_err(not_answered)
}

/// Denies it: the command line is told so.
#[server(prefix = "/act", endpoint = "device/deny")]
pub async fn deny_device(#[server(default)] code: String) -> Result<(), ActError> {
    let caller = Caller::current();
    let me = caller.signed_in().await?;
    let (code, _) = find(&caller, &me, &code).await?;
    caller.store().deny_device(&me.act(), &code).await.map_err(not_answered)
}

/// What waits with this code, to be shown before it is approved. Run by a page, with [`Caller::run`].
pub async fn waiting_device(code: String) -> Result<(UserCode, DeviceRequest), ActError> {
    let caller = Caller::current();
    let me = caller.signed_in().await?;
    find(&caller, &me, &code).await
}

/// Wrong codes are throttled: otherwise a person could find out, and approve, what others wait for (RFC 8628, section
/// 5.1). A code that is right does not clear the count, since anyone can have one made.
async fn find(caller: &Caller, me: &SignedIn, typed: &str) -> Result<(UserCode, DeviceRequest), ActError> {
    // What can't be a code is not a guess.
    let code = UserCode::parse(typed).ok_or_else(not_waiting)?;
    let attempts = &caller.context.attempts;
    let attempt = match attempts.begin(Who::DeviceCode(caller.client.ip), me.user.id.as_str()).await? {
        Ok(attempt) => attempt,
        Err(Throttled { wait, tell, .. }) => {
            if tell {
                let target = Target::new("command_line", "", "Several unknown codes");
                let event = NewEvent::of_system(Action::DeviceCodeRefused, target).refused(429);
                caller.context.pending_events.note(me.act(), event);
            }
            let message = format!("Too many wrong codes. Try again in {}.", in_words(wait));
            return Err(ActError::Throttled { field: "code".to_owned(), message, seconds: whole_seconds(wait) });
        }
    };
    let found = caller.store().device_request(&code).await;
    if !matches!(found, Ok(None)) {
        attempts.take_back(attempt).await;
    }
    Ok((code, found?.ok_or_else(not_waiting)?))
}

/// It was answered, or expired, in the meantime.
fn not_answered(error: Error) -> ActError {
    if matches!(error, Error::NotFound) { not_waiting() } else { error.into() }
}

fn not_waiting() -> ActError {
    ActError::field("code", "No device is waiting with this code. Check it, or start sallyport login again.")
}
