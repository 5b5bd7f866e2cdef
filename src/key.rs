//! API keys: who they speak for, what they allow, and what has become of them.

pub mod addresses;
pub mod change;
pub mod edited;
pub mod expiry;
pub mod holder;
pub mod inventory;
pub mod listed;
pub mod metadata;
pub mod new;
pub mod record;
pub mod restrictions;
pub mod secret;
pub mod seen;
pub mod settings;
pub mod verdict;

use std::time::Duration;

use serde::Serialize;

use crate::{
    Timestamp,
    app::App,
    id::{AppId, KeyId, OrgId, ProjectId, TenantId, UserId},
    member::Permission,
    profile::{HolderKind, Mode, Profile},
};

pub use crate::verdict::Verdict;
pub use addresses::Addresses;
pub use change::KeyChange;
pub use edited::EditedKey;
pub use expiry::ExpiryInput;
pub use holder::Holder;
pub use inventory::InventoryKey;
pub use listed::ListedKey;
pub use metadata::Metadata;
pub use new::NewKey;
pub use record::KeyRecord;
pub use restrictions::{LimitOverride, Restrictions};
pub use secret::{Digest, PlainSecret, SigningSecret};
pub use seen::Seen;
pub use settings::KeySettings;
pub use verdict::Ask;

/// An API key as its owner sees it: everything but the secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub id: KeyId,
    pub org_id: OrgId,
    /// The app it speaks for, where it is an app's.
    pub app_id: Option<AppId>,
    pub owner: HolderKind,
    /// The person whose token it is.
    pub owner_id: Option<UserId>,
    /// What the app, the person or the organization is called.
    pub owner_name: String,
    pub label: String,
    pub environment: String,
    pub mode: Mode,
    /// Enough of it to tell it from others: `sk_live_7Hq2…x9Ka`.
    pub shown: String,
    pub scopes: Vec<String>,
    pub has_signing_secret: bool,
    /// Counts the signing secrets it had.
    pub signing_version: i64,
    /// Until when the signing secret before the last rotation signs too.
    pub signing_before_until: Option<Timestamp>,
    pub restrictions: Restrictions,
    pub created_at: Timestamp,
    /// The person, where it was one.
    pub created_by: Option<String>,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    pub metadata: Metadata,
    /// What it speaks for is out of use: its app or a place above that is archived, or its person left the organization
    /// or was disabled.
    pub suspended: bool,
    pub paused: Option<Pause>,
    pub revoked: Option<Revocation>,
}

/// When a key was revoked, by whom and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    pub at: Timestamp,
    pub by: String,
    pub reason: String,
    /// From the commit until the verifier was asked, and refused it: known where it was revoked by itself while served.
    pub refused_after: Option<Duration>,
}

/// Since when a key is paused, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    pub at: Timestamp,
    pub by: String,
}

/// What has become of a key: the last of these that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Requests may use it.
    Active,
    Paused,
    /// What it speaks for is out of use, until that is restored.
    Suspended,
    Expired,
    Revoked,
}

impl Status {
    pub const ALL: [Self; 5] = [Self::Active, Self::Paused, Self::Suspended, Self::Expired, Self::Revoked];

    /// As URLs and JSON name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Suspended => "suspended",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }

    /// As a person reads it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Paused => "Paused",
            Self::Suspended => "Suspended",
            Self::Expired => "Expired",
            Self::Revoked => "Revoked",
        }
    }

    /// The first that holds of revoked, expired, suspended and paused. `store/key_status.rs` says the same in SQL.
    pub const fn first_of(revoked: bool, expired: bool, suspended: bool, paused: bool) -> Self {
        match (revoked, expired, suspended, paused) {
            (true, ..) => Self::Revoked,
            (_, true, ..) => Self::Expired,
            (_, _, true, _) => Self::Suspended,
            (.., true) => Self::Paused,
            _ => Self::Active,
        }
    }
}

impl Key {
    /// What somebody has to be allowed to change it.
    pub fn needs(&self, who: &UserId, profile: &Profile) -> Permission {
        needed(self.owner, self.owner_id.as_ref(), self.mode, &self.scopes, who, profile)
    }

    pub fn status(&self, now: Timestamp) -> Status {
        let expired = self.expires_at.is_some_and(|at| at <= now);
        Status::first_of(self.revoked.is_some(), expired, self.suspended, self.paused.is_some())
    }
}

/// What somebody has to be allowed to change a key. A person's own token is theirs, and of those who look after the
/// organization; so is a key that manages it.
fn needed(
    owner: HolderKind,
    owner_id: Option<&UserId>,
    mode: Mode,
    scopes: &[String],
    who: &UserId,
    profile: &Profile,
) -> Permission {
    match owner_id {
        Some(owner) if owner != who => Permission::ManageOrg,
        _ if profile.manages(owner, mode, scopes.iter().map(String::as_str)) => Permission::ManageOrg,
        _ => Permission::ManageKeys,
    }
}

/// A key that was just generated, with its secrets: the one time they exist outside the caller's hands.
#[derive(Debug)]
pub struct Issued {
    pub key: Key,
    /// The app it speaks for, where it is an app's.
    pub app: Option<App>,
    pub secret: PlainSecret,
    pub signing_secret: Option<SigningSecret>,
}

impl Issued {
    /// The credentials JSON, in the response that shows the secrets and nowhere else.
    pub fn credentials(&self) -> Credentials<'_> {
        let app = self.app.as_ref();
        Credentials {
            org_id: &self.key.org_id,
            tenant_id: app.map(|app| &app.tenant_id),
            project_id: app.map(|app| &app.project_id),
            app_id: app.map(|app| &app.id),
            secret_key: self.secret.expose(),
            signing_secret: self.signing_secret.as_ref().map(SigningSecret::expose),
        }
    }
}

/// Six fields, five where no signing secret was asked for. What a key has not, for instance an app, is `null`.
#[derive(Serialize)]
pub struct Credentials<'a> {
    org_id: &'a OrgId,
    tenant_id: Option<&'a TenantId>,
    project_id: Option<&'a ProjectId>,
    app_id: Option<&'a AppId>,
    secret_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    signing_secret: Option<&'a str>,
}
