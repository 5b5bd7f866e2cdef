//! What a line of the journal says.

use serde::{Deserialize, Serialize};

/// A role of a person: kind and id of the place, and the role.
pub type HeldRole = (String, String, String);

/// One thing that a commit changed, as it was afterwards. Times are in microseconds since 1970. Applying one twice has no
/// further effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// The journal begins here: nothing is known of what was before.
    Begin,
    /// Changes from `first` to `last` were lost with a database, and applied again to the one that was restored.
    Fork {
        first: i64,
        last: i64,
    },
    Key(KeyState),
    /// The key can do less than before.
    Narrowed {
        key: String,
    },
    RootTokenRevoked {
        id: String,
    },
    PersonalTokenRevoked {
        id: String,
    },
    ServiceTokenRevoked {
        id: String,
    },
    ServiceAccount {
        id: String,
        disabled: Option<i64>,
    },
    ServiceAccountRemoved {
        id: String,
    },
    /// Every key that there was at a place was revoked.
    KeysRevoked {
        place: String,
        id: String,
    },
    Archived {
        place: String,
        id: String,
        at: Option<i64>,
    },
    Deleted {
        place: String,
        id: String,
    },
    Suspended {
        org: String,
        at: Option<i64>,
    },
    Person {
        id: String,
        disabled: Option<i64>,
        operator: bool,
    },
    Erased {
        person: String,
    },
    PasswordChanged {
        person: String,
    },
    /// All roles of a person in an organization.
    Roles {
        person: String,
        org: String,
        roles: Vec<HeldRole>,
        /// Those of them that groups of an issuer gave: they are not given again, since the next sign-in does it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        synced: Vec<HeldRole>,
    },
    /// An identity does not sign in to the account any more: SHA-256 over the issuer, a zero and the subject, in hexadecimal.
    IdentityUnlinked {
        person: String,
        digest: String,
    },
    /// A passkey does not sign in any more.
    PasskeyRemoved {
        person: String,
        id: String,
    },
    /// The issuer with which people have to sign in to see an organization.
    SignInRequired {
        org: String,
        provider: Option<String>,
    },
    TrustRule {
        id: String,
        paused: Option<i64>,
    },
    TrustRuleDeleted {
        id: String,
    },
    Ingestion {
        app: String,
        verified: bool,
    },
    /// All keys that sign capability tokens were replaced.
    CapabilityKeysReplaced,
    /// Capability tokens of an app of an earlier epoch are refused.
    CapabilitiesRevoked {
        app: String,
        epoch: i64,
    },
    /// The terms of a trust rule were changed: those from before may give more.
    TrustRuleChanged {
        id: String,
    },
    /// A key that signed checkpoints, in Base64: somebody else may have it.
    AuditKeyRevoked {
        key: String,
    },
    /// The authenticator app that a person had is none of theirs any more.
    AuthenticatorRemoved {
        person: String,
    },
    /// Recovery codes of a person that there were are used, or were replaced.
    RecoveryCodesEnded {
        person: String,
    },
    /// An endpoint was deleted or stopped, or its address or its secret replaced.
    WebhookEnded {
        id: String,
    },
    /// The limits of an app, instead of its plan's.
    AppLimited {
        app: String,
        per_minute: Option<i64>,
        per_day: Option<i64>,
    },
}

/// A key, as a commit left it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyState {
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<i64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<SecretState>,
    /// Those that requests are signed with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signing: Vec<SecretState>,
}

/// A secret of a key, by its number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretState {
    pub n: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retires: Option<i64>,
}
