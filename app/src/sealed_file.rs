//! Encrypted files within a page: valid for an hour, for one key or app and one person.

use std::{fmt::Display, time::Duration};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sallyport::{Timestamp, id::UserId, store::Store};

/// How long a file can be decrypted.
const OPEN: Duration = Duration::from_secs(60 * 60);

const TIME: usize = 8;

fn seal_context(of: &dyn Display, user: &UserId) -> String {
    format!("credentials file:{of}:{user}")
}

/// Encrypts a file of this name and text, for a form. `of` is the id of the key or the app.
pub fn seal(store: &Store, of: &dyn Display, user: &UserId, name: &str, text: &str) -> String {
    let plain = [&store.now().micros().to_be_bytes(), name.as_bytes(), b"\n", text.as_bytes()].concat();
    BASE64_URL_SAFE_NO_PAD.encode(store.vault().seal(&seal_context(of, user), &plain, store.entropy()))
}

/// Its name and text, if it was encrypted here for this key or app, and this person, within the hour.
pub fn open(store: &Store, of: &dyn Display, user: &UserId, sealed: &str) -> Option<(String, String)> {
    let sealed = BASE64_URL_SAFE_NO_PAD.decode(sealed).ok()?;
    let plain = store.vault().open(&seal_context(of, user), &sealed).ok()?;
    let (time, file) = plain.split_at_checked(TIME)?;
    let sealed_at = Timestamp::from_micros(i64::from_be_bytes(time.try_into().ok()?));
    if store.now().since(sealed_at) > OPEN {
        return None;
    }
    let (name, text) = std::str::from_utf8(file).ok()?.split_once('\n')?;
    Some((name.to_owned(), text.to_owned()))
}
