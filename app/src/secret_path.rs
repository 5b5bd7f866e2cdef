//! Addresses with a secret: as their last part, which opens something, or in their query. It must not get into logs,
//! events or the headers of other requests.

use std::borrow::Cow;

/// What comes before the secret part.
const BEFORE: &[&str] = &["/reset/", "/invitations/"];

/// Its query can contain a code. Logs and events contain no query.
const WITH_CODE: &str = "/device";

/// Whether an address with this path can contain a secret.
pub fn has(path: &str) -> bool {
    before(path).is_some() || path == WITH_CODE
}

/// A path to be shown, without the secret.
pub fn masked(path: &str) -> Cow<'_, str> {
    match before(path) {
        Some(before) => Cow::Owned(format!("{before}…")),
        None => Cow::Borrowed(path),
    }
}

fn before(path: &str) -> Option<&'static str> {
    BEFORE.iter().find(|before| path.len() > before.len() && path.starts_with(**before)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::ROUTES;

    #[test]
    fn tokens_are_masked_and_nothing_else() {
        assert_eq!(masked("/reset/rst_a.b"), "/reset/…");
        assert_eq!(masked("/reset/rst_a.b/c"), "/reset/…");
        assert_eq!(masked("/invitations/inv_a.b"), "/invitations/…");
        for path in ["/orgs/org_a/invitations", "/reset", "/reset/", "/keys/reset/x", "/device", "/"] {
            assert_eq!(masked(path), path);
        }
    }

    #[test]
    fn every_address_with_a_token_or_a_code_is_one() {
        for route in ROUTES {
            let expected = route.path.contains("{token}") || route.path == WITH_CODE;
            assert_eq!(has(route.path), expected, "{}", route.path);
        }
    }
}
