//! Personal tokens: with one a person uses the management API, or a command line signs in.
//!
//! A token never allows more than its person's roles, which are judged at each use, and no more than its scopes.

use std::{fmt, time::Duration};

use serde::Serialize;

use crate::{
    Entropy, Invalid, Timestamp,
    id::{PersonalTokenId, UserId},
    key::secret::{Checked, PlainSecret},
    member::Permission,
};

/// The prefix of tokens for the API.
pub const PREFIX: &str = "sp_pat_";

/// The prefix of refresh tokens, with which a command line gets its next token.
pub const REFRESH_PREFIX: &str = "sp_ref_";

/// How long a token of a command line is valid; then it is refreshed.
pub const ACCESS_VALID: Duration = Duration::from_secs(60 * 60);

/// A command line that was not used for so long is signed out.
pub const SIGN_IN_IDLE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How long a token is kept after it ended, and a refresh token after it was used.
pub const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The most tokens that a person has at once, command lines included.
pub const MOST: i64 = 100;

/// Creates the text of a new token.
pub fn mint(entropy: &dyn Entropy) -> PlainSecret {
    PlainSecret::mint(PREFIX, entropy)
}

/// Creates the text of a new refresh token.
pub fn mint_refresh(entropy: &dyn Entropy) -> PlainSecret {
    PlainSecret::mint(REFRESH_PREFIX, entropy)
}

/// Parses a token by its form and checksum.
pub fn parse(text: &str) -> Option<Checked<'_>> {
    Checked::parse(PREFIX, text)
}

/// Parses a refresh token by its form and checksum.
pub fn parse_refresh(text: &str) -> Option<Checked<'_>> {
    Checked::parse(REFRESH_PREFIX, text)
}

/// A part of what a person may do, which a token may do for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenScope {
    Read,
    Keys,
    Places,
    Members,
}

impl TokenScope {
    pub const ALL: [Self; 4] = [Self::Read, Self::Keys, Self::Places, Self::Members];

    /// Its name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Keys => "keys",
            Self::Places => "places",
            Self::Members => "members",
        }
    }

    /// What it allows, for people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Read => "See organizations, apps, keys, members and activity",
            Self::Keys => "Generate, change and revoke keys",
            Self::Places => {
                "Create and change organizations, tenants, projects and apps; rules for keys, and approvals"
            }
            Self::Members => "Manage members and invitations",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text)
    }

    /// The scope without which a token does not have this permission. `None`: no token has it. Whoever needs it signs
    /// in to the portal.
    pub const fn of(permission: Permission) -> Option<Self> {
        match permission {
            Permission::SeePlace | Permission::SeeKeys => Some(Self::Read),
            Permission::ManageKeys => Some(Self::Keys),
            Permission::ManageApps
            | Permission::CreateProjects
            | Permission::CreateTenants
            | Permission::ManagePlace
            | Permission::GovernKeys
            | Permission::ManageWebhooks => Some(Self::Places),
            Permission::ManageMembers => Some(Self::Members),
            Permission::ManageOrg | Permission::OwnOrg => None,
        }
    }
}

/// The scopes of a token. `read` is always one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenScopes(u8);

impl TokenScopes {
    pub const READ: Self = Self(1 << TokenScope::Read as u8);
    pub const ALL: Self = Self((1 << TokenScope::ALL.len()) - 1);

    /// Parses names separated by spaces.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        text.split_ascii_whitespace().try_fold(Self::READ, |scopes, word| match TokenScope::parse(word) {
            Some(scope) => Ok(scopes.with(scope)),
            None => Err(Invalid::field("scopes", "The scopes are read, keys, places and members.")),
        })
    }

    #[must_use]
    pub const fn with(self, scope: TokenScope) -> Self {
        Self(self.0 | 1 << scope as u8)
    }

    pub const fn contains(self, scope: TokenScope) -> bool {
        self.0 & 1 << scope as u8 != 0
    }

    pub fn iter(self) -> impl Iterator<Item = TokenScope> {
        TokenScope::ALL.into_iter().filter(move |scope| self.contains(*scope))
    }

    /// Whether they include this permission.
    pub fn allow(self, permission: Permission) -> bool {
        TokenScope::of(permission).is_some_and(|scope| self.contains(scope))
    }
}

impl fmt::Display for TokenScopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.iter().map(TokenScope::as_str).collect();
        f.write_str(&words.join(" "))
    }
}

/// How a token came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// On the page of the account.
    Created,
    /// A command line signed in.
    CommandLine,
}

impl TokenKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::CommandLine => "command_line",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Created, Self::CommandLine].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A token that was not revoked. It may have expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonalToken {
    pub id: PersonalTokenId,
    pub user_id: UserId,
    pub kind: TokenKind,
    pub name: String,
    pub scopes: TokenScopes,
    /// The shortened token, enough to recognize it: `sp_pat_7Hq2…x9Ka`.
    pub shown: String,
    pub created_at: Timestamp,
    /// Refused from then on, for a command line unless it was used before; `None` if it does not expire.
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    /// The address from which it was used last.
    pub last_address: Option<String>,
}

impl PersonalToken {
    /// Whether it has expired by then.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }
}

/// A validated token to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPersonalToken {
    pub name: String,
    pub scopes: TokenScopes,
    pub expires_at: Option<Timestamp>,
    /// Identifies the form that asked for it, so that a form sent twice creates one token.
    pub form_token: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn read_is_always_included() {
        assert_eq!(TokenScopes::parse("").expect("good").to_string(), "read");
        assert_eq!(TokenScopes::parse("members keys").expect("good").to_string(), "read keys members");
        assert_eq!(TokenScopes::parse("keys admin").expect_err("unknown").0[0].field, "scopes");
        assert_eq!(TokenScopes::ALL.iter().count(), TokenScope::ALL.len());
    }

    #[test]
    fn a_permission_needs_its_scope_and_some_no_token_has() {
        for permission in Permission::ALL {
            let allowed = TokenScopes::ALL.allow(permission);
            assert_eq!(allowed, !matches!(permission, Permission::ManageOrg | Permission::OwnOrg), "{permission:?}");
            let sees = matches!(permission, Permission::SeePlace | Permission::SeeKeys);
            assert_eq!(TokenScopes::READ.allow(permission), sees, "{permission:?}");
        }
    }

    proptest! {
        #[test]
        fn scopes_are_written_as_they_are_read(bits in 0u8..16) {
            let scopes = TokenScope::ALL.into_iter().enumerate().filter(|(at, _)| bits & 1 << at != 0);
            let scopes = scopes.fold(TokenScopes::READ, |scopes, (_, scope)| scopes.with(scope));
            prop_assert_eq!(TokenScopes::parse(&scopes.to_string()).ok(), Some(scopes));
        }
    }
}
