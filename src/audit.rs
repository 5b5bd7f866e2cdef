//! The audit log: events in hash chains, one chain for each organization and one called `system`.

mod actor;
mod chains;
pub mod check;
pub mod check_export;
pub mod checkpoint;
mod event;
pub mod export;
pub mod export_line;
mod personal;
pub mod proof;
pub mod pruned;
pub mod public_keys;
pub mod tree;
mod waiting;

use serde_json::{Value, json};

pub use self::{
    actor::{ACTOR_KINDS, Actor, Credential},
    event::Event,
    personal::{ERASED, PersonalField, Salt, Salts, hex},
};
use crate::id::{AppId, OrgId, RequestId};

/// The chain of events that belong to no organization.
pub const SYSTEM: &str = "system";

/// Who acts, and from where: each write transaction requires one.
#[derive(Clone, Debug)]
pub struct Act {
    pub actor: Actor,
    pub address: Option<String>,
    pub user_agent: Option<String>,
    pub request_id: Option<RequestId>,
    /// For a request that may be repeated: what it creates is created once.
    pub once: Option<Once>,
}

/// A request with an Idempotency-Key, by the digests of the key and of the request's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Once {
    pub key: [u8; 32],
    pub request: [u8; 32],
}

impl Act {
    /// An act outside of any request.
    pub fn by(actor: Actor) -> Self {
        Self { actor, address: None, user_agent: None, request_id: None, once: None }
    }
}

