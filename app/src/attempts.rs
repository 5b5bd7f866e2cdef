//! Who may try a password, and which browsers are known: the throttle, with the portal's time and marks.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use axum::http::{HeaderMap, HeaderValue};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sallyport::{
    Timestamp,
    clock::Elapsed,
    limit::whole_seconds,
    throttle::{Attempt, Throttle, Throttled, Who},
};

use crate::{context::Context, cookies::cookie};

/// The attempts of everybody, in memory.
pub struct Attempts {
    throttle: Mutex<Throttle>,
    elapsed: Elapsed,
}

impl Attempts {
    pub fn new(elapsed: Elapsed) -> Self {
        Self { throttle: Mutex::default(), elapsed }
    }

    /// Asked before a password is hashed, so that a flood costs nothing.
    pub fn begin(&self, who: Who, account: &str) -> Result<Attempt, Throttled> {
        self.lock().attempt(who, account, (self.elapsed)())
    }

    pub fn was_right(&self, attempt: Attempt) {
        self.lock().was_right(attempt);
    }

    /// Nobody could tell whether it was right.
    pub fn take_back(&self, attempt: Attempt) {
        self.lock().take_back(attempt);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Throttle> {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// "Too many wrong passwords. Try again in 40 seconds."
pub fn wait_message(wait: Duration) -> String {
    let seconds = whole_seconds(wait);
    let (count, unit) = if seconds < 120 { (seconds, "second") } else { (seconds.div_ceil(60), "minute") };
    let plural = if count == 1 { "" } else { "s" };
    format!("Too many wrong passwords. Try again in {count} {unit}{plural}.")
}

const NONCE: usize = 16;
const TIME: usize = 8;
const MARK: usize = 32;
const PURPOSE: &[u8] = b"known device";
/// How long a browser is known.
const KNOWN: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Bound to the host where that is possible, as the session's cookie is.
fn cookie_name(context: &Context) -> &'static str {
    if context.is_https() { "__Host-sallyport-device" } else { "sallyport-device" }
}

/// The cookie by which a browser is known that signed in to an account: a nonce, the time, and the mark of both and of
/// the account with the password it has. It opens nothing; its bearer's mistakes are counted by themselves. Who knew an
/// earlier password, and may have gathered marks, is a stranger.
pub fn known_device(context: &Context, account: &str, password_hash: &str) -> Option<HeaderValue> {
    let mut token = [0; NONCE + TIME + MARK];
    context.store.entropy().fill(&mut token[..NONCE]);
    token[NONCE..NONCE + TIME].copy_from_slice(&context.store.now().micros().to_be_bytes());
    let mark =
        context.store.vault().mark(&[PURPOSE, account.as_bytes(), password_hash.as_bytes(), &token[..NONCE + TIME]]);
    token[NONCE + TIME..].copy_from_slice(&mark);
    let secure = if context.is_https() { "; Secure" } else { "" };
    let cookie = format!(
        "{}={}; Path=/; Max-Age={}; SameSite=Strict; HttpOnly{secure}",
        cookie_name(context),
        BASE64_URL_SAFE_NO_PAD.encode(token),
        KNOWN.as_secs()
    );
    HeaderValue::from_str(&cookie).ok()
}

/// Who tries to sign in to an account: a browser that we know, or a stranger.
pub fn who(
    context: &Context,
    headers: &HeaderMap,
    ip: std::net::IpAddr,
    account: &str,
    password_hash: Option<&str>,
) -> Who {
    let token = cookie(headers, cookie_name(context));
    let device = token.zip(password_hash).and_then(|(token, hash)| device(context, token, account, hash));
    device.map_or(Who::Stranger(ip), Who::Device)
}

fn device(context: &Context, token: &str, account: &str, password_hash: &str) -> Option<[u8; NONCE]> {
    let token = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?;
    let (marked, mark) = token.split_at_checked(NONCE + TIME)?;
    if !context.store.vault().is_marked(&[PURPOSE, account.as_bytes(), password_hash.as_bytes(), marked], mark) {
        return None;
    }
    let (nonce, time) = marked.split_at(NONCE);
    let given_at = Timestamp::from_micros(i64::from_be_bytes(time.try_into().ok()?));
    (context.store.now().since(given_at) <= KNOWN).then(|| nonce.try_into().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_in_words() {
        for (millis, words) in
            [(1, "1 second."), (59_001, "60 seconds."), (120_000, "2 minutes."), (120_001, "3 minutes.")]
        {
            let message = wait_message(Duration::from_millis(millis));
            assert!(message.ends_with(words), "{message}");
        }
    }
}
