//! Is this key good for that request? A pure function: what it needs is handed to it.

use serde::Serialize;

use crate::{
    Timestamp,
    id::{AppId, KeyId, OrgId, ProjectId, TenantId},
    key::Metadata,
    profile::{Mode, Profile},
};

/// What is asked of a key.
#[derive(Clone, Debug, Default)]
pub struct Ask<'a> {
    /// The organization that the asker is confined to.
    pub org_id: Option<&'a OrgId>,
    pub app_id: Option<&'a str>,
    pub scopes: Vec<&'a str>,
    pub mode: Option<Mode>,
    pub ingestion: bool,
}

/// What a verdict depends on: one key with what matters of its owners.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyRecord {
    pub key_id: KeyId,
    pub label: String,
    pub org_id: OrgId,
    pub tenant_id: TenantId,
    pub project_id: ProjectId,
    pub app_id: AppId,
    pub environment: String,
    pub mode: Mode,
    pub scopes: Vec<String>,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub paused: bool,
    /// Its app, or a place above that, is archived.
    pub suspended: bool,
    pub metadata: Metadata,
    pub last_used_at: Option<Timestamp>,
    /// The app may push data: an operator's switch.
    pub ingestion_verified: bool,
}

/// The answer, with its code and status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Valid,
    Missing,
    Malformed,
    NotFound,
    Revoked,
    Expired,
    Paused,
    Suspended,
    ModeMismatch,
    AppMismatch,
    InsufficientScope,
    IngestionNotVerified,
}

impl Verdict {
    pub const ALL: [Self; 12] = [
        Self::Valid,
        Self::Missing,
        Self::Malformed,
        Self::NotFound,
        Self::Revoked,
        Self::Expired,
        Self::Paused,
        Self::Suspended,
        Self::ModeMismatch,
        Self::AppMismatch,
        Self::InsufficientScope,
        Self::IngestionNotVerified,
    ];

    pub const fn code(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::NotFound => "not_found",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::Paused => "paused",
            Self::Suspended => "suspended",
            Self::ModeMismatch => "mode_mismatch",
            Self::AppMismatch => "app_mismatch",
            Self::InsufficientScope => "insufficient_scope",
            Self::IngestionNotVerified => "ingestion_not_verified",
        }
    }

    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.code() == code)
    }

    pub const fn status(self) -> u16 {
        match self {
            Self::Valid => 200,
            Self::Missing | Self::Malformed | Self::NotFound | Self::Revoked | Self::Expired => 401,
            Self::Paused
            | Self::Suspended
            | Self::ModeMismatch
            | Self::AppMismatch
            | Self::InsufficientScope
            | Self::IngestionNotVerified => 403,
        }
    }

    pub const fn is_valid(self) -> bool {
        matches!(self, Self::Valid)
    }
}

/// Judges a known key. From cheap to dear; the first check that fails is the answer.
pub fn verdict(ask: &Ask<'_>, key: &KeyRecord, profile: &Profile, now: Timestamp) -> Verdict {
    if ask.org_id.is_some_and(|org| *org != key.org_id) {
        return Verdict::NotFound;
    }
    if key.revoked_at.is_some() {
        return Verdict::Revoked;
    }
    if key.expires_at.is_some_and(|at| at <= now) {
        return Verdict::Expired;
    }
    if key.paused {
        return Verdict::Paused;
    }
    if key.suspended {
        return Verdict::Suspended;
    }
    if ask.mode.is_some_and(|mode| mode != key.mode) {
        return Verdict::ModeMismatch;
    }
    if ask.app_id.is_some_and(|app| app != key.app_id.as_str()) {
        return Verdict::AppMismatch;
    }
    if !ask.scopes.iter().all(|scope| profile.grants(&key.scopes, scope)) {
        return Verdict::InsufficientScope;
    }
    if ask.ingestion && !key.ingestion_verified {
        return Verdict::IngestionNotVerified;
    }
    Verdict::Valid
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::key_record;

    const NOW: Timestamp = Timestamp::from_seconds(1_000);

    fn judge(ask: &Ask<'_>, key: &KeyRecord) -> Verdict {
        verdict(ask, key, &Profile::standard(), NOW)
    }

    #[test]
    fn a_good_key_is_valid() {
        let key = key_record();
        let ask = Ask {
            org_id: Some(&key.org_id),
            app_id: Some(key.app_id.as_str()),
            scopes: vec!["read"],
            mode: Some(key.mode),
            ingestion: false,
        };
        assert_eq!(judge(&ask, &key), Verdict::Valid);
    }

    #[test]
    fn each_check_refuses() {
        let key = key_record();
        let ask = Ask::default;
        let other = OrgId::parse("org_other_000000").expect("shaped");
        let revoked = KeyRecord { revoked_at: Some(NOW), ..key.clone() };
        let expired = KeyRecord { expires_at: Some(NOW), ..key.clone() };
        assert_eq!(judge(&Ask { org_id: Some(&other), ..ask() }, &revoked), Verdict::NotFound);
        assert_eq!(judge(&ask(), &revoked), Verdict::Revoked);
        assert_eq!(judge(&ask(), &expired), Verdict::Expired);
        let (paused, suspended) =
            (KeyRecord { paused: true, ..key.clone() }, KeyRecord { suspended: true, ..key.clone() });
        assert_eq!(judge(&ask(), &paused), Verdict::Paused);
        assert_eq!(judge(&ask(), &suspended), Verdict::Suspended);
        assert_eq!(judge(&Ask { mode: Some(Mode::Test), ..ask() }, &key), Verdict::ModeMismatch);
        assert_eq!(judge(&Ask { app_id: Some("app_x_000000"), ..ask() }, &key), Verdict::AppMismatch);
        assert_eq!(judge(&Ask { scopes: vec!["read", "write"], ..ask() }, &key), Verdict::InsufficientScope);
        assert_eq!(judge(&Ask { ingestion: true, ..ask() }, &key), Verdict::IngestionNotVerified);
    }

    #[test]
    fn a_key_is_good_until_the_very_moment_it_expires() {
        let at = |micros| KeyRecord { expires_at: Some(Timestamp::from_micros(micros)), ..key_record() };
        assert_eq!(judge(&Ask::default(), &at(NOW.micros() + 1)), Verdict::Valid);
        assert_eq!(judge(&Ask::default(), &at(NOW.micros())), Verdict::Expired);
    }

    #[test]
    fn codes_come_back() {
        for verdict in Verdict::ALL {
            assert_eq!(Verdict::parse(verdict.code()), Some(verdict));
        }
    }
}