macro_rules! actions {
    ($($variant:ident $name:literal $title:literal),* $(,)?) => {
        /// What was done.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Action { $($variant),* }

        impl Action {
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its name in exports and filters.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// Its title in the activity view.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),* }
            }

            pub fn parse(text: &str) -> Option<Self> {
                match text { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

actions! {
    AccountCreated "account.created" "Account created",
    AccountRenamed "account.renamed" "Account renamed",
    AccountDisabled "account.disabled" "Account disabled",
    AccountEnabled "account.enabled" "Account enabled",
    AddressVerified "address.verified" "E-mail address verified",
    AccountErased "account.erased" "Account erased",
    OperatorAdded "operator.added" "Operator added",
    OperatorRemoved "operator.removed" "Operator removed",
    IdentityLinked "identity.linked" "Sign-in linked",
    IdentityUnlinked "identity.unlinked" "Sign-in unlinked",
    PasswordChanged "password.changed" "Password changed",
    PasswordRefused "password.refused" "Password refused",
    PasswordRehashed "password.rehashed" "Password hash renewed",
    PasswordResetRequested "password.reset_requested" "Password reset requested",
    PasswordResetLinkCreated "password.reset_link_created" "Password reset link created",
    PasswordReset "password.reset" "Password reset",
    SignedIn "session.created" "Signed in",
    SignInRefused "session.refused" "Sign-in refused",
    SignedOut "session.ended" "Signed out",
    SessionConfirmed "session.confirmed" "Sign-in confirmed",
    AuthenticatorAdded "authenticator.added" "Authenticator app set up",
    AuthenticatorRemoved "authenticator.removed" "Authenticator app removed",
    PasskeyAdded "passkey.added" "Passkey added",
    PasskeyRemoved "passkey.removed" "Passkey removed",
    RecoveryCodesRenewed "recovery_codes.renewed" "Recovery codes renewed",
    RecoveryCodeUsed "recovery_code.used" "Recovery code used",
    SecondFactorsReset "second_factors.reset" "Second factors reset",
    SecondFactorRefused "second_factor.refused" "Second factor refused",
    AccessRefused "access.refused" "Access refused",
    OriginRefused "origin.refused" "Foreign form refused",
    ActivityExported "activity.exported" "Activity exported",
    KeysExported "keys.exported" "Keys exported",
    MembersExported "members.exported" "Members exported",
    EvidenceExported "evidence.exported" "Evidence pack exported",
    OrgCreated "organization.created" "Organization created",
    OrgEdited "organization.edited" "Organization edited",
    OrgArchived "organization.archived" "Organization archived",
    OrgRestored "organization.restored" "Organization restored",
    OrgDeleted "organization.deleted" "Organization deleted",
    OrgSuspended "organization.suspended" "Organization suspended",
    OrgOpened "organization.opened" "Organization opened again",
    OrgViewed "organization.viewed" "Viewed by an operator",
    SignInRequired "organization.sign_in_required" "Required sign-in changed",
    SignInPolicyChanged "organization.sign_in_policy_changed" "Sign-in policy changed",
    GlassBroken "organization.glass_broken" "Let in without single sign-on",
    InvitationSent "invitation.sent" "Invitation sent",
    InvitationResent "invitation.resent" "Invitation sent again",
    InvitationRevoked "invitation.revoked" "Invitation revoked",
    InvitationAccepted "invitation.accepted" "Invitation accepted",
    MemberAdded "member.added" "Member added",
    MemberRoleChanged "member.role_changed" "Role changed",
    MemberRemoved "member.removed" "Member removed",
    MemberLeft "member.left" "Member left",
    TenantCreated "tenant.created" "Tenant created",
    TenantEdited "tenant.edited" "Tenant edited",
    TenantArchived "tenant.archived" "Tenant archived",
    TenantRestored "tenant.restored" "Tenant restored",
    TenantDeleted "tenant.deleted" "Tenant deleted",
    ProjectCreated "project.created" "Project created",
    ProjectEdited "project.edited" "Project edited",
    ProjectArchived "project.archived" "Project archived",
    ProjectRestored "project.restored" "Project restored",
    ProjectDeleted "project.deleted" "Project deleted",
    AppCreated "app.created" "App created",
    AppEdited "app.edited" "App edited",
    AppLimited "app.limited" "App limits changed",
    IngestionVerified "app.ingestion_verified" "Verified for ingestion",
    IngestionEnded "app.ingestion_ended" "Ingestion ended",
    AppArchived "app.archived" "App archived",
    AppRestored "app.restored" "App restored",
    AppDeleted "app.deleted" "App deleted",
    ImportStarted "import.started" "Import of keys started",
    ImportFinished "import.finished" "Import of keys finished",
    KeyGenerated "key.generated" "Key generated",
    KeyEdited "key.edited" "Key edited",
    KeyScopesChanged "key.scopes_changed" "Key scopes changed",
    KeyExpiryChanged "key.expiry_changed" "Key expiry changed",
    KeyRestricted "key.restricted" "Key restrictions changed",
    KeyRotated "key.rotated" "Key rotated",
    KeySecretEnded "key.secret_ended" "Secret of a key ended",
    KeySecretRestored "key.secret_restored" "Secret of a key restored",
    KeyGraceExtended "key.grace_extended" "Grace period of an old key extended",
    KeyOldSecretInUse "key.old_secret_in_use" "Old key still in use, and about to end",
    SigningSecretGenerated "key.signing_generated" "Signing secret generated",
    SigningSecretRotated "key.signing_rotated" "Signing secret rotated",
    HandoverCreated "handover.created" "Hand-over link created",
    HandoverOpened "handover.opened" "Credentials handed over",
    HandoverRefused "handover.refused" "Hand-over link refused",
    HandoverWithdrawn "handover.withdrawn" "Hand-over link withdrawn",
    KeyPolicyChanged "key_policy.changed" "Rules for keys changed",
    TrustRuleCreated "trust_rule.created" "Trust rule created",
    TrustRuleChanged "trust_rule.changed" "Trust rule changed",
    TrustRulePaused "trust_rule.paused" "Trust rule paused",
    TrustRuleResumed "trust_rule.resumed" "Trust rule resumed",
    TrustRuleDeleted "trust_rule.deleted" "Trust rule deleted",
    TokenExchanged "trust_rule.key_given" "Short-lived key given for an ID token",
    ApprovalRequested "approval.requested" "Approval requested",
    ApprovalGiven "approval.approved" "Request approved",
    ApprovalRefused "approval.refused" "Request refused by an approver",
    ApprovalWithdrawn "approval.withdrawn" "Request withdrawn",
    ApprovalClaimed "approval.claimed" "Approved request claimed",
    KeyPauseAnnounced "key.pause_announced" "Key will be paused",
    WebhookCreated "webhook.created" "Webhook created",
    WebhookChanged "webhook.changed" "Webhook changed",
    WebhookSecretChanged "webhook.secret_changed" "Secret of a webhook changed",
    WebhookTested "webhook.tested" "Test event sent to a webhook",
    WebhookResent "webhook.resent" "Deliveries of a webhook sent again",
    WebhookStopped "webhook.stopped" "Webhook stopped",
    WebhookDeleted "webhook.deleted" "Webhook deleted",
    KeyPaused "key.paused" "Key paused",
    KeyResumed "key.resumed" "Key resumed",
    KeyRevoked "key.revoked" "Key revoked",
    KeyLeaked "key.leaked" "Key reported as leaked",
    AllKeysRevoked "keys.revoked_all" "All keys revoked",
    EveryKeyRevoked "portal.keys_revoked" "All keys of the portal revoked",
    KeyFirstUsed "key.first_used" "Key first used",
    RequestRefused "request.refused" "Request refused",
    RequestNoted "request.noted" "Request would be refused",
    CapabilityMinted "capability.minted" "Capability token minted",
    CapabilitiesRevoked "capabilities.revoked" "All capability tokens revoked",
    CapabilityKeyCreated "capability_key.created" "Key of capability tokens created",
    CapabilityKeyReplaced "capability_key.replaced" "Keys of capability tokens revoked and replaced",
    CapabilityKeyRotated "capability_key.rotated" "Key of capability tokens rotated",
    TokenCreated "token.created" "Root token created",
    TokenRevoked "token.revoked" "Root token revoked",
    TokenRefused "token.refused" "Root token refused",
    TokenLeaked "token.leaked" "Root token reported as leaked",
    PersonalTokenCreated "personal_token.created" "Personal token created",
    PersonalTokenRevoked "personal_token.revoked" "Personal token revoked",
    PersonalTokenRefused "personal_token.refused" "Personal token refused",
    PersonalTokenLeaked "personal_token.leaked" "Personal token reported as leaked",
    ServiceAccountCreated "service_account.created" "Service account created",
    ServiceAccountChanged "service_account.changed" "Service account changed",
    ServiceAccountDisabled "service_account.disabled" "Service account disabled",
    ServiceAccountEnabled "service_account.enabled" "Service account enabled",
    ServiceAccountRemoved "service_account.removed" "Service account removed",
    ServiceTokenCreated "service_token.created" "Token of a service account created",
    ServiceTokenRevoked "service_token.revoked" "Token of a service account revoked",
    ServiceTokenRefused "service_token.refused" "Token of a service account refused",
    ServiceTokenEnds "service_token.ends" "Token of a service account ends soon",
    ServiceTokenLeaked "service_token.leaked" "Token of a service account reported as leaked",
    RefreshTokenReused "refresh_token.reused" "Command line signed out: its refresh token was used twice",
    DeviceApproved "device.approved" "Command line approved",
    DeviceDenied "device.denied" "Command line denied",
    DeviceCodeRefused "device.refused" "Code of a command line refused",
    JobRetried "job.retried" "Job retried",
    MailTested "mail.tested" "Test mail sent",
    EventsPruned "events.pruned" "Old activity removed",
    PortalRestored "portal.restored" "Database restored from a backup",
    PortalQuarantined "portal.quarantined" "Keys are not judged: changes are unknown",
    MasterKeyChanged "master_key.changed" "Master key changed",
    MasterKeyReplaced "master_key.replaced" "Everything sealed with the new master key",
    MasterKeyRemoved "master_key.removed" "Earlier master keys removed",
    PepperChanged "pepper.changed" "Pepper changed",
    PepperDropped "pepper.dropped" "Pepper dropped",
    AuditKeyCreated "audit_key.created" "Key of the audit log created",
    AuditKeyRotated "audit_key.rotated" "Key of the audit log rotated",
    AuditKeyRevoked "audit_key.revoked" "Key of the audit log revoked",
}

impl Action {
    /// Whether a list was exported as a file.
    pub fn is_export(self) -> bool {
        matches!(self, Self::ActivityExported | Self::KeysExported | Self::MembersExported | Self::EvidenceExported)
    }
}

/// What it was done to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    pub kind: &'static str,
    pub id: String,
    pub name: String,
    pub app_id: Option<AppId>,
}

impl Target {
    pub fn new(kind: &'static str, id: impl ToString, name: impl Into<String>) -> Self {
        Self { kind, id: id.to_string(), name: name.into(), app_id: None }
    }

    #[must_use]
    pub fn of_app(mut self, app: &AppId) -> Self {
        self.app_id = Some(app.clone());
        self
    }
}

/// The outcome: `done`, or `refused` with the status of the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    Refused(u16),
}

impl Outcome {
    pub fn code(self) -> i64 {
        match self {
            Self::Done => 0,
            Self::Refused(status) => i64::from(status),
        }
    }

    pub fn from_code(code: i64) -> Self {
        u16::try_from(code).ok().filter(|status| *status != 0).map_or(Self::Done, Self::Refused)
    }

    pub fn title(self) -> String {
        match self {
            Self::Done => "Done".to_owned(),
            Self::Refused(status) => format!("Refused {status}"),
        }
    }
}

/// An event to be written.
#[derive(Clone, Debug)]
pub struct NewEvent {
    pub org_id: Option<OrgId>,
    pub action: Action,
    pub target: Target,
    pub outcome: Outcome,
    pub details: Value,
}

impl NewEvent {
    /// An event within an organization.
    pub fn of(org: &OrgId, action: Action, target: Target) -> Self {
        Self { org_id: Some(org.clone()), action, target, outcome: Outcome::Done, details: json!({}) }
    }

    /// An event that belongs to no organization.
    pub fn of_system(action: Action, target: Target) -> Self {
        Self { org_id: None, action, target, outcome: Outcome::Done, details: json!({}) }
    }

    #[must_use]
    pub fn refused(mut self, status: u16) -> Self {
        self.outcome = Outcome::Refused(status);
        self
    }

    #[must_use]
    pub fn with(mut self, details: Value) -> Self {
        self.details = details;
        self
    }

    pub fn chain(&self) -> &str {
        self.org_id.as_ref().map_or(SYSTEM, OrgId::as_str)
    }
}
