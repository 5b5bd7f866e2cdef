//! Headers that every answer carries.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};

use crate::state::AppState;

/// No script but ours and no inline one, no frame, no request that leaves the origin. `data:` carries the credentials
/// JSON, which is a download and not a page.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'";

/// Browsers take a `__Host-` cookie with Secure alone; tower-sessions leaves it out where it takes one back.
fn secure_cookies(headers: &mut HeaderMap) {
    for (name, value) in headers.iter_mut() {
        let Ok(text) = value.to_str() else { continue };
        if name == header::SET_COOKIE && text.starts_with("__Host-") && !text.contains("; Secure") {
            let text = format!("{text}; Secure; HttpOnly; SameSite=Lax");
            if let Ok(secured) = HeaderValue::from_str(&text) {
                *value = secured;
            }
        }
    }
}

pub async fn secure(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| headers.insert(name, HeaderValue::from_static(value));
    set(header::CONTENT_SECURITY_POLICY, POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    // With no-referrer a form on the same site would post `Origin: null`, and the origin check would refuse it.
    set(header::REFERRER_POLICY, "same-origin");
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
    if state.is_https() {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
        secure_cookies(headers);
    }
    response
}
