//! Which logs an action appears in.

use super::Action;

impl Action {
    /// Whether it appears in organizations' chains, not only in the chain `system`.
    pub fn is_of_organizations(self) -> bool {
        !matches!(
            self,
            Self::AccountCreated
                | Self::AccountDisabled
                | Self::AccountEnabled
                | Self::AccountErased
                | Self::AddressVerified
                | Self::AuditKeyCreated
                | Self::AuditKeyRevoked
                | Self::AuditKeyRotated
                | Self::CapabilityKeyCreated
                | Self::CapabilityKeyReplaced
                | Self::CapabilityKeyRotated
                | Self::EveryKeyRevoked
                | Self::JobRetried
                | Self::MailTested
                | Self::MasterKeyChanged
                | Self::MasterKeyRemoved
                | Self::MasterKeyReplaced
                | Self::PepperChanged
                | Self::PepperDropped
                | Self::OperatorAdded
                | Self::OperatorRemoved
                | Self::PasswordChanged
                | Self::PasswordRefused
                | Self::PasswordRehashed
                | Self::PasswordResetRequested
                | Self::PasswordResetLinkCreated
                | Self::PasswordReset
                | Self::OriginRefused
                | Self::TokenRefused
                | Self::SignedIn
                | Self::SignInRefused
                | Self::SignedOut
        )
    }
}
