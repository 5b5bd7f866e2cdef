//! Device cookies: browsers that signed in before.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sallyport::{Timestamp, throttle::Who};

use crate::{context::Context, cookies::cookie};

const NONCE: usize = 16;
const TIME: usize = 8;
const MARK: usize = 32;
const COOKIE: &str = "sallyport-device";
const PURPOSE: &[u8] = b"known device";
/// How long a browser is remembered.
const KNOWN: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The device cookie of a browser that signed in to an account: a nonce, the time, and a keyed hash of both and of
/// the account and its password hash. It grants no access; wrong passwords of this browser are counted separately. A
/// new password invalidates it, since a person who knew the old one may have collected such cookies.
pub fn known_device(context: &Context, account: &str, password_hash: &str) -> Option<HeaderValue> {
    let mut token = [0; NONCE + TIME + MARK];
    context.store.entropy().fill(&mut token[..NONCE]);
    token[NONCE..NONCE + TIME].copy_from_slice(&context.store.now().micros().to_be_bytes());
    let mark =
        context.store.vault().mark(&[PURPOSE, account.as_bytes(), password_hash.as_bytes(), &token[..NONCE + TIME]]);
    token[NONCE + TIME..].copy_from_slice(&mark);
    let secure = if context.is_https() { "; Secure" } else { "" };
    let cookie = format!(
        "{}={}; Path={}; Max-Age={}; SameSite=Strict; HttpOnly{secure}",
        context.cookie_name(COOKIE),
        BASE64_URL_SAFE_NO_PAD.encode(token),
        context.sub_path.cookie_path(),
        KNOWN.as_secs()
    );
    HeaderValue::from_str(&cookie).ok()
}

/// Who tries to sign in to an account: a known browser, or an unknown client.
pub fn who(
    context: &Context,
    headers: &HeaderMap,
    ip: std::net::IpAddr,
    account: &str,
    password_hash: Option<&str>,
) -> Who {
    let device = token(context, headers).zip(password_hash);
    device.and_then(|(token, hash)| of_token(context, token, account, hash)).map_or(Who::Stranger(ip), Who::Device)
}

/// Identifies this browser among those that signed in before; it proves nothing.
pub fn name(context: &Context, headers: &HeaderMap) -> Option<String> {
    token(context, headers)?.get(..22).map(str::to_owned)
}

/// The value of the cookie, which proves nothing yet.
pub fn token<'a>(context: &Context, headers: &'a HeaderMap) -> Option<&'a str> {
    cookie(headers, &context.cookie_name(COOKIE))
}

/// The device of a cookie's value, if it signed in to this account with this password.
pub fn of_token(context: &Context, token: &str, account: &str, password_hash: &str) -> Option<[u8; NONCE]> {
    let token = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?;
    let (marked, mark) = token.split_at_checked(NONCE + TIME)?;
    if !context.store.vault().is_marked(&[PURPOSE, account.as_bytes(), password_hash.as_bytes(), marked], mark) {
        return None;
    }
    let (nonce, time) = marked.split_at(NONCE);
    let given_at = Timestamp::from_micros(i64::from_be_bytes(time.try_into().ok()?));
    (context.store.now().since(given_at) <= KNOWN).then(|| nonce.try_into().ok())?
}
