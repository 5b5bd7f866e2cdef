//! What is said of a capability token.

/// The result of a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CapabilityVerdict {
    Valid,
    /// It is no token of the one form.
    Malformed,
    /// Its algorithm or its type is another one.
    WrongType,
    /// No key that is published has this id.
    UnknownKey,
    WrongSignature,
    WrongIssuer,
    /// Its app does not exist, or not for the caller.
    NotFound,
    /// It is for another app than the asked one.
    AppMismatch,
    NotYetValid,
    Expired,
    /// It names a module that the catalogue does not have.
    UnknownModule,
    UnknownChannel,
    /// All tokens of the app were revoked since.
    Revoked,
    /// The key, the root token or the account that minted it is not valid any more.
    MinterEnded,
    /// The app or a level above it is archived or suspended.
    Suspended,
    /// It does not name a module that was asked for.
    MissingModule,
    MissingChannel,
}

impl CapabilityVerdict {
    pub const ALL: [Self; 17] = [
        Self::Valid,
        Self::Malformed,
        Self::WrongType,
        Self::UnknownKey,
        Self::WrongSignature,
        Self::WrongIssuer,
        Self::NotFound,
        Self::AppMismatch,
        Self::NotYetValid,
        Self::Expired,
        Self::UnknownModule,
        Self::UnknownChannel,
        Self::Revoked,
        Self::MinterEnded,
        Self::Suspended,
        Self::MissingModule,
        Self::MissingChannel,
    ];

    /// Its name in the API, and in the readers.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Malformed => "malformed",
            Self::WrongType => "wrong_type",
            Self::UnknownKey => "unknown_key",
            Self::WrongSignature => "wrong_signature",
            Self::WrongIssuer => "wrong_issuer",
            Self::NotFound => "not_found",
            Self::AppMismatch => "app_mismatch",
            Self::NotYetValid => "not_yet_valid",
            Self::Expired => "expired",
            Self::UnknownModule => "unknown_module",
            Self::UnknownChannel => "unknown_channel",
            Self::Revoked => "revoked",
            Self::MinterEnded => "minter_ended",
            Self::Suspended => "suspended",
            Self::MissingModule => "missing_module",
            Self::MissingChannel => "missing_channel",
        }
    }
}
