//! What a verdict depends on. Small, since verifiers hold many of these in memory.

use std::sync::Arc;

use compact_str::CompactString;

use crate::{
    Timestamp,
    id::{AppId, KeyId, OrgId, ProjectId, TenantId},
    key::{LimitOverride, Metadata, Restrictions},
    plan::Plan,
    profile::{Mode, ScopeSet},
};

/// One key, as a verifier holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyRecord {
    pub key_id: KeyId,
    pub label: CompactString,
    /// Shared by the keys of one app.
    pub owner: Arc<KeyOwner>,
    /// Shared by all keys of it.
    pub environment: Arc<str>,
    pub mode: Mode,
    pub scopes: ScopeSet,
    /// With all that those imply.
    pub granted: ScopeSet,
    pub expires_at: Option<Timestamp>,
    pub revoked: bool,
    pub paused: bool,
    pub metadata: Metadata,
    /// Most keys have none.
    pub restrictions: Option<Box<Restrictions>>,
}

impl KeyRecord {
    pub fn app(&self) -> Option<&AppOwner> {
        self.owner.app.as_ref()
    }

    pub fn app_id(&self) -> Option<&AppId> {
        self.app().map(|app| &app.app_id)
    }
}

impl AsRef<Self> for KeyRecord {
    fn as_ref(&self) -> &Self {
        self
    }
}

/// Whom keys speak for: an organization, and where they are an app's, that app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyOwner {
    pub org_id: OrgId,
    pub app: Option<AppOwner>,
    pub plan: Plan,
    /// The app or a place above it is archived, or the person whose token it is may not use the organization.
    pub suspended: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppOwner {
    pub tenant_id: TenantId,
    pub project_id: ProjectId,
    pub app_id: AppId,
    /// The app may push data: an operator's switch.
    pub ingestion_verified: bool,
    pub limits: LimitOverride,
}
