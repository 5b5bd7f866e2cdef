//! `/keys/{key_id}/credentials`: the secrets of the one-time dialog as a file, for browsers without scripts.
//!
//! The dialog's form contains the encrypted file, and the response the decrypted one as an attachment: what the
//! browser stores of the form is not secret, and only files made by this server can be downloaded from here.

use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::IntoResponse,
};
use sallyport::id::KeyId;

use crate::{
    access::{Addressed, KeyAccess, SignedIn},
    acts::{Caller, InPage, secrets::open_credentials},
    components::SecretFile,
    context::Context,
    error::{PageError, PageResult},
    sealed_file::seal,
    ui::{Typed, Uncompressed},
};

/// The file offered by the one-time dialog. `secrets` are pairs of a field's id in the dialog and its secret.
pub fn file(
    context: &Context,
    me: &SignedIn,
    key: &KeyId,
    name: String,
    text: String,
    secrets: &[(&str, Option<&str>)],
) -> SecretFile {
    let sealed = seal(&context.store, key, &me.user.id, &name, &text);
    // The browser inserts the secrets from their fields, so that none is in the page twice.
    let template = secrets.iter().fold(text, |text, (field, secret)| match secret {
        Some(secret) => text.replace(secret, &format!("{{{field}}}")),
        None => text,
    });
    SecretFile { action: format!("/keys/{key}/credentials"), sealed, name, template }
}

pub async fn post(caller: Caller, Addressed(key): Addressed<KeyAccess>, Typed(form): Typed) -> PageResult {
    let InPage((name, text)) = caller.run(open_credentials(key, form.value("sealed"))).await?;
    sent(&name, text)
}

/// A file with secrets, as an attachment.
pub fn sent(name: &str, text: String) -> PageResult {
    let attachment =
        HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")).map_err(|_| PageError::Broken)?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::CONTENT_DISPOSITION, attachment);
    let mut response = (headers, text).into_response();
    response.extensions_mut().insert(Uncompressed);
    Ok(response)
}
