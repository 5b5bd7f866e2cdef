//! `/theme`: light, dark, or the system's. Stored in a cookie, so that the first paint is right.

use axum::{
    extract::State,
    http::{HeaderValue, header},
};

use crate::{
    context::Context,
    error::PageResult,
    portal::Theme,
    ui::{Typed, see_other},
};

pub async fn post(State(context): State<Context>, Typed(form): Typed) -> PageResult {
    let theme = Theme::parse(&form.value("theme")).unwrap_or_default();
    let mut response = see_other(local(&form.value("back")));
    let secure = if context.is_https() { "; Secure" } else { "" };
    let (name, path) = (theme.name(), context.sub_path.of_cookies());
    let cookie = format!("theme={name}; Path={path}; Max-Age=31536000; SameSite=Lax; HttpOnly{secure}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// A path within the portal: a redirect must not leave the site (OWASP: Unvalidated Redirects).
pub fn local(path: &str) -> &str {
    let plain = path.bytes().all(|byte| (0x21..0x7f).contains(&byte) && byte != b'\\');
    if plain && path.starts_with('/') && !path.starts_with("//") { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::local;

    #[test]
    fn only_paths_of_our_own() {
        assert_eq!(local("/apps/app_x_1/keys?include_revoked=1"), "/apps/app_x_1/keys?include_revoked=1");
        for elsewhere in
            ["", "https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example", "evil", "/\r\nx: y"]
        {
            assert_eq!(local(elsewhere), "/", "{elsewhere:?}");
        }
    }
}
