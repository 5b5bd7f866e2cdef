//! Reporting a key that leaked.

use std::time::Duration;

use leptos::prelude::*;
use sallyport::{
    audit::Actor,
    leak_inbox::SentLeak,
    limit::whole_seconds,
    throttle::{Throttled, Throttles, Who},
};

use super::{ActError, Caller};
use crate::attempts::in_words;

/// How long to wait if there is no room for another report.
const FULL: Duration = Duration::from_secs(5);

/// Reports a key, and where it was found: for anybody. The answer is the same whatever was reported, and what is done about it
/// is done afterwards.
#[server(prefix = "/act", endpoint = "leaks/report")]
pub async fn report_leak(#[server(default)] key: String, #[server(default)] place: String) -> Result<(), ActError> {
    let caller = Caller::current();
    let context = &caller.context;
    let wait = match context.attempts.begin(Who::LeakReporter(caller.client.ip), "").await? {
        Err(Throttled { wait, .. }) => Some(wait),
        Ok(_) => {
            let act = caller.client.act(Actor::Sallyport);
            let is_taken = context.leaks.take(act, move || vec![SentLeak { token: key, place }]);
            (!is_taken).then_some(FULL)
        }
    };
    let Some(wait) = wait else { return Ok(()) };
    let message = format!("Too many reports were sent. Try again in {}.", in_words(wait));
    Err(ActError::Throttled { field: String::new(), message, seconds: whole_seconds(wait) })
}
