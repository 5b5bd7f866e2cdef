//! API keys: their holders, permissions and status.

pub mod addresses;
pub mod change;
pub mod creator;
pub mod edited;
pub mod expiry;
pub mod holder;
pub mod inventory;
pub mod listed;
pub mod metadata;
pub mod new;
pub mod record;
pub mod restrictions;
pub mod rotation;
pub mod secret;
pub mod seen;
pub mod settings;
pub mod verdict;

use std::time::Duration;

use serde::Serialize;

use crate::{
    Timestamp,
    app::App,
    id::{AppId, KeyId, NodeId, OrgId, ProjectId, TenantId, TrustRuleId, UserId},
    member::Permission,
    node::Refusal,
    profile::{HolderKind, Mode, Profile},
};

pub use crate::verdict::Verdict;
pub use addresses::Addresses;
pub use change::KeyChange;
pub use creator::Creator;
pub use edited::EditedKey;
pub use expiry::ExpiryInput;
pub use holder::Holder;
pub use inventory::InventoryKey;
pub use listed::ListedKey;
pub use metadata::Metadata;
pub use new::NewKey;
pub use record::KeyRecord;
pub use restrictions::{LimitOverride, Restrictions};
pub use rotation::{Ends, LiveSecret, LiveSecrets, NewRotation};
pub use secret::{Digest, PlainSecret, SigningSecret};
pub use seen::Seen;
pub use settings::KeySettings;
pub use verdict::Ask;

/// An API key without its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub id: KeyId,
    pub org_id: OrgId,
    /// The app it belongs to, if its holder is an app.
    pub app_id: Option<AppId>,
    pub owner: HolderKind,
    /// The person whose personal token it is.
    pub owner_id: Option<UserId>,
    /// The name of the app, person or organization.
    pub owner_name: String,
    pub label: String,
    pub environment: String,
    pub mode: Mode,
    /// The shortened secret, enough to recognize it: `sk_live_7Hq2…x9Ka`.
    pub shown: String,
    /// Whether its secret was made elsewhere.
    pub is_imported: bool,
    /// Since when it has had its newest secret.
    pub secret_since: Timestamp,
    /// Until when its previous secret is accepted, or was.
    pub previous_until: Option<Timestamp>,
    pub scopes: Vec<String>,
    pub has_signing_secret: bool,
    /// How many signing secrets it has had.
    pub signing_version: i64,
    /// Until when the previous signing secret is accepted.
    pub signing_before_until: Option<Timestamp>,
    pub restrictions: Restrictions,
    pub created_at: Timestamp,
    /// The name of the person who created it, if it was a person.
    pub created_by: Option<String>,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    pub metadata: Metadata,
    /// Whether its holder is inactive: its app or a level above it is archived, or the person left the organization
    /// or was disabled.
    pub suspended: bool,
    pub paused: Option<Pause>,
    /// When it was resumed last.
    pub resumed_at: Option<Timestamp>,
    pub revoked: Option<Revocation>,
    /// The trust rule that gave it for an ID token. Such a key is only ever revoked.
    pub trust_rule: Option<TrustRuleId>,
}

/// When a key was revoked, by whom and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    pub at: Timestamp,
    pub by: String,
    pub reason: String,
    /// The time from the commit until every node refused the key. Known if it was revoked individually by a running
    /// server.
    pub refused_after: Option<Duration>,
    /// When each node refused it; empty if that was not recorded.
    pub refused_by: Vec<(NodeId, Refusal)>,
}

/// Since when a key is paused, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    pub at: Timestamp,
    pub by: String,
    /// Because it leaked: only those who set the rules for keys resume it.
    pub for_leak: bool,
}

/// The status of a key: the last of these that applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Requests may use it.
    Active,
    /// The same, with its previous secret too.
    Rotating,
    Paused,
    /// Its holder is archived, disabled or gone.
    Suspended,
    Expired,
    Revoked,
}

impl Status {
    pub const ALL: [Self; 6] =
        [Self::Active, Self::Rotating, Self::Paused, Self::Suspended, Self::Expired, Self::Revoked];

    /// Its name in URLs and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Rotating => "rotating",
            Self::Paused => "paused",
            Self::Suspended => "suspended",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }

    /// Its title on pages.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Rotating => "Rotating",
            Self::Paused => "Paused",
            Self::Suspended => "Suspended",
            Self::Expired => "Expired",
            Self::Revoked => "Revoked",
        }
    }

    /// The first that applies of revoked, expired, suspended, paused and rotating. `store/key_status.rs` defines the same
    /// in SQL.
    pub const fn first_of(revoked: bool, expired: bool, suspended: bool, paused: bool, rotating: bool) -> Self {
        match (revoked, expired, suspended, paused, rotating) {
            (true, ..) => Self::Revoked,
            (_, true, ..) => Self::Expired,
            (_, _, true, ..) => Self::Suspended,
            (.., true, _) => Self::Paused,
            (.., true) => Self::Rotating,
            _ => Self::Active,
        }
    }

    /// Whether requests may use the key.
    pub const fn is_usable(self) -> bool {
        matches!(self, Self::Active | Self::Rotating)
    }
}

impl Key {
    /// The permission needed to change it.
    pub fn needs(&self, who: &UserId, profile: &Profile) -> Permission {
        needed(self.owner, self.owner_id.as_ref(), self.mode, &self.scopes, who, profile)
    }

    pub fn status(&self, now: Timestamp) -> Status {
        let expired = self.expires_at.is_some_and(|at| at <= now);
        let rotating = self.rotating_until(now).is_some();
        Status::first_of(self.revoked.is_some(), expired, self.suspended, self.paused.is_some(), rotating)
    }

    /// Since when it was not used: since its last use, its resumption or its creation.
    pub fn idle_since(&self) -> Timestamp {
        self.last_used_at.max(self.resumed_at).unwrap_or(self.created_at)
    }

    /// Until when its previous secret is accepted, if it still is.
    pub fn rotating_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.previous_until.filter(|at| *at > now)
    }
}

/// The permission needed to change a key. A personal token can be changed by its person and by those who manage the
/// organization; so can a key that manages it.
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

/// A generated key with its secrets: the only time that they are available.
#[derive(Debug)]
pub struct Issued {
    pub key: Key,
    /// The app it belongs to, if its holder is an app.
    pub app: Option<App>,
    pub secret: PlainSecret,
    pub signing_secret: Option<SigningSecret>,
}

impl Issued {
    /// The credentials JSON, part of the response that shows the secrets and of nothing else.
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

/// Six fields; five without a signing secret. What a key does not have, such as an app, is `null`.
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
