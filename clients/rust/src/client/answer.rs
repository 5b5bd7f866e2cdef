//! What the portal answers. Only what has all that makes it valid is valid.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::VerificationError;

/// What the portal says about a key. It has to be looked at: a refusal is no error.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
#[allow(clippy::large_enum_variant, reason = "mostly the larger one, and one for each request")]
pub enum Verification {
    /// The key is valid for the request.
    Valid(Valid),
    /// It is not: answer your client with `status` and `error`.
    Refused(Refused),
}

/// The limit that the key will reach first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct RateLimit {
    /// Requests of a whole period.
    pub limit: u64,
    /// Requests that are left.
    pub remaining: u64,
    /// When the whole limit is available again, in seconds since 1970.
    pub reset: u64,
}

/// What is known of a valid key. Times are RFC 3339.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Valid {
    /// The key.
    pub key_id: String,
    /// What its owners call it.
    pub label: String,
    /// Its organization.
    pub org_id: String,
    /// Its tenant, if it belongs to an app.
    pub tenant_id: Option<String>,
    /// Its project, if it belongs to an app.
    pub project_id: Option<String>,
    /// Its app, unless it belongs to a person or an organization.
    pub app_id: Option<String>,
    /// `production`, for example.
    pub environment: String,
    /// `live` or `test`.
    pub mode: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// When it ends, if ever.
    pub expires_at: Option<String>,
    /// `current`, or `previous` while the key is rotated.
    pub secret: String,
    /// Until when the previous secret is accepted.
    pub secret_expires_at: Option<String>,
    /// What its owners set on it.
    pub metadata: Map<String, Value>,
    /// The limit that it will reach first.
    pub rate_limit: Option<RateLimit>,
    /// Of the portal's answer.
    pub request_id: String,
}

/// Why a key is not valid for a request.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Refused {
    /// `revoked`, for example; later versions of the portal may have more.
    pub code: String,
    /// The status for your client, 4xx.
    pub status: u16,
    /// The body for your client, in the shape of the portal's profile.
    #[serde(default)]
    pub error: Value,
    /// The limit that the key will reach first.
    pub rate_limit: Option<RateLimit>,
    /// After how many seconds the same request can pass.
    pub retry_after: Option<u64>,
    /// Of the portal's answer.
    pub request_id: String,
}

impl Verification {
    /// Whether the key is valid for the request.
    pub fn is_valid(&self) -> bool {
        matches!(self, Self::Valid(_))
    }

    /// The result in an answer with status 200.
    pub(super) fn parse(body: &[u8]) -> Result<Self, VerificationError> {
        // Of a field that is there twice, the last one counts here and below.
        let answer: Map<String, Value> = serde_json::from_slice(body).map_err(|_| wrong("it is no JSON object"))?;
        let says = |name: &str| answer.get(name).cloned().unwrap_or_default();
        let (is_valid, code, status) = (says("valid"), says("code"), says("status"));
        match is_valid {
            Value::Bool(true) if code == "valid" && status == 200 => {
                let valid: Valid = fields(answer)?;
                let ids = [Some(&valid.key_id), Some(&valid.org_id), Some(&valid.environment), Some(&valid.request_id)];
                let optional = [&valid.tenant_id, &valid.project_id, &valid.app_id].map(Option::as_ref);
                let are_there = ids.iter().chain(&optional).flatten().all(|id| !id.is_empty());
                let are_known =
                    matches!(&*valid.mode, "live" | "test") && matches!(&*valid.secret, "current" | "previous");
                if are_there && are_known { Ok(Self::Valid(valid)) } else { Err(wrong("one of its fields is wrong")) }
            }
            Value::Bool(false) if code != "valid" && code != "" => {
                let refused: Refused = fields(answer)?;
                let is_refused = (400..500).contains(&refused.status) && !refused.request_id.is_empty();
                if is_refused { Ok(Self::Refused(refused)) } else { Err(wrong("one of its fields is wrong")) }
            }
            _ => Err(wrong("its fields valid, code and status do not go together")),
        }
    }
}

fn fields<T: for<'a> Deserialize<'a>>(answer: Map<String, Value>) -> Result<T, VerificationError> {
    // The text of the error may repeat a value.
    serde_json::from_value(Value::Object(answer)).map_err(|_| wrong("one of its fields is missing, or of another type"))
}

fn wrong(detail: &str) -> VerificationError {
    VerificationError { status: Some(200), ..VerificationError::unexpected(detail) }
}
