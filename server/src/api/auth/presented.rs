//! Where the client's request carries its key.

use axum::http::HeaderMap;
use sallyport::profile::Credentials;

use super::super::caller::bearer;

/// More than one key was sent: which one is meant can't be told.
#[derive(Debug, PartialEq, Eq)]
pub struct Ambiguous;

/// The key, from where the profile says. `target` is what the client asked for, with its query.
pub fn presented(
    headers: &HeaderMap,
    target: Option<&str>,
    credentials: &Credentials,
) -> Result<Option<String>, Ambiguous> {
    let mut found: Option<String> = None;
    let mut keep = |key: &str| match &found {
        _ if key.is_empty() => Ok(()),
        Some(other) if other != key => Err(Ambiguous),
        _ => {
            found = Some(key.to_owned());
            Ok(())
        }
    };
    for name in &credentials.headers {
        let mut values = headers.get_all(name.as_str()).iter();
        let Some(value) = values.next() else { continue };
        if values.next().is_some() {
            return Err(Ambiguous);
        }
        // What is no text is still something presented, and malformed.
        keep(value.to_str().unwrap_or("\u{fffd}").trim())?;
    }
    if credentials.bearer {
        keep(bearer(headers).map_err(|()| Ambiguous)?.unwrap_or_default())?;
    }
    if let Some(name) = &credentials.query {
        let query = target.and_then(|target| target.split_once('?')).map_or("", |(_, query)| query);
        let mut values = url::form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
        if let Some((_, key)) = values.next() {
            keep(&key)?;
        }
        if values.next().is_some() {
            return Err(Ambiguous);
        }
    }
    Ok(found)
}
