//! What a verdict depends on. Small, since verifiers keep many of these in memory.

use std::sync::Arc;

use compact_str::CompactString;

use crate::{
    Timestamp,
    id::{AppId, KeyId, OrgId, ProjectId, TenantId},
    key::{LimitOverride, Metadata, Restrictions},
    plan::Plan,
    profile::{Mode, ScopeSet},
};

/// A key with one of its secrets, as verifiers cache it.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyRecord {
    pub key_id: KeyId,
    pub label: CompactString,
    /// Shared by the keys of one app.
    pub owner: Arc<KeyHolder>,
    /// Shared by all of its keys.
    pub environment: Arc<KeyEnvironment>,
    pub scopes: ScopeSet,
    pub expires_at: Option<Timestamp>,
    pub revoked: bool,
    pub paused: bool,
    /// Which of the key's secrets it is, from 1.
    pub secret_n: u32,
    /// This secret was ended; the key may have others.
    pub secret_ended: bool,
    /// Most keys have none.
    pub extras: Option<Box<Extras>>,
}

impl KeyRecord {
    pub fn app(&self) -> Option<&AppOwner> {
        self.owner.app.as_ref()
    }

    pub fn mode(&self) -> Mode {
        self.environment.mode
    }

    pub fn restrictions(&self) -> Option<&Restrictions> {
        self.extras.as_ref().map(|extras| &extras.restrictions)
    }

    /// Whether the secret is no longer valid: it was ended, or its grace period is over.
    pub fn is_rotated(&self, now: Timestamp) -> bool {
        self.secret_ended || self.secret_retires_at().is_some_and(|at| at <= now)
    }

    /// When the secret's grace period ends: it is the previous one of its key.
    pub fn secret_retires_at(&self) -> Option<Timestamp> {
        self.extras.as_ref().and_then(|extras| extras.secret_retires_at)
    }

    /// `previous` for a secret in its grace period, else `current`.
    pub fn secret_name(&self) -> &'static str {
        if self.secret_retires_at().is_some() { "previous" } else { "current" }
    }

    /// Whether uses are counted for each secret.
    pub fn counts_by_secret(&self, now: Timestamp) -> bool {
        self.extras.as_ref().and_then(|extras| extras.by_secret_until).is_some_and(|until| now < until)
    }

    pub fn metadata(&self) -> &Metadata {
        const NONE: &Metadata = &Metadata::NONE;
        self.extras.as_ref().map_or(NONE, |extras| &extras.metadata)
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

/// An environment, as it was named when the key was issued.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyEnvironment {
    pub name: Box<str>,
    pub mode: Mode,
}

/// Rarely used settings of a key, and the end of its secret during a rotation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Extras {
    pub metadata: Metadata,
    pub restrictions: Restrictions,
    pub secret_retires_at: Option<Timestamp>,
    /// Until when uses are counted for each secret: while the key is rotated, and some days longer.
    pub by_secret_until: Option<Timestamp>,
}

impl Extras {
    /// `None` if nothing is set.
    pub fn boxed(self) -> Option<Box<Self>> {
        (self != Self::default()).then(|| Box::new(self))
    }
}

/// The holder of keys: an organization or one of its apps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyHolder {
    pub org_id: OrgId,
    pub app: Option<AppOwner>,
    pub plan: Plan,
    /// The app or a level above it is archived, or the person may not use the organization.
    pub suspended: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppOwner {
    pub tenant_id: TenantId,
    pub project_id: ProjectId,
    pub app_id: AppId,
    /// Whether an operator has approved the app to push data.
    pub ingestion_verified: bool,
    pub limits: LimitOverride,
}
