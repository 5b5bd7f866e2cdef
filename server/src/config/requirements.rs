//! The names of the requirements of gateways.

use std::collections::HashMap;

use crate::api::requirement::Requirement;

/// They are parts of paths, and not escaped.
pub(super) fn check_names(requirements: HashMap<String, Requirement>) -> Result<HashMap<String, Requirement>, String> {
    let plain = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    match requirements.keys().find(|name| !plain(name)) {
        Some(name) => Err(format!("[requirements.{name}]: a name has only letters, digits, - and _.")),
        None => Ok(requirements),
    }
}
