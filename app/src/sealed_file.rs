//! Encrypted files within a page: valid for an hour, for one key and one person.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sallyport::{
    Timestamp,
    id::{KeyId, UserId},
    store::Store,
};

/// How long a file can be decrypted.
const OPEN: Duration = Duration::from_secs(60 * 60);

const TIME: usize = 8;

fn seal_context(key: &KeyId, user: &UserId) -> String {
    format!("credentials file:{key}:{user}")
}

/// Encrypts a file of this name and text, for a form.
pub fn seal(store: &Store, key: &KeyId, user: &UserId, name: &str, text: &str) -> String {
    let plain = [&store.now().micros().to_be_bytes(), name.as_bytes(), b"\n", text.as_bytes()].concat();
    BASE64_URL_SAFE_NO_PAD.encode(store.vault().seal(&seal_context(key, user), &plain, store.entropy()))
}

/// Its name and text, if it was encrypted here for this key and person, within the hour.
pub fn open(store: &Store, key: &KeyId, user: &UserId, sealed: &str) -> Option<(String, String)> {
    let sealed = BASE64_URL_SAFE_NO_PAD.decode(sealed).ok()?;
    let plain = store.vault().open(&seal_context(key, user), &sealed).ok()?;
    let (time, file) = plain.split_at_checked(TIME)?;
    let sealed_at = Timestamp::from_micros(i64::from_be_bytes(time.try_into().ok()?));
    if store.now().since(sealed_at) > OPEN {
        return None;
    }
    let (name, text) = std::str::from_utf8(file).ok()?.split_once('\n')?;
    Some((name.to_owned(), text.to_owned()))
}
