//! Verifies deliveries of webhooks (docs/webhooks.md): Standard Webhooks 1.0, or the headers that a profile names.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use http::HeaderMap;
use ring::hmac;
use serde_json::{Map, Value};

use crate::{
    signing::unhex,
    time::{now, timestamp},
};

/// How far a timestamp may be from the clock, in seconds.
const TOLERANCE: u64 = 300;

/// Why a delivery is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookError {
    /// One of the headers is missing, or empty.
    MissingHeader,
    /// The timestamp is not written as it has to be, or the signed body is no JSON object.
    Malformed,
    /// It was sent too long ago, or in the future.
    OutOfTime,
    /// None of the secrets made one of the signatures.
    WrongSignature,
}

impl WebhookError {
    /// `missing_header`, `malformed`, `out_of_time` or `wrong_signature`.
    pub fn code(self) -> &'static str {
        match self {
            Self::MissingHeader => "missing_header",
            Self::Malformed => "malformed",
            Self::OutOfTime => "out_of_time",
            Self::WrongSignature => "wrong_signature",
        }
    }
}

impl fmt::Display for WebhookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "The delivery is refused: {}.", self.code())
    }
}

impl std::error::Error for WebhookError {}

/// The headers that a profile names (`[webhooks]`), instead of those of Standard Webhooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebhookForm {
    /// The header with the signature.
    pub signature: &'static str,
    /// What is written before the signature.
    pub prefix: &'static str,
    /// The header with the timestamp.
    pub timestamp: &'static str,
}

impl WebhookForm {
    /// Those of the profile Helios.
    pub const HELIOS: Self =
        Self { signature: "x-helios-signature", prefix: "sha256=", timestamp: "x-helios-timestamp" };
}

/// A delivery that the portal signed.
#[derive(Clone, Debug, PartialEq)]
pub struct WebhookEvent {
    /// The same at each attempt: keep it, and ignore what you have seen. None in the form of a profile, which does not sign it.
    pub id: Option<String>,
    /// `key.revoked`, for example.
    pub kind: Option<String>,
    /// When it was sent, in seconds since 1970.
    pub timestamp: i64,
    /// The number of the delivery at this endpoint: order by it.
    pub sequence: Option<i64>,
    /// What `data` says.
    pub data: Map<String, Value>,
}

/// The secrets of an endpoint, and how its deliveries are signed.
#[derive(Clone)]
pub struct WebhookVerifier {
    secrets: Vec<Secret>,
    form: Option<WebhookForm>,
    tolerance: u64,
}

#[derive(Clone)]
struct Secret {
    text: hmac::Key,
    bytes: hmac::Key,
}

impl fmt::Debug for WebhookVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookVerifier({} secrets, {:?})", self.secrets.len(), self.form)
    }
}

impl WebhookVerifier {
    /// `secrets` are all that may sign: two while a secret is regenerated. None if one is not `whsec_` and 24 to 64 bytes in
    /// base64, or if there is none.
    pub fn new(secrets: &[&str]) -> Option<Self> {
        let secrets: Vec<_> = secrets.iter().map(|text| Secret::parse(text)).collect::<Option<_>>()?;
        (!secrets.is_empty()).then_some(Self { secrets, form: None, tolerance: TOLERANCE })
    }

    /// For deliveries with the headers that a profile names.
    pub fn form(self, form: WebhookForm) -> Self {
        Self { form: Some(form), ..self }
    }

    /// How far a timestamp may be from the clock, in seconds; 300 without it.
    pub fn tolerance(self, seconds: u64) -> Self {
        Self { tolerance: seconds, ..self }
    }

    /// The event. `body` is what arrived, byte for byte, before anything parses it; `at` is in seconds since 1970, and the
    /// machine's clock without it.
    pub fn verify(&self, body: &[u8], headers: &HeaderMap, at: Option<i64>) -> Result<WebhookEvent, WebhookError> {
        let header = |name: &str| {
            let value = headers.get(name).map(http::HeaderValue::as_bytes).filter(|value| !value.is_empty());
            value.map(|value| String::from_utf8_lossy(value).into_owned()).ok_or(WebhookError::MissingHeader)
        };
        let (id, time, signature) = match self.form {
            None => (Some(header("webhook-id")?), "webhook-timestamp", "webhook-signature"),
            Some(form) => (None, form.timestamp, form.signature),
        };
        let (written, signatures) = (header(time)?, header(signature)?);
        let sent_at = timestamp(&written).ok_or(WebhookError::Malformed)?;
        if at.unwrap_or_else(now).abs_diff(sent_at) > self.tolerance {
            return Err(WebhookError::OutOfTime);
        }
        let head = id.as_ref().map_or_else(|| format!("{written}."), |id| format!("{id}.{written}."));
        if !self.is_signed(&[head.as_bytes(), body].concat(), &signatures) {
            return Err(WebhookError::WrongSignature);
        }
        event(id, sent_at, body)
    }

    /// Comparisons take the same time wherever they differ.
    fn is_signed(&self, signed: &[u8], signatures: &str) -> bool {
        let given: Vec<_> = match self.form {
            Some(form) => signatures.strip_prefix(form.prefix).and_then(unhex).map(Vec::from).into_iter().collect(),
            None => {
                let current = signatures.split(' ').filter_map(|one| one.strip_prefix("v1,"));
                current.filter_map(|one| BASE64_STANDARD.decode(one).ok()).collect()
            }
        };
        let signs = |secret: &Secret| {
            let key = if self.form.is_some() { &secret.text } else { &secret.bytes };
            given.iter().filter(|given| hmac::verify(key, signed, given).is_ok()).count() > 0
        };
        self.secrets.iter().filter(|secret| signs(secret)).count() > 0
    }
}

impl Secret {
    fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64_STANDARD.decode(text.strip_prefix("whsec_")?).ok()?;
        let key = |bytes: &[u8]| hmac::Key::new(hmac::HMAC_SHA256, bytes);
        (24..=64).contains(&bytes.len()).then(|| Self { text: key(text.as_bytes()), bytes: key(&bytes) })
    }
}

fn event(id: Option<String>, timestamp: i64, body: &[u8]) -> Result<WebhookEvent, WebhookError> {
    let mut parsed: Map<String, Value> = serde_json::from_slice(body).map_err(|_| WebhookError::Malformed)?;
    let data = match parsed.remove("data") {
        Some(Value::Object(data)) => data,
        _ => Map::new(),
    };
    Ok(WebhookEvent {
        id,
        kind: parsed.get("type").and_then(Value::as_str).map(str::to_owned),
        timestamp,
        sequence: data.get("sequence").and_then(Value::as_i64),
        data,
    })
}
