//! The setting `public_url`.

/// An origin, and the path under which the portal is served: none, or plain names. It is inserted into pages
/// unchanged.
pub(super) fn check_public_url(text: &str) -> Result<String, String> {
    // It may contain a password: it is only repeated if it can't.
    let shown = if text.contains('@') { String::new() } else { format!(" {text:?}") };
    let wrong = || format!("The public URL{shown} should look like https://keys.example.com.");
    let url = url::Url::parse(text).map_err(|_| wrong())?;
    let plain = matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none();
    if !plain || !url.has_host() || !url.username().is_empty() {
        return Err(wrong());
    }
    let path = url.path().trim_end_matches('/');
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(is_plain);
    if !path.is_empty() && !path[1..].split('/').all(is_name) {
        return Err(format!("The path of the public URL{shown} should be plain: letters, digits, -, _, . and ~."));
    }
    // Backends and gateways may omit the path.
    if path == "/v1" || path.starts_with("/v1/") {
        return Err(format!("The path of the public URL{shown} can't begin with /v1, where the API is."));
    }
    Ok(format!("{}{path}", url.origin().ascii_serialization()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_urls_are_origins_with_or_without_a_path() {
        assert_eq!(check_public_url("https://Keys.example.com/").as_deref(), Ok("https://keys.example.com"));
        assert_eq!(check_public_url("https://x/a/sally-port/").as_deref(), Ok("https://x/a/sally-port"));
        assert_eq!(check_public_url("http://127.0.0.1:8000/keys").as_deref(), Ok("http://127.0.0.1:8000/keys"));
        for wrong in [
            "keys.example.com",
            "ftp://x",
            "https://a@x",
            "https://x/?y",
            "https://x/#y",
            "https://x/a//b",
            "https://x/\"<b>",
            "https://x/%2e%2e/y%20z",
            "https://x/v1",
            "https://x/v1/keys",
        ] {
            assert!(check_public_url(wrong).is_err(), "{wrong}");
        }
    }
}
