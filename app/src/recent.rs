//! The organizations that were open last, in a cookie: where `/` leads, which frame a page has that is in none, and what the
//! switcher offers first. Where a page is stands in its address alone.

use axum::http::{HeaderMap, HeaderValue};

use crate::{context::Context, cookies::cookie};

const COOKIE: &str = "recent";
/// As many as are remembered.
const MOST: usize = 8;

/// Ids, the last one first. They open nothing: whose member the person is, is asked each time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recent(Vec<String>);

impl Recent {
    pub fn of(headers: &HeaderMap) -> Self {
        let ids = cookie(headers, COOKIE).unwrap_or_default();
        let plain = |id: &&str| id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') && !id.is_empty();
        Self(ids.split('.').filter(plain).take(MOST).map(str::to_owned).collect())
    }

    /// How many were open after it; those that never were come last.
    pub fn rank(&self, id: &str) -> usize {
        self.0.iter().position(|one| one == id).unwrap_or(usize::MAX)
    }

    /// What the browser is to remember once this one is open; nothing where that changes nothing.
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
