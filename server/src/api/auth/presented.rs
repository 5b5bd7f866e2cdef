//! Finds the key in the client's request.

use std::borrow::Cow;

use axum::http::{HeaderMap, HeaderName};
use sallyport::profile::Credentials;

use super::super::credential::{Unclear, bearer};

/// Where the profile allows keys.
#[derive(Clone, Debug, Default)]
pub struct Places {
    headers: Vec<HeaderName>,
    bearer: bool,
    query: Option<String>,
}

impl Places {
    /// Invalid header names were refused with the profile.
    pub fn of(credentials: &Credentials) -> Self {
        let names = credentials.headers.iter().filter_map(|name| HeaderName::from_bytes(name.as_bytes()).ok());
        Self { headers: names.collect(), bearer: credentials.bearer, query: credentials.query.clone() }
    }

    /// The key. `target` is the requested path with its query; `is_key` checks whether a text begins like a key.
    pub fn presented<'a>(
        &self,
        headers: &'a HeaderMap,
        target: Option<&'a str>,
        is_key: impl Fn(&str) -> bool,
    ) -> Result<Option<Cow<'a, str>>, Unclear> {
        let mut found: Option<Cow<'a, str>> = None;
        for name in &self.headers {
            let mut values = headers.get_all(name).iter();
            let Some(value) = values.next() else { continue };
            if values.next().is_some() {
                return Err(Unclear::Several);
            }
            // An unreadable header is not treated as missing.
            keep(&mut found, value.to_str().map_err(|_| Unclear::Unreadable(name.clone()))?.trim().into())?;
        }
        if let Some(name) = &self.query {
            let query = target.and_then(|target| target.split_once('?')).map_or("", |(_, query)| query);
            let mut values = url::form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
            if let Some((_, key)) = values.next() {
                keep(&mut found, key)?;
            }
            if values.next().is_some() {
                return Err(Unclear::Several);
            }
        }
        if self.bearer
            && let Some(credential) = bearer(headers)?
            // An API may require another token of its own in addition to a key: that is not a second key.
            && (found.is_none() || is_key(credential))
        {
            keep(&mut found, credential.into())?;
        }
        Ok(found)
    }
}

/// If two keys differ, it is unclear which one applies.
fn keep<'a>(found: &mut Option<Cow<'a, str>>, key: Cow<'a, str>) -> Result<(), Unclear> {
    match found {
        _ if key.is_empty() => Ok(()),
        Some(other) if *other != key => Err(Unclear::Several),
        _ => {
            *found = Some(key);
            Ok(())
        }
    }
}
