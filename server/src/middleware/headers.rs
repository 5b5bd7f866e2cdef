//! Headers of every response.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use sallyport_app::context::Nonce;

use crate::state::AppState;

static OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
static RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
static PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// For responses that are not pages: if a browser displays one, it can't do anything.
const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'";

/// Features that no page uses are denied, also to injected scripts. Passkeys are used by pages of our own.
const PERMISSIONS: &str = "accelerometer=(), autoplay=(), camera=(), clipboard-read=(), display-capture=(), \
    encrypted-media=(), fullscreen=(), geolocation=(), gyroscope=(), hid=(), identity-credentials-get=(), \
    idle-detection=(), local-fonts=(), magnetometer=(), microphone=(), midi=(), otp-credentials=(), payment=(), \
    picture-in-picture=(), publickey-credentials-create=(self), publickey-credentials-get=(self), screen-wake-lock=(), \
    serial=(), storage-access=(), usb=(), window-management=(), xr-spatial-tracking=()";

/// The policy of a page: only scripts with the nonce of this response run. `boot.js` passes it to the modules that it
/// imports (HTML: "descendant script fetch options"), so `strict-dynamic`, which would let it insert any script, is
/// not needed. Styles are own files; there are no inline styles, no frames, and nothing from other origins.
fn policy(nonce: &Nonce) -> String {
    let nonce = nonce.as_str();
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; \
         connect-src 'self'; object-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// Creates the nonce for rendering, and adds it to the policy of the response.
pub async fn nonce(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let nonce = Nonce::mint(state.context.store.entropy());
    request.extensions_mut().insert(nonce.clone());
    let mut response = next.run(request).await;
    if is_html(response.headers())
        && let Ok(policy) = HeaderValue::from_str(&policy(&nonce))
    {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn is_html(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

/// Browsers accept a `__Host-` or `__Secure-` cookie only with Secure, which tower-sessions omits when it removes
/// one.
fn secure_cookies(headers: &mut HeaderMap) {
    for (name, value) in headers.iter_mut() {
        let Ok(text) = value.to_str() else { continue };
        let is_bound = name == header::SET_COOKIE && (text.starts_with("__Host-") || text.starts_with("__Secure-"));
        if is_bound && !text.contains("; Secure") {
            let text = format!("{text}; Secure; HttpOnly; SameSite=Lax");
            if let Ok(secured) = HeaderValue::from_str(&text) {
                *value = secured;
            }
        }
    }
}

/// For every response, including panics and unknown addresses. `has_secret_path` if the address contains a secret.
pub fn secure(state: &AppState, headers: &mut HeaderMap, has_secret_path: bool) {
    headers.reserve(8);
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(NOTHING));
    let mut set = |name: HeaderName, value: &'static str| headers.insert(name, HeaderValue::from_static(value));
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    // With no-referrer a form on the same site would send `Origin: null`, which the origin check refuses.
    set(header::REFERRER_POLICY, if has_secret_path { "strict-origin" } else { "same-origin" });
    set(OPENER_POLICY.clone(), "same-origin");
    set(RESOURCE_POLICY.clone(), "same-origin");
    set(PERMISSIONS_POLICY.clone(), PERMISSIONS);
    if state.is_https() {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
        secure_cookies(headers);
    }
}
