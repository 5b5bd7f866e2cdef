//! What a browser keeps of a sign-in with an issuer, in encrypted cookies.

use std::time::Duration;

use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sallyport::{Timestamp, single_sign_on::Issuer};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{context::Context, cookies::cookie, known_device, single_sign_on::Flow};

/// How long a person has to sign in at the issuer, and to link the account.
const VALID: Duration = Duration::from_secs(10 * 60);

/// A sign-in that begins.
pub fn begun(context: &Context, headers: &HeaderMap, issuer: &Issuer, next: &str, again: bool) -> Flow {
    let random = || BASE64_URL_SAFE_NO_PAD.encode(context.store.entropy().array::<32>());
    Flow {
        issuer: issuer.id.clone(),
        state: random(),
        nonce: random(),
        verifier: random(),
        next: next.to_owned(),
        again,
        began_at: context.store.now().micros(),
        device: known_device::token(context, headers).map(str::to_owned),
    }
}

/// An identity that waits to be linked to the account with its e-mail address, whose owner has to sign in first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PendingLink {
    pub issuer: String,
    pub provider: String,
    pub subject: String,
    pub email: String,
}

/// What is kept in an encrypted cookie for a few minutes.
pub trait Kept: Serialize + DeserializeOwned {
    const COOKIE: &'static str;
    const PURPOSE: &'static str;
    const VALID: Duration = VALID;

    /// The cookie. A browser sends it when it comes back from the issuer, which is another site.
    fn keep(&self, context: &Context) -> Option<HeaderValue> {
        let store = &context.store;
        let plain = serde_json::to_vec(&(store.now().micros(), self)).ok()?;
        let sealed = BASE64_URL_SAFE_NO_PAD.encode(store.vault().seal(Self::PURPOSE, &plain, store.entropy()));
        set_cookie(context, Self::COOKIE, &sealed, Self::VALID.as_secs())
    }

    /// That of a request, if it was encrypted here not long ago.
    fn of(context: &Context, headers: &HeaderMap) -> Option<Self> {
        let sealed = cookie(headers, &context.cookie_name(Self::COOKIE))?;
        let plain = context.store.vault().open(Self::PURPOSE, &BASE64_URL_SAFE_NO_PAD.decode(sealed).ok()?).ok()?;
        let (at, kept): (i64, Self) = serde_json::from_slice(&plain).ok()?;
        (context.store.now().since(Timestamp::from_micros(at)) < Self::VALID).then_some(kept)
    }

    /// Removes the cookie.
    fn forget(context: &Context) -> Option<HeaderValue> {
        set_cookie(context, Self::COOKIE, "", 0)
    }
}

impl Kept for Flow {
    const COOKIE: &'static str = "single-sign-on";
    const PURPOSE: &'static str = "single sign-on";
}

impl Kept for PendingLink {
    const COOKIE: &'static str = "sign-in-to-link";
    const PURPOSE: &'static str = "sign-in to link";
}

/// A response that also removes a cookie: with what `forget` returned.
#[must_use]
pub fn without(mut answer: Response, cookie: Option<HeaderValue>) -> Response {
    if let Some(cookie) = cookie {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer
}

fn set_cookie(context: &Context, name: &str, value: &str, seconds: u64) -> Option<HeaderValue> {
    let secure = if context.is_https() { "; Secure" } else { "" };
    let (name, path) = (context.cookie_name(name), context.sub_path.cookie_path());
    let cookie = format!("{name}={value}; Path={path}; Max-Age={seconds}; SameSite=Lax; HttpOnly{secure}");
    HeaderValue::from_str(&cookie).ok()
}
