//! Service accounts: members that are no people. Automation acts with their tokens, and does not hang on a person.
//!
//! An account has one role at one place. A token allows what that role does, judged at each use, and no more than its scopes.

use std::time::Duration;

use crate::{
    Entropy, Error, Invalid, Result, Timestamp,
    id::{OrgId, ServiceAccountId, ServiceTokenId},
    key::secret::{Checked, PlainSecret},
    member::Role,
    personal_token::{TokenScope, TokenScopes},
    place::PlaceKind,
    text,
};

/// The prefix of their tokens.
pub const PREFIX: &str = "sp_svc_";

/// Every token ends: after so long at most.
pub const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// So long before a token ends, people are told.
pub const TOLD_BEFORE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The most accounts of an organization, and tokens of an account that did not end.
pub const MOST_ACCOUNTS: i64 = 200;
pub const MOST_TOKENS: i64 = 10;

/// Creates the text of a new token.
pub fn mint(entropy: &dyn Entropy) -> PlainSecret {
    PlainSecret::mint(PREFIX, entropy)
}

/// Parses a token by its form and checksum.
pub fn parse(text: &str) -> Option<Checked<'_>> {
    Checked::parse(PREFIX, text)
}

/// What a scope allows a service account, for people: neither to govern keys nor to make organizations.
pub const fn scope_title(scope: TokenScope) -> &'static str {
    match scope {
        TokenScope::Places => "Create and change tenants, projects and apps; webhooks",
        _ => scope.title(),
    }
}

/// Whether a service account can have a role: it owns nothing.
pub fn may_have(role: Role) -> bool {
    role != Role::Owner
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAccount {
    pub id: ServiceAccountId,
    pub org_id: OrgId,
    pub name: String,
    pub created_at: Timestamp,
    pub disabled_at: Option<Timestamp>,
    /// `None` once its place was deleted: then it may do nothing.
    pub role: Option<AccountRole>,
    /// How many of its tokens did not end.
    pub tokens: i64,
    /// When one of them was used last.
    pub last_used_at: Option<Timestamp>,
}

/// The role of a service account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRole {
    pub role: Role,
    pub kind: PlaceKind,
    pub place_id: String,
    pub place_name: String,
    /// Whether the place, or a level above it, is archived, or the organization is suspended.
    pub is_stopped: bool,
}

/// Whether requests with the tokens of an account are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountStatus {
    Active,
    Disabled,
    /// Its place was deleted.
    NoRole,
    /// Its place is archived or suspended.
    Stopped,
}

impl AccountStatus {
    pub const ALL: [Self; 4] = [Self::Active, Self::Disabled, Self::NoRole, Self::Stopped];

    /// Its name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::NoRole => "no_role",
            Self::Stopped => "stopped",
        }
    }
}

impl ServiceAccount {
    pub fn status(&self) -> AccountStatus {
        match &self.role {
            _ if self.disabled_at.is_some() => AccountStatus::Disabled,
            None => AccountStatus::NoRole,
            Some(role) if role.is_stopped => AccountStatus::Stopped,
            Some(_) => AccountStatus::Active,
        }
    }
}

/// A token that was not revoked. It may have expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceToken {
    pub id: ServiceTokenId,
    pub account_id: ServiceAccountId,
    pub name: String,
    pub scopes: TokenScopes,
    /// The shortened token, enough to recognize it: `sp_svc_7Hq2…x9Ka`.
    pub shown: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
    /// The address from which it was used last.
    pub last_address: Option<String>,
}

impl ServiceToken {
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at <= now
    }
}

/// Who calls with a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceCaller {
    pub account_id: ServiceAccountId,
    pub account_name: String,
    pub org_id: OrgId,
    pub token: ServiceToken,
}

/// A validated token to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewServiceToken {
    pub name: String,
    pub scopes: TokenScopes,
    pub expires_at: Timestamp,
    /// Identifies the form that asked for it, if one did.
    pub form_token: Option<Vec<u8>>,
}

impl NewServiceToken {
    pub fn check(
        name: &str,
        scopes: TokenScopes,
        expires_at: Option<Timestamp>,
        form_token: Option<Vec<u8>>,
        now: Timestamp,
    ) -> Result<Self, Invalid> {
        let mut invalid = Invalid::default();
        let name = invalid.take(text::line("token_name", name, 100, "Give the token a name."));
        let expires_at = match expires_at {
            Some(at) if at <= now => Err("Choose a time in the future."),
            Some(at) if at.since(now) <= LONGEST => Ok(at),
            _ => Err("A token of a service account ends within 366 days. Choose when."),
        };
        if let Err(message) = expires_at {
            invalid.push("expires", message);
        }
        invalid.or(Self { name, scopes, expires_at: expires_at.unwrap_or(now), form_token })
    }
}

/// The name of an account, as typed.
pub fn check_name(name: &str) -> Result<String, Invalid> {
    text::line("name", name, 100, "Give the service account a name.")
}

/// Fails for roles that no service account has, and for those that can't be given at such a place.
pub fn check_role(role: Role, kind: PlaceKind) -> Result<Role> {
    if !may_have(role) {
        return Err(Error::field("role", "A service account can’t own an organization. Choose another role."));
    }
    if !role.is_granted_at(kind) {
        return Err(Error::field("role", format!("A {} can’t have this role: {}.", kind.noun(), role.title())));
    }
    Ok(role)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededEntropy;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_token_is_none_of_another_kind(seed: u64) {
            let token = mint(&SeededEntropy::new(seed));
            prop_assert!(parse(token.expose()).is_some());
            prop_assert!(crate::personal_token::parse(token.expose()).is_none());
            prop_assert!(crate::root_token::parse(token.expose()).is_none());
        }

        #[test]
        fn junk_never_panics(text in ".*|sp_svc_.*") {
            prop_assert!(parse(&text).is_none());
        }
    }

    #[test]
    fn every_token_ends_within_a_year() {
        let now = Timestamp::from_seconds(1_795_000_000);
        let checked = |at| NewServiceToken::check("CI", TokenScopes::READ, at, None, now);
        assert!(checked(Some(now + LONGEST)).is_ok());
        for at in [None, Some(now), Some(now + LONGEST + Duration::from_secs(1))] {
            assert_eq!(checked(at).expect_err("refused").0[0].field, "expires");
        }
    }

    #[test]
    fn it_owns_nothing() {
        assert!(check_role(Role::Owner, PlaceKind::Org).is_err());
        assert!(check_role(Role::Admin, PlaceKind::Org).is_ok() && check_role(Role::Admin, PlaceKind::Tenant).is_err());
    }
}
