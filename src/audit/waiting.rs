//! What is refused while a required collector is overdue: whatever gives or changes something. Never what takes access away,
//! nor what leads to it: signing in and looking.

use super::Action;

impl Action {
    /// Whether it waits until the collector has what happened before. Every action is listed, so that a new one is decided.
    pub fn waits_for_collector(self) -> bool {
        match self {
            Self::AccountCreated
            | Self::AccountRenamed
            | Self::AccountEnabled
            | Self::AddressVerified
            | Self::OperatorAdded
            | Self::AuthenticatorRemoved
            | Self::PasskeyRemoved
            | Self::SecondFactorsReset
            | Self::IdentityLinked
            | Self::OrgCreated
            | Self::OrgEdited
            | Self::OrgRestored
            | Self::OrgOpened
            | Self::SignInRequired
            | Self::SignInPolicyChanged
            | Self::InvitationSent
            | Self::InvitationResent
            | Self::InvitationAccepted
            | Self::MemberAdded
            | Self::MemberRoleChanged
            | Self::TenantCreated
            | Self::TenantEdited
            | Self::TenantRestored
            | Self::ProjectCreated
            | Self::ProjectEdited
            | Self::ProjectRestored
            | Self::AppCreated
            | Self::AppEdited
            | Self::AppLimited
            | Self::IngestionVerified
            | Self::AppRestored
            | Self::ImportStarted
            | Self::KeyGenerated
            | Self::KeyEdited
            | Self::KeyScopesChanged
            | Self::KeyExpiryChanged
            | Self::KeyRestricted
            | Self::KeyGraceExtended
            | Self::SigningSecretGenerated
            | Self::KeyResumed
            | Self::HandoverCreated
            | Self::KeyPolicyChanged
            | Self::TrustRuleCreated
            | Self::TrustRuleChanged
            | Self::TrustRuleResumed
            | Self::TokenExchanged
            | Self::ApprovalRequested
            | Self::ApprovalGiven
            | Self::ApprovalClaimed
            | Self::CapabilityMinted
            | Self::WebhookCreated
            | Self::WebhookChanged
            | Self::WebhookTested
            | Self::WebhookResent
            | Self::TokenCreated
            | Self::PersonalTokenCreated
            | Self::ServiceAccountCreated
            | Self::ServiceAccountChanged
            | Self::ServiceAccountEnabled
            | Self::ServiceTokenCreated
            | Self::DeviceApproved
            | Self::MailTested
            | Self::AuditKeyRotated => true,
            // With these, people protect what may have leaked.
            Self::PasswordChanged
            | Self::PasswordResetRequested
            | Self::PasswordResetLinkCreated
            | Self::PasswordReset
            | Self::AuthenticatorAdded
            | Self::PasskeyAdded
            | Self::RecoveryCodesRenewed
            | Self::KeyRotated
            | Self::KeySecretRestored
            | Self::WebhookSecretChanged
            | Self::MasterKeyChanged
            | Self::MasterKeyReplaced
            | Self::MasterKeyRemoved
            | Self::PepperChanged
            | Self::PepperDropped
            | Self::SigningSecretRotated => false,
            // They take away.
            Self::AccountDisabled
            | Self::AccountErased
            | Self::OperatorRemoved
            | Self::IdentityUnlinked
            | Self::SignedOut
            | Self::OrgArchived
            | Self::OrgDeleted
            | Self::OrgSuspended
            | Self::InvitationRevoked
            | Self::MemberRemoved
            | Self::MemberLeft
            | Self::TenantArchived
            | Self::TenantDeleted
            | Self::ProjectArchived
            | Self::ProjectDeleted
            | Self::IngestionEnded
            | Self::AppArchived
            | Self::AppDeleted
            | Self::ApprovalRefused
            | Self::ApprovalWithdrawn
            | Self::WebhookStopped
            | Self::WebhookDeleted
            | Self::KeyPaused
            | Self::KeyRevoked
            | Self::KeySecretEnded
            | Self::HandoverWithdrawn
            | Self::TrustRulePaused
            | Self::TrustRuleDeleted
            | Self::CapabilitiesRevoked
            | Self::CapabilityKeyReplaced
            | Self::AllKeysRevoked
            | Self::EveryKeyRevoked
            | Self::TokenRevoked
            | Self::PersonalTokenRevoked
            | Self::ServiceAccountDisabled
            | Self::ServiceAccountRemoved
            | Self::ServiceTokenRevoked
            | Self::RefreshTokenReused
            | Self::DeviceDenied
            | Self::AuditKeyRevoked => false,
            // They lead there, or tell what happened already.
            Self::SignedIn
            | Self::SessionConfirmed
            | Self::GlassBroken
            | Self::RecoveryCodeUsed
            | Self::SecondFactorRefused
            | Self::AuditKeyCreated
            | Self::CapabilityKeyCreated
            | Self::CapabilityKeyRotated
            | Self::EventsPruned
            | Self::PortalRestored
            | Self::PortalQuarantined
            | Self::HandoverOpened
            | Self::ImportFinished
            | Self::KeyLeaked
            | Self::TokenLeaked
            | Self::PersonalTokenLeaked
            | Self::ServiceTokenLeaked
            | Self::ServiceTokenEnds
            | Self::ServiceTokenRefused
            | Self::KeyOldSecretInUse
            | Self::KeyPauseAnnounced
            | Self::HandoverRefused
            | Self::PasswordRehashed
            | Self::OrgViewed
            | Self::JobRetried
            | Self::PasswordRefused
            | Self::SignInRefused
            | Self::AccessRefused
            | Self::OriginRefused
            | Self::ActivityExported
            | Self::KeysExported
            | Self::MembersExported
            | Self::EvidenceExported
            | Self::KeyFirstUsed
            | Self::RequestRefused
            | Self::RequestNoted
            | Self::TokenRefused
            | Self::PersonalTokenRefused
            | Self::DeviceCodeRefused => false,
        }
    }
}
