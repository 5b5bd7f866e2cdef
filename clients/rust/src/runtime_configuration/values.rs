//! The rules for single values.

use serde_json::Value;

use super::ConfigurationError;

const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

pub(crate) type Check = fn(&str, &str) -> Result<String, ConfigurationError>;

/// A text for a header: nothing in it can begin another line.
pub(crate) fn plain(field: &str, value: &str) -> Result<String, ConfigurationError> {
    if value.is_empty() {
        return Err(ConfigurationError::of_field(field, format!("{field} is empty.")));
    }
    if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        let message = format!("{field} has spaces or other characters that no id or key has.");
        return Err(ConfigurationError::of_field(field, message));
    }
    Ok(value.to_owned())
}

/// Without the slash at its end.
pub(crate) fn url(field: &str, value: &str, allow_plain_http: bool) -> Result<String, ConfigurationError> {
    let value = plain(field, value)?;
    let refuse = |message: &str| Err(ConfigurationError::of_field(field, format!("{field} {message}")));
    let Some((is_safe, rest)) = scheme(&value) else {
        return refuse("is no URL; write it like https://api.example.com.");
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') || rest.contains(['?', '#']) {
        return refuse("may only have a host and a path, no password and no query.");
    }
    // An IPv6 address has colons in its brackets.
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (authority, "443"),
    };
    if host.is_empty() || port.parse::<u16>().is_err() {
        return refuse("is no URL; write it like https://api.example.com.");
    }
    if !is_safe && !allow_plain_http && !LOOPBACK.contains(&host.to_ascii_lowercase().as_str()) {
        return refuse("has to begin with https://, so that nobody else reads the key.");
    }
    Ok(value.trim_end_matches('/').to_owned())
}

/// [`url`] as a [`Check`].
pub(crate) fn safe_url(field: &str, value: &str) -> Result<String, ConfigurationError> {
    url(field, value, false)
}

/// Whether it is encrypted, and what follows.
fn scheme(url: &str) -> Option<(bool, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    match scheme.to_ascii_lowercase().as_str() {
        "https" => Some((true, rest)),
        "http" => Some((false, rest)),
        _ => None,
    }
}

/// A value of the file; null counts as missing.
pub(crate) fn checked(field: &str, value: Option<&Value>, check: Check) -> Result<Option<String>, ConfigurationError> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => check(field, text).map(Some),
        Some(_) => Err(ConfigurationError::of_field(field, format!("{field} has to be a text in quotes."))),
    }
}
