//! Where the client's request carries its key.

use std::borrow::Cow;

use axum::http::{HeaderMap, HeaderName};
use sallyport::profile::Credentials;

use super::super::caller::bearer;

/// More than one key was sent: which one is meant can't be told.
#[derive(Debug, PartialEq, Eq)]
pub struct Ambiguous;

/// Where the profile says that keys are.
#[derive(Clone, Debug, Default)]
pub struct Places {
    headers: Vec<HeaderName>,
    bearer: bool,
    query: Option<String>,
}

impl Places {
    /// What is no name of a header was refused with the profile.
    pub fn of(credentials: &Credentials) -> Self {
        let names = credentials.headers.iter().filter_map(|name| HeaderName::from_bytes(name.as_bytes()).ok());
        Self { headers: names.collect(), bearer: credentials.bearer, query: credentials.query.clone() }
    }

    /// The key. `target` is what the client asked for, with its query.
    pub fn presented<'a>(
        &self,
        headers: &'a HeaderMap,
        target: Option<&'a str>,
    ) -> Result<Option<Cow<'a, str>>, Ambiguous> {
        let mut found: Option<Cow<'a, str>> = None;
        let mut keep = |key: Cow<'a, str>| match &found {
            _ if key.is_empty() => Ok(()),
            Some(other) if *other != key => Err(Ambiguous),
            _ => {
                found = Some(key);
                Ok(())
            }
        };
        for name in &self.headers {
            let mut values = headers.get_all(name).iter();
            let Some(value) = values.next() else { continue };
            if values.next().is_some() {
                return Err(Ambiguous);
            }
            // What is no text is still something presented, and malformed.
            keep(value.to_str().unwrap_or("\u{fffd}").trim().into())?;
        }
        if self.bearer {
            keep(bearer(headers).map_err(|()| Ambiguous)?.unwrap_or_default().into())?;
        }
        if let Some(name) = &self.query {
            let query = target.and_then(|target| target.split_once('?')).map_or("", |(_, query)| query);
            let mut values = url::form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
            if let Some((_, key)) = values.next() {
                keep(key)?;
            }
            if values.next().is_some() {
                return Err(Ambiguous);
            }
        }
        Ok(found)
    }
}
