//! `/keys/{key_id}/credentials`: the secrets of the one-time dialog as a file, for browsers without scripts.
//!
//! The dialog's form holds the file sealed, and this answers it opened, as an attachment: what the browser keeps of the
//! form, in its history or its session, is no secret, and nobody can have a file of their own making come from here.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::IntoResponse,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sallyport::{
    Timestamp,
    id::{KeyId, UserId},
};
use std::time::Duration;

use crate::{
    access::{KeyAccess, SignedIn},
    components::SecretFile,
    context::Context,
    error::{PageError, PageResult},
    ui::{Typed, Uncompressed},
};

/// How long after its dialog was shown a file can be had.
const OPEN: Duration = Duration::from_secs(60 * 60);

const TIME: usize = 8;

const REFUSED: &str =
    "This file belongs to another key or account, its dialog was open for more than an hour, or the key was revoked.";

/// The file that the one-time dialog offers. `secrets` are pairs of a field's id in the dialog and the secret in it.
pub fn file(
    context: &Context,
    me: &SignedIn,
    key: &KeyId,
    name: String,
    text: String,
    secrets: &[(&str, Option<&str>)],
) -> SecretFile {
    let store = &context.store;
    let plain = [&store.now().micros().to_be_bytes(), name.as_bytes(), b"\n", text.as_bytes()].concat();
    let sealed = store.vault().seal(&seal_context(key, &me.user.id), &plain, store.entropy());
    // The browser puts the secrets in from their fields, so that none is in the page twice.
    let template = secrets.iter().fold(text, |text, (field, secret)| match secret {
        Some(secret) => text.replace(secret, &format!("{{{field}}}")),
        None => text,
    });
    SecretFile {
        action: format!("/keys/{key}/credentials"),
        sealed: BASE64_URL_SAFE_NO_PAD.encode(sealed),
        name,
        template,
    }
}

pub async fn post(State(context): State<Context>, access: KeyAccess, Typed(form): Typed) -> PageResult {
    access.needs_change()?;
    let refused = || PageError::BadRequest(REFUSED.to_owned());
    if access.key.revoked.is_some() {
        return Err(refused());
    }
    let store = &context.store;
    let sealed = BASE64_URL_SAFE_NO_PAD.decode(form.value("sealed")).map_err(|_| refused())?;
    let user = &access.within.org().me.user.id;
    let plain = store.vault().open(&seal_context(&access.key.id, user), &sealed).map_err(|_| refused())?;
    let (time, file) = plain.split_at_checked(TIME).ok_or_else(refused)?;
    let shown_at = Timestamp::from_micros(i64::from_be_bytes(time.try_into().map_err(|_| refused())?));
    if store.now().since(shown_at) > OPEN {
        return Err(refused());
    }
    let (name, json) = std::str::from_utf8(file).ok().and_then(|file| file.split_once('\n')).ok_or_else(refused)?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let attachment = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")).map_err(|_| refused())?;
    headers.insert(header::CONTENT_DISPOSITION, attachment);
    let mut response = (headers, json.to_owned()).into_response();
    response.extensions_mut().insert(Uncompressed);
    Ok(response)
}

/// It opens for one key and one person.
fn seal_context(key: &KeyId, user: &UserId) -> String {
    format!("credentials file:{key}:{user}")
}
