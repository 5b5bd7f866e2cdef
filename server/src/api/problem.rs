//! Problem documents (RFC 9457), for every error under `/v1`.

use std::{num::NonZeroU32, time::Duration};

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use sallyport::{
    Error, FieldError,
    error::{NOT_FORWARDED, OUTCOME_UNKNOWN},
    id::{
        AppId, ApprovalId, CapabilityId, InvitationId, OrgId, ProjectId, RequestId, ServiceAccountId, ServiceTokenId,
        TenantId, TrustRuleId, WebhookId,
    },
    limit::whole_seconds,
};
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// Always `about:blank`: the title is that of the status (RFC 9457).
    pub r#type: &'static str,
    pub title: &'static str,
    pub status: u16,
    /// Stable code of the error.
    pub code: &'static str,
    /// Description of the error, for people.
    #[schema(value_type = String)]
    pub detail: Box<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    pub request_id: Option<RequestId>,
    /// Errors of single fields of the body.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(value_type = Vec<WrongField>, required = false)]
    pub errors: Box<[WrongField]>,
    /// What an earlier request made, under the same Idempotency-Key.
    #[serde(flatten)]
    #[schema(ignore)]
    pub made: Option<Box<Made>>,
    /// In seconds, for the header.
    #[serde(skip)]
    pub retry_after: Option<NonZeroU32>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WrongField {
    /// Position in the body (RFC 6901): `/label`, or empty for the whole body.
    pub pointer: String,
    pub detail: String,
}

/// Named as elsewhere: `"key_id": "key_…"`.
#[derive(Clone, Debug, Serialize)]
pub enum Made {
    #[serde(rename = "org_id")]
    Org(String),
    #[serde(rename = "tenant_id")]
    Tenant(String),
    #[serde(rename = "project_id")]
    Project(String),
    #[serde(rename = "app_id")]
    App(String),
    #[serde(rename = "invitation_id")]
    Invitation(String),
    #[serde(rename = "approval_id")]
    Approval(String),
    #[serde(rename = "capability_id")]
    Capability(String),
    #[serde(rename = "webhook_id")]
    Webhook(String),
    #[serde(rename = "trust_rule_id")]
    TrustRule(String),
    #[serde(rename = "service_account_id")]
    ServiceAccount(String),
    #[serde(rename = "service_token_id")]
    ServiceToken(String),
    #[serde(rename = "key_id")]
    Key(String),
}

impl Made {
    fn of(id: String) -> Self {
        match id.get(..4) {
            Some(OrgId::PREFIX) => Self::Org(id),
            Some(TenantId::PREFIX) => Self::Tenant(id),
            Some(ProjectId::PREFIX) => Self::Project(id),
            Some(AppId::PREFIX) => Self::App(id),
            Some(ApprovalId::PREFIX) => Self::Approval(id),
            Some(CapabilityId::PREFIX) => Self::Capability(id),
            Some(InvitationId::PREFIX) => Self::Invitation(id),
            Some(WebhookId::PREFIX) => Self::Webhook(id),
            Some(TrustRuleId::PREFIX) => Self::TrustRule(id),
            Some(ServiceAccountId::PREFIX) => Self::ServiceAccount(id),
            Some(ServiceTokenId::PREFIX) => Self::ServiceToken(id),
            _ => Self::Key(id),
        }
    }
}

impl Problem {
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Error");
        Self {
            r#type: "about:blank",
            title,
            status: status.as_u16(),
            code,
            detail: Into::<String>::into(detail).into_boxed_str(),
            request_id: None,
            errors: Box::default(),
            made: None,
            retry_after: None,
        }
    }

    /// A readable body with invalid content.
    pub fn invalid(detail: impl Into<String>, errors: Vec<WrongField>) -> Self {
        Self { errors: errors.into_boxed_slice(), ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail) }
    }

    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// How long to wait, if that may help.
    pub fn wait(&self) -> Option<NonZeroU32> {
        self.retry_after.or((self.status() == StatusCode::SERVICE_UNAVAILABLE).then_some(NonZeroU32::MIN))
    }

    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
    }

    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", detail)
    }

    /// The response has to list the allowed ones in `Allow`.
    pub fn method_not_allowed() -> Self {
        let detail = "This endpoint does not take that method; see the header Allow.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
    }

    /// How long to wait, if waiting helps.
    pub fn too_many(detail: impl Into<String>, wait: Option<Duration>) -> Self {
        let wait = wait.map(|wait| u32::try_from(whole_seconds(wait)).unwrap_or(u32::MAX));
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", detail);
        Self { retry_after: wait.and_then(NonZeroU32::new), ..problem }
    }

    /// The store is unavailable, so the request is refused.
    pub fn unavailable() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "Keys can't be checked right now, so this request is refused. Try again in a moment.",
        )
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid(invalid) => Self::invalid(invalid.to_string(), invalid.0.iter().map(wrong).collect()),
            Error::NotFound => Self::new(StatusCode::NOT_FOUND, "not_found", "Not found."),
            Error::Forbidden(message) => Self::new(StatusCode::FORBIDDEN, "forbidden", message),
            Error::SignedOut => {
                Self::unauthorized("This credential is no longer valid: it was revoked or paused, or has expired.")
            }
            Error::AlreadyMade(id) => {
                let detail = format!("A request with this Idempotency-Key was answered before. It created {id}.");
                Self { made: Some(Box::new(Made::of(id))), ..Self::new(StatusCode::CONFLICT, "already_made", detail) }
            }
            Error::OtherRequest => {
                let detail = "Another request was sent with this Idempotency-Key. Give each request its own.";
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", detail)
            }
            Error::Conflict { code, message } => Self::new(StatusCode::CONFLICT, code, message),
            Error::NotForwarded => Self::new(StatusCode::SERVICE_UNAVAILABLE, "audit_not_forwarded", NOT_FORWARDED),
            Error::OutcomeUnknown => Self::new(StatusCode::SERVICE_UNAVAILABLE, "outcome_unknown", OUTCOME_UNKNOWN),
            Error::Busy(message) => Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message),
            error => {
                tracing::warn!(%error, "refused, because nothing could be said");
                Self::unavailable()
            }
        }
    }
}

fn wrong(error: &FieldError) -> WrongField {
    let pointer = if error.field.is_empty() { String::new() } else { format!("/{}", error.field) };
    WrongField { pointer, detail: error.message.clone() }
}

/// Rendered in `edge`, where the request's id is known.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
