//! The values of a form whose sender was signed out in the meantime, or has to confirm that it is them: encrypted in a cookie,
//! and filled in again afterwards. Secrets are omitted.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sallyport::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{context::Context, cookies::cookie, known_device};

const COOKIE: &str = "typed";
const PURPOSE: &str = "form of somebody who was signed out";
/// How long it is kept.
const KEPT: Duration = Duration::from_secs(15 * 60);
/// Proxies often accept at most 4 KB of response headers, and browsers no larger cookie.
const MOST: usize = 2_000;

/// Marks the form as one to be shown again, not to be acted on.
pub const QUERY: &str = "resumed=1";
/// The same after the person confirmed that it is them.
pub const CONFIRMED: &str = "resumed=confirmed";

/// The message above a form that is shown again, by the query of its address.
pub fn message(query: Option<&str>) -> Option<&'static str> {
    match query? {
        QUERY => Some("You are signed in again. Check what you typed, then send it."),
        CONFIRMED => Some("Thank you for confirming that it’s you. Check what you typed, then send it."),
        _ => None,
    }
}

/// A form, and its address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resumed {
    pub path: String,
    pub fields: Vec<(String, String)>,
    at: i64,
    /// The browser that sent it, as identified by its device cookie.
    device: String,
}

impl Resumed {
    /// The cookie with a form; `None` if it is too large.
    pub fn keep(context: &Context, path: &str, fields: Vec<(String, String)>, device: String) -> Option<HeaderValue> {
        let store = &context.store;
        let form = Self { path: path.to_owned(), fields, at: store.now().micros(), device };
        let plain = serde_json::to_vec(&form).ok()?;
        let sealed = BASE64_URL_SAFE_NO_PAD.encode(store.vault().seal(PURPOSE, &plain, store.entropy()));
        if sealed.len() > MOST {
            return None;
        }
        set_cookie(context, &sealed, KEPT.as_secs())
    }

    /// The stored form, if it was encrypted here for the same browser and not long ago. The caller has checked that
    /// the browser is known for the person who signs in.
    pub fn of(context: &Context, headers: &HeaderMap) -> Option<Self> {
        let sealed = cookie(headers, &context.cookie_name(COOKIE))?;
        let plain = context.store.vault().open(PURPOSE, &BASE64_URL_SAFE_NO_PAD.decode(sealed).ok()?).ok()?;
        let form: Self = serde_json::from_slice(&plain).ok()?;
        let fresh = context.store.now().since(Timestamp::from_micros(form.at)) <= KEPT;
        (fresh && known_device::name(context, headers)? == form.device).then_some(form)
    }

    /// Removes the cookie.
    pub fn forget(context: &Context) -> Option<HeaderValue> {
        set_cookie(context, "", 0)
    }
}

fn set_cookie(context: &Context, value: &str, seconds: u64) -> Option<HeaderValue> {
    let secure = if context.is_https() { "; Secure" } else { "" };
    let (name, path) = (context.cookie_name(COOKIE), context.sub_path.cookie_path());
    let cookie = format!("{name}={value}; Path={path}; Max-Age={seconds}; SameSite=Strict; HttpOnly{secure}");
    HeaderValue::from_str(&cookie).ok()
}
