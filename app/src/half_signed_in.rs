//! A sign-in between its first step and the second factor: encrypted in a cookie, and no session.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sallyport::{
    Error, Timestamp,
    id::UserId,
    identity::{Identity, Proof},
    user::User,
};
use serde::{Deserialize, Serialize};

use crate::{context::Context, cookies::cookie};

const COOKIE: &str = "half-signed-in";
const PURPOSE: &str = "half signed in";
/// How long a person has for the second step.
const VALID: Duration = Duration::from_secs(10 * 60);

/// What a person proved in the first step.
#[derive(Clone, Debug)]
pub enum Proved {
    /// They typed a password with this hash.
    Password(String),
    /// An issuer vouched for them.
    Identity {
        identity: Identity,
        /// Of their password, if they have one.
        hash: Option<String>,
        /// When the issuer asked them last; long ago if it does not say so.
        asked_at: Timestamp,
        /// Those of their groups that give a role; `None` if the issuer did not say all of them.
        groups: Option<Vec<String>>,
    },
}

impl Proved {
    pub fn proof(&self) -> Proof {
        match self {
            Self::Password(hash) => Proof::Password { hash: hash.clone() },
            Self::Identity { identity, .. } => Proof::Identity(identity.clone()),
        }
    }

    /// What the device cookie is bound to: another password makes it useless.
    pub fn device_mark(&self) -> String {
        match self {
            Self::Password(hash) | Self::Identity { hash: Some(hash), .. } => hash.clone(),
            Self::Identity { identity: Identity { provider, subject }, .. } => format!("{provider} {subject}"),
        }
    }
}

/// A person after the first step.
#[derive(Serialize, Deserialize)]
pub struct HalfSignedIn {
    user: UserId,
    /// A keyed hash of the password's hash: another password ends it.
    password: String,
    /// The issuer and the subject, instead of the password.
    #[serde(default)]
    identity: Option<(String, String)>,
    #[serde(default)]
    groups: Option<Vec<String>>,
    /// When the issuer asked them; 0 if it does not say so.
    #[serde(default)]
    asked_at: i64,
    /// Whether the browser was known for the person.
    pub was_known: bool,
    at: i64,
}

/// What the password's hash is compared by, keyed.
fn password_mark(context: &Context, user: &UserId, hash: &str) -> String {
    let mark = context.store.vault().mark(&[PURPOSE.as_bytes(), user.as_str().as_bytes(), hash.as_bytes()]);
    BASE64_URL_SAFE_NO_PAD.encode(mark)
}

impl HalfSignedIn {
    /// The cookie.
    pub fn keep(context: &Context, user: &User, proved: &Proved, was_known: bool) -> Option<HeaderValue> {
        let store = &context.store;
        let (identity, groups, asked_at) = match proved {
            Proved::Password(_) => (None, None, 0),
            Proved::Identity { identity, groups, asked_at, .. } => {
                (Some((identity.provider.clone(), identity.subject.clone())), groups.clone(), asked_at.micros())
            }
        };
        let password = password_mark(context, &user.id, &proved.device_mark());
        let at = store.now().micros();
        let half = Self { user: user.id.clone(), password, identity, groups, asked_at, was_known, at };
        let plain = serde_json::to_vec(&half).ok()?;
        let sealed = BASE64_URL_SAFE_NO_PAD.encode(store.vault().seal(PURPOSE, &plain, store.entropy()));
        set_cookie(context, &sealed, VALID.as_secs())
    }

    /// That of a request's cookie, with the person and what they proved: if it was encrypted here, not long ago, and
    /// the password is still the same. Whether the identity is still theirs is asked when the session starts.
    pub async fn of(context: &Context, headers: &HeaderMap) -> Result<Option<(Self, User, Proved)>, Error> {
        let Some(half) = Self::read(context, headers) else { return Ok(None) };
        let Some(user) = context.store.user(&half.user).await? else { return Ok(None) };
        let Some((user, hash)) = context.store.user_to_sign_in(&user.email).await? else { return Ok(None) };
        let proved = match (&half.identity, hash) {
            (Some((provider, subject)), hash) => Proved::Identity {
                identity: Identity { provider: provider.clone(), subject: subject.clone() },
                hash,
                asked_at: Timestamp::from_micros(half.asked_at),
                groups: half.groups.clone(),
            },
            (None, Some(hash)) => Proved::Password(hash),
            (None, None) => return Ok(None),
        };
        let is_same = user.id == half.user && password_mark(context, &user.id, &proved.device_mark()) == half.password;
        Ok(is_same.then_some((half, user, proved)))
    }

    fn read(context: &Context, headers: &HeaderMap) -> Option<Self> {
        let sealed = cookie(headers, &context.cookie_name(COOKIE))?;
        let plain = context.store.vault().open(PURPOSE, &BASE64_URL_SAFE_NO_PAD.decode(sealed).ok()?).ok()?;
        let half: Self = serde_json::from_slice(&plain).ok()?;
        (context.store.now().since(Timestamp::from_micros(half.at)) < VALID).then_some(half)
    }

    /// Removes the cookie.
    pub fn forget(context: &Context) -> Option<HeaderValue> {
        set_cookie(context, "", 0)
    }
}

/// A browser sends it also after a redirect that an issuer began, which is another site.
fn set_cookie(context: &Context, value: &str, seconds: u64) -> Option<HeaderValue> {
    let secure = if context.is_https() { "; Secure" } else { "" };
    let (name, path) = (context.cookie_name(COOKIE), context.sub_path.cookie_path());
    let cookie = format!("{name}={value}; Path={path}; Max-Age={seconds}; SameSite=Lax; HttpOnly{secure}");
    HeaderValue::from_str(&cookie).ok()
}
