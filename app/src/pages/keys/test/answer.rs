//! The response to the client, as text.

use std::fmt::Write;

use sallyport::{
    id::RequestId,
    key::Ask,
    profile::Profile,
    verifier::{Judged, rate::RateValue, refusal::Refusal},
};

/// A refusal as it is sent, except for the line ends of its JSON.
pub fn text(profile: &Profile, judged: &Judged, ask: &Ask<'_>, request_id: &RequestId) -> Option<String> {
    if judged.verdict.is_valid() {
        return None;
    }
    let Refusal { status, content_type, challenge, body } = Refusal::judged(profile, judged, ask, request_id);
    let status = axum::http::StatusCode::from_u16(status).ok()?;
    let mut text = format!("HTTP/1.1 {status}\ncontent-type: {content_type}\ncache-control: no-store\n");
    if let Some(challenge) = challenge {
        let _ = writeln!(text, "www-authenticate: {challenge}");
    }
    for (header, value) in judged.rate_headers() {
        let Some(name) = header.name(&profile.limits).map(str::to_ascii_lowercase) else { continue };
        let _ = match value {
            RateValue::Text(value) => writeln!(text, "{name}: {value}"),
            RateValue::Number(value) => writeln!(text, "{name}: {value}"),
        };
    }
    let json: Result<serde_json::Value, _> = serde_json::from_str(&body);
    let pretty = json.and_then(|json| serde_json::to_string_pretty(&json));
    Some(text + "\n" + pretty.as_deref().unwrap_or(&body))
}
