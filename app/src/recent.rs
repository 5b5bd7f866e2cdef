//! The recently visited organizations, in a cookie: the target of `/`, the frame of pages outside of any
//! organization, and the first entries of the switcher. The organization of any other page is in its address only.

use axum::http::{HeaderMap, HeaderValue};

use crate::{context::Context, cookies::cookie};

const COOKIE: &str = "recent";
/// The maximum number.
const MOST: usize = 8;

/// Ids, most recent first. They grant nothing: membership is checked each time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recent(Vec<String>);

impl Recent {
    pub fn of(headers: &HeaderMap) -> Self {
        let ids = cookie(headers, COOKIE).unwrap_or_default();
        let plain = |id: &&str| id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') && !id.is_empty();
        Self(ids.split('.').filter(plain).take(MOST).map(str::to_owned).collect())
    }

    /// How many were visited after it; others come last.
    pub fn rank(&self, id: &str) -> usize {
        self.0.iter().position(|one| one == id).unwrap_or(usize::MAX)
    }

    /// The new cookie after visiting this one; `None` if it does not change.
    pub fn opened(&self, id: &str, context: &Context) -> Option<HeaderValue> {
        if self.0.first().is_some_and(|first| first == id) {
            return None;
        }
        let others = self.0.iter().map(String::as_str).filter(|one| *one != id);
        let ids: Vec<_> = std::iter::once(id).chain(others).take(MOST).collect();
        let secure = if context.is_https() { "; Secure" } else { "" };
        let (ids, path) = (ids.join("."), context.sub_path.of_cookies());
        let cookie = format!("{COOKIE}={ids}; Path={path}; Max-Age=31536000; SameSite=Lax; HttpOnly{secure}");
        HeaderValue::from_str(&cookie).ok()
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header;

    use super::*;

    fn of(cookie: &str) -> Recent {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, cookie.parse().expect("a header"));
        Recent::of(&headers)
    }

    #[test]
    fn the_last_one_comes_first() {
        let recent = of("theme=dark; recent=org_b.org_a");
        assert_eq!((recent.rank("org_b"), recent.rank("org_a"), recent.rank("org_c")), (0, 1, usize::MAX));
        assert_eq!(of("recent=../x.<b>..org_a"), Recent(vec!["org_a".to_owned()]));
        assert_eq!(of("theme=dark"), Recent::default());
        assert_eq!(of(&format!("recent={}", ["org_a"; 50].join("."))).0.len(), MOST);
    }
}
