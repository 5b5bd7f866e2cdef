//! Identifiers: a prefix for the kind, a slug of the name, a random tail. `app_focus_and_kB8mPx`.
//!
//! Most are stored inline, so that those of a request and of a cached key need no allocation.

use std::fmt;

use compact_str::{CompactString, format_compact};
use serde::{Deserialize, Serialize};

use crate::{Entropy, base62};

/// At most two words of a name in lower case, joined by `_`; `x` if nothing is left.
pub fn slug(name: &str) -> String {
    let words = name
        .split(|character: char| !character.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(2)
        .map(|word| word.chars().take(16).collect::<String>().to_ascii_lowercase());
    let slug = words.collect::<Vec<_>>().join("_");
    if slug.is_empty() { "x".to_owned() } else { slug }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "CompactString")]
        pub struct $name(CompactString);

        impl $name {
            pub const PREFIX: &str = $prefix;

            /// Parses an id by its form; it may not exist.
            pub fn parse(text: &str) -> Option<Self> {
                let tail = text.strip_prefix($prefix)?;
                let plain = tail.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
                (plain && (1..=80).contains(&tail.len())).then(|| Self(text.into()))
            }

            /// An id from the database, which was created here.
            #[cfg(feature = "store")]
            #[allow(dead_code, reason = "request ids are written, never looked up")]
            pub(crate) fn stored(text: String) -> Self {
                Self(text.into())
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<CompactString> for $name {
            type Error = String;

            fn try_from(text: CompactString) -> Result<Self, String> {
                Self::parse(&text).ok_or_else(|| format!("an id that begins with {} was expected", $prefix))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
    ($(#[$doc:meta])* $name:ident, $prefix:literal, named, $tail:literal) => {
        id!($(#[$doc])* $name, $prefix);

        impl $name {
            /// Creates an id with the slug of a name.
            pub fn mint(name: &str, entropy: &dyn Entropy) -> Self {
                Self(format_compact!("{}{}_{}", $prefix, slug(name), base62::random(entropy, $tail)))
            }
        }
    };
    ($(#[$doc:meta])* $name:ident, $prefix:literal, plain, $tail:literal) => {
        id!($(#[$doc])* $name, $prefix);

        impl $name {
            /// Creates an id.
            pub fn mint(entropy: &dyn Entropy) -> Self {
                let mut id = CompactString::const_new($prefix);
                base62::push_random(&mut id, entropy, $tail);
                Self(id)
            }
        }
    };
}

id!(
    /// An organization.
    OrgId, "org_", named, 6
);
id!(
    /// A tenant of an organization.
    TenantId, "ten_", named, 6
);
id!(
    /// A project of a tenant.
    ProjectId, "prj_", named, 8
);
id!(
    /// An app of a project.
    AppId, "app_", named, 6
);
id!(
    /// A person.
    UserId, "usr_", plain, 12
);
id!(
    /// An API key's identifier, not its secret.
    KeyId, "key_", plain, 16
);
id!(
    /// A root token's identifier, not its secret.
    TokenId, "tok_", plain, 12
);
id!(
    /// A personal token's identifier, not its secret.
    PersonalTokenId, "pat_", plain, 12
);
id!(
    /// A service account: a member that is no person.
    ServiceAccountId, "sva_", plain, 12
);
id!(
    /// A service account's token's identifier, not its secret.
    ServiceTokenId, "svt_", plain, 12
);
id!(
    /// A passkey's identifier here, not the authenticator's name for it.
    PasskeyId, "pky_", plain, 16
);
id!(
    /// A link to reset a password, not its token.
    ResetId, "rst_", plain, 16
);
id!(
    /// An invitation, not the token of its link.
    InvitationId, "inv_", plain, 16
);
id!(
    /// An import of keys.
    ImportId, "imp_", plain, 16
);
id!(
    /// Credentials that are handed over by a link, not the code of that link.
    HandoverId, "hnd_", plain, 20
);
id!(
    /// A request that waits for an approval.
    ApprovalId, "apr_", plain, 16
);
id!(
    /// A capability token's identifier, not the token.
    CapabilityId, "cap_", plain, 16
);
id!(
    /// A trust rule of an app.
    TrustRuleId, "tru_", plain, 16
);
id!(
    /// An endpoint of webhooks.
    WebhookId, "whk_", plain, 16
);
id!(
    /// A delivery of a webhook: the same at each attempt.
    DeliveryId, "msg_", plain, 20
);
id!(
    /// A job: work that is done after the transaction that caused it.
    JobId, "job_", plain, 16
);

impl JobId {
    /// The id of the single recurring job with this name, which consists of letters, digits and `_`.
    pub(crate) fn named(name: &'static str) -> Self {
        Self(format_compact!("{}{name}", Self::PREFIX))
    }

    /// The id of the single job that tells a person in an hour, counted from 1970, what waits for their approval.
    pub(crate) fn of_approver(user: &UserId, hour: i64) -> Self {
        Self(format_compact!("{}{user}_{hour}", Self::PREFIX))
    }
}

id!(
    /// A server: a new one each time it starts.
    NodeId, "node_", plain, 16
);
id!(
    /// A view of a list of keys that a person saved.
    ViewId, "view_", plain, 12
);
id!(
    /// One request, in responses, logs and events.
    RequestId, "req_", plain, 20
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededEntropy;
    use proptest::prelude::*;

    #[test]
    fn slugs_are_short_and_plain() {
        for (name, expected) in [
            ("Focus and calm", "focus_and"),
            ("  Björk's  App! ", "bj_rk"),
            ("日本", "x"),
            ("", "x"),
            ("A", "a"),
            ("ACME_prod-1", "acme_prod"),
        ] {
            assert_eq!(slug(name), expected, "{name:?}");
        }
    }

    #[test]
    fn identifiers_look_as_documented() {
        let entropy = SeededEntropy::new(1);
        let ids = [
            OrgId::mint("Focus Labs", &entropy).to_string(),
            TenantId::mint("Development", &entropy).to_string(),
            ProjectId::mint("Biosignals", &entropy).to_string(),
            AppId::mint("Focus and calm", &entropy).to_string(),
            KeyId::mint(&entropy).to_string(),
        ];
        insta::assert_snapshot!(ids.join("\n"));
    }

    fn one_of_each(name: &str, entropy: &dyn Entropy) -> [String; 16] {
        [
            OrgId::mint(name, entropy).to_string(),
            TenantId::mint(name, entropy).to_string(),
            ProjectId::mint(name, entropy).to_string(),
            AppId::mint(name, entropy).to_string(),
            UserId::mint(entropy).to_string(),
            KeyId::mint(entropy).to_string(),
            TokenId::mint(entropy).to_string(),
            RequestId::mint(entropy).to_string(),
            JobId::mint(entropy).to_string(),
            ViewId::mint(entropy).to_string(),
            ResetId::mint(entropy).to_string(),
            InvitationId::mint(entropy).to_string(),
            PersonalTokenId::mint(entropy).to_string(),
            ServiceAccountId::mint(entropy).to_string(),
            ServiceTokenId::mint(entropy).to_string(),
            PasskeyId::mint(entropy).to_string(),
        ]
    }

    /// What each kind parses from a text, in the same order.
    fn kinds(text: &str) -> [Option<String>; 16] {
        [
            OrgId::parse(text).map(|id| id.to_string()),
            TenantId::parse(text).map(|id| id.to_string()),
            ProjectId::parse(text).map(|id| id.to_string()),
            AppId::parse(text).map(|id| id.to_string()),
            UserId::parse(text).map(|id| id.to_string()),
            KeyId::parse(text).map(|id| id.to_string()),
            TokenId::parse(text).map(|id| id.to_string()),
            RequestId::parse(text).map(|id| id.to_string()),
            JobId::parse(text).map(|id| id.to_string()),
            ViewId::parse(text).map(|id| id.to_string()),
            ResetId::parse(text).map(|id| id.to_string()),
            InvitationId::parse(text).map(|id| id.to_string()),
            PersonalTokenId::parse(text).map(|id| id.to_string()),
            ServiceAccountId::parse(text).map(|id| id.to_string()),
            ServiceTokenId::parse(text).map(|id| id.to_string()),
            PasskeyId::parse(text).map(|id| id.to_string()),
        ]
    }

    proptest! {
        #[test]
        fn whatever_the_name_the_id_parses(name in ".*", seed: u64) {
            let id = AppId::mint(&name, &SeededEntropy::new(seed));
            prop_assert_eq!(AppId::parse(id.as_str()), Some(id));
        }

        #[test]
        fn an_id_is_of_its_own_kind_and_no_other(name in ".*", seed: u64) {
            let entropy = SeededEntropy::new(seed);
            for (at, id) in one_of_each(&name, &entropy).iter().enumerate() {
                let kinds = kinds(id);
                prop_assert_eq!(kinds.iter().filter(|it| it.is_some()).count(), 1, "{}", id);
                prop_assert_eq!(kinds[at].as_deref(), Some(id.as_str()));
            }
        }

        #[test]
        fn what_is_taken_is_taken_as_it_is(text in r"((org|ten|prj|app|usr|key|tok|req|job|rst)_)?[0-9A-Za-z_]{0,90}|.*") {
            for taken in kinds(&text).into_iter().flatten() {
                prop_assert_eq!(&taken, &text);
                // Safe in URLs, headers, file names and HTML.
                prop_assert!(taken.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
                prop_assert!(taken.len() <= 84);
            }
        }
    }
}
