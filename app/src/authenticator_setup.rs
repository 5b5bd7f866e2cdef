//! The secret of an authenticator app that is being set up: sealed in the form, until a code of it was typed.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sallyport::{Timestamp, id::UserId, second_factor::TotpSecret, store::Store};

/// How long the form can be open.
const OPEN: Duration = Duration::from_secs(60 * 60);
const TIME: usize = 8;

fn seal_context(user: &UserId) -> String {
    format!("authenticator to set up:{user}")
}

/// Seals the secret for the form of this person.
pub fn seal(store: &Store, user: &UserId, secret: &TotpSecret) -> String {
    let plain = [&store.now().micros().to_be_bytes(), secret.bytes()].concat();
    BASE64_URL_SAFE_NO_PAD.encode(store.vault().seal(&seal_context(user), &plain, store.entropy()))
}

/// The secret, if it was sealed here for this person within the hour.
pub fn open(store: &Store, user: &UserId, sealed: &str) -> Option<TotpSecret> {
    let sealed = BASE64_URL_SAFE_NO_PAD.decode(sealed).ok()?;
    let plain = store.vault().open(&seal_context(user), &sealed).ok()?;
    let (time, secret) = plain.split_at_checked(TIME)?;
    let sealed_at = Timestamp::from_micros(i64::from_be_bytes(time.try_into().ok()?));
    if store.now().since(sealed_at) > OPEN { None } else { TotpSecret::of(secret) }
}
