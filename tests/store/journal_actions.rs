//! What each action takes away, and how a restore takes it away again: a new one can't be forgotten.

use sallyport::audit::Action;

enum Taken {
    /// An entry of the revocation journal says so.
    Journaled(&'static str),
    /// It adds something, or tells something.
    Nothing,
    /// It is not in the journal, for a reason.
    Not(&'static str),
}

fn taken(action: Action) -> Taken {
    use Action::*;
    use Taken::*;
    match action {
        AccountCreated
        | AddressVerified
        | IdentityLinked
        | PasskeyAdded
        | PasswordRefused
        | PasswordRehashed
        | PasswordResetRequested
        | PasswordResetLinkCreated
        | SignedIn
        | SignInRefused
        | SessionConfirmed
        | SecondFactorRefused
        | AccessRefused
        | OriginRefused
        | ActivityExported
        | KeysExported
        | MembersExported
        | EvidenceExported
        | OrgCreated
        | OrgViewed
        | GlassBroken
        | InvitationSent
        | InvitationResent
        | TenantCreated
        | ProjectCreated
        | AppCreated
        | ImportStarted
        | ImportFinished
        | KeyOldSecretInUse
        | HandoverCreated
        | HandoverRefused
        | TrustRuleCreated
        | TokenExchanged
        | ApprovalRequested
        | ApprovalGiven
        | KeyPauseAnnounced
        | WebhookCreated
        | WebhookTested
        | WebhookResent
        | KeyFirstUsed
        | RequestRefused
        | RequestNoted
        | CapabilityMinted
        | CapabilityKeyCreated
        | TokenCreated
        | TokenRefused
        | PersonalTokenCreated
        | PersonalTokenRefused
        | ServiceAccountCreated
        | ServiceTokenCreated
        | ServiceTokenRefused
        | ServiceTokenEnds
        | DeviceApproved
        | DeviceCodeRefused
        | JobRetried
        | MailTested
        | PortalQuarantined
        | AuditKeyCreated => Nothing,
        MasterKeyChanged | MasterKeyReplaced | MasterKeyRemoved | PepperChanged | PepperDropped => {
            Not("a backup from before is opened with the keys of before, and `rekey` runs again")
        }
        AccountRenamed => Not("a name lets nobody in"),
        AccountDisabled | AccountEnabled | OperatorAdded | OperatorRemoved => Journaled("Person"),
        AccountErased => Journaled("Erased"),
        PasskeyRemoved => Journaled("PasskeyRemoved"),
        SignInPolicyChanged => Not("what an organization demands beside an issuer: docs/operating.md says so"),
        IdentityUnlinked => Journaled("IdentityUnlinked"),
        SignInRequired => Journaled("SignInRequired"),
        PasswordChanged | PasswordReset => Journaled("PasswordChanged"),
        SignedOut => Not("every session ends with a restore"),
        AuthenticatorRemoved | SecondFactorsReset => Journaled("AuthenticatorRemoved"),
        AuthenticatorAdded | RecoveryCodesRenewed | RecoveryCodeUsed => Journaled("RecoveryCodesEnded"),
        OrgEdited | TenantEdited | ProjectEdited | AppEdited | KeyEdited => Not("what a key may do is not in it"),
        OrgArchived | OrgRestored | TenantArchived | TenantRestored | ProjectArchived | ProjectRestored
        | AppArchived | AppRestored => Journaled("Archived"),
        OrgDeleted | TenantDeleted | ProjectDeleted | AppDeleted => Journaled("Deleted"),
        OrgSuspended | OrgOpened => Journaled("Suspended"),
        InvitationRevoked => Not("every open invitation ends with a restore"),
        InvitationAccepted | MemberAdded | MemberRoleChanged | MemberRemoved | MemberLeft | ServiceAccountChanged => {
            Journaled("Roles")
        }
        AppLimited => Journaled("AppLimited"),
        IngestionVerified | IngestionEnded => Journaled("Ingestion"),
        KeyGenerated
        | KeyExpiryChanged
        | KeyRotated
        | KeySecretEnded
        | KeySecretRestored
        | KeyGraceExtended
        | SigningSecretGenerated
        | SigningSecretRotated
        | KeyPaused
        | KeyResumed
        | KeyRevoked
        | KeyLeaked => Journaled("Key"),
        KeyScopesChanged | KeyRestricted => Journaled("Narrowed"),
        HandoverOpened | HandoverWithdrawn => Not("every open hand-over link ends with a restore"),
        KeyPolicyChanged => Not("it is judged when a key is made or changed, and gives no key more than it has"),
        TrustRuleChanged => Journaled("TrustRuleChanged"),
        TrustRulePaused | TrustRuleResumed => Journaled("TrustRule"),
        TrustRuleDeleted => Journaled("TrustRuleDeleted"),
        ApprovalRefused | ApprovalWithdrawn => Not("a request that is open again needs an approver again"),
        ApprovalClaimed => {
            Not("a request can be claimed again by its own person, and its key is lost with the database")
        }
        WebhookChanged | WebhookSecretChanged | WebhookDeleted => Journaled("WebhookEnded"),
        WebhookStopped => Not("it is stopped again, since its address does not answer"),
        AllKeysRevoked | EveryKeyRevoked => Journaled("KeysRevoked"),
        CapabilitiesRevoked => Journaled("CapabilitiesRevoked"),
        CapabilityKeyReplaced => Journaled("CapabilityKeysReplaced"),
        CapabilityKeyRotated | AuditKeyRotated => Not("the key from before is not known to anybody else"),
        TokenRevoked | TokenLeaked => Journaled("RootTokenRevoked"),
        PersonalTokenRevoked | PersonalTokenLeaked | RefreshTokenReused => Journaled("PersonalTokenRevoked"),
        ServiceAccountDisabled | ServiceAccountEnabled => Journaled("ServiceAccount"),
        ServiceAccountRemoved => Journaled("ServiceAccountRemoved"),
        ServiceTokenRevoked | ServiceTokenLeaked => Journaled("ServiceTokenRevoked"),
        DeviceDenied => Not("every open code ends with a restore"),
        EventsPruned => Not("old events are removed again by the job"),
        PortalRestored => Journaled("Fork"),
        AuditKeyRevoked => Journaled("AuditKeyRevoked"),
    }
}

#[test]
fn every_action_says_what_it_takes_away() {
    let entries = include_str!("../../src/journal/entry.rs");
    for action in Action::ALL {
        match taken(*action) {
            Taken::Journaled(entry) => {
                let is_there = [" {", "(", ","].iter().any(|end| entries.contains(&format!("    {entry}{end}")));
                assert!(is_there, "{}: there is no entry {entry}", action.as_str());
            }
            Taken::Not(reason) => assert!(reason.contains(' '), "{}: say why", action.as_str()),
            Taken::Nothing => {}
        }
    }
}
