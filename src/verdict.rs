//! The possible verdicts, with their codes and statuses.

use serde::Serialize;

/// A verdict, with its code and status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Valid,
    HttpsRequired,
    Missing,
    Malformed,
    NotFound,
    Revoked,
    Rotated,
    Expired,
    Paused,
    Suspended,
    WorkspaceMismatch,
    IpDenied,
    ModeMismatch,
    AppMismatch,
    InsufficientScope,
    IngestionNotVerified,
    SignatureRequired,
    BadSignature,
    Replayed,
    RateLimited,
}

impl Verdict {
    pub const ALL: [Self; 20] = [
        Self::Valid,
        Self::HttpsRequired,
        Self::Missing,
        Self::Malformed,
        Self::NotFound,
        Self::Revoked,
        Self::Rotated,
        Self::Expired,
        Self::Paused,
        Self::Suspended,
        Self::WorkspaceMismatch,
        Self::IpDenied,
        Self::ModeMismatch,
        Self::AppMismatch,
        Self::InsufficientScope,
        Self::IngestionNotVerified,
        Self::SignatureRequired,
        Self::BadSignature,
        Self::Replayed,
        Self::RateLimited,
    ];

    pub const fn code(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::HttpsRequired => "https_required",
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::NotFound => "not_found",
            Self::Revoked => "revoked",
            Self::Rotated => "rotated",
            Self::Expired => "expired",
            Self::Paused => "paused",
            Self::Suspended => "suspended",
            Self::WorkspaceMismatch => "workspace_mismatch",
            Self::IpDenied => "ip_denied",
            Self::ModeMismatch => "mode_mismatch",
            Self::AppMismatch => "app_mismatch",
            Self::InsufficientScope => "insufficient_scope",
            Self::IngestionNotVerified => "ingestion_not_verified",
            Self::SignatureRequired => "signature_required",
            Self::BadSignature => "bad_signature",
            Self::Replayed => "replayed",
            Self::RateLimited => "rate_limited",
        }
    }

    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.code() == code)
    }

    pub const fn status(self) -> u16 {
        match self {
            Self::Valid => 200,
            Self::Missing
            | Self::Malformed
            | Self::NotFound
            | Self::Revoked
            | Self::Rotated
            | Self::Expired
            | Self::SignatureRequired
            | Self::BadSignature
            | Self::Replayed => 401,
            Self::HttpsRequired
            | Self::Paused
            | Self::Suspended
            | Self::WorkspaceMismatch
            | Self::IpDenied
            | Self::ModeMismatch
            | Self::AppMismatch
            | Self::InsufficientScope
            | Self::IngestionNotVerified => 403,
            Self::RateLimited => 429,
        }
    }

    pub const fn is_valid(self) -> bool {
        matches!(self, Self::Valid)
    }
}
