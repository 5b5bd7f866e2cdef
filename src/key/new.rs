//! A key to be generated, validated against the profile.

use crate::{
    Invalid, Timestamp,
    key::{Addresses, ExpiryInput, LimitOverride, Metadata, Restrictions},
    profile::{Environment, HowMany, Profile},
    text,
};
#[cfg(feature = "store")]
use crate::{
    id::KeyId,
    key::{Holder, Key},
};

/// The input.
#[derive(Clone, Debug, Default)]
pub struct KeyInput<'a> {
    pub label: &'a str,
    pub environment: &'a str,
    pub scopes: Vec<&'a str>,
    pub expires: ExpiryInput<'a>,
    /// A JSON object, or empty.
    pub metadata: &'a str,
    pub signing_secret: bool,
    /// Blocks of addresses, as typed. Empty allows every address.
    pub addresses: &'a str,
    /// Whether requests from elsewhere are refused.
    pub addresses_enforced: bool,
}

/// A validated key to be issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    pub label: String,
    pub environment: Environment,
    pub scopes: Vec<String>,
    pub expires_at: Option<Timestamp>,
    pub metadata: Metadata,
    pub signing_secret: bool,
    pub addresses: Addresses,
    pub addresses_enforced: bool,
}

impl NewKey {
    pub fn check(input: &KeyInput<'_>, profile: &Profile, now: Timestamp) -> Result<Self, Invalid> {
        let mut invalid = Invalid::default();
        let label = invalid.take(check_label(input.label));
        let environment = profile.environment(input.environment).cloned();
        if environment.is_none() {
            let known: Vec<_> = profile.environments.iter().map(|known| known.name.as_str()).collect();
            invalid.push("environment", format!("Choose a key type: {}.", known.join(", ")));
        }
        let scopes = invalid.take(check_scopes(&input.scopes, profile));
        let expires_at = invalid.take(input.expires.check(now));
        let metadata = invalid.take(Metadata::check(input.metadata));
        let addresses = invalid.take(Addresses::check(input.addresses));
        let addresses_enforced = input.addresses_enforced && !addresses.is_empty();
        // If the profile has no signing secrets, none is created.
        let signing_secret = input.signing_secret && profile.keys.signing_secret;
        match environment {
            Some(environment) => invalid.or(Self {
                label,
                environment,
                scopes,
                expires_at,
                metadata,
                signing_secret,
                addresses,
                addresses_enforced,
            }),
            None => Err(invalid),
        }
    }
}

impl NewKey {
    /// What it begins with.
    pub fn restrictions(&self) -> Restrictions {
        Restrictions {
            require_signed: false,
            addresses: self.addresses.clone(),
            addresses_enforced: self.addresses_enforced,
            limits: LimitOverride::default(),
        }
    }
}

#[cfg(feature = "store")]
impl Key {
    /// A key as it is issued.
    pub(crate) fn new(
        id: KeyId,
        holder: &Holder,
        new: NewKey,
        shown: String,
        signs: bool,
        created_by: Option<(String, String)>,
        now: Timestamp,
    ) -> Self {
        let restrictions = new.restrictions();
        Self {
            id,
            org_id: holder.org_id().clone(),
            app_id: holder.app().map(|app| app.id.clone()),
            owner: holder.owner(),
            owner_id: holder.person().map(|person| person.id.clone()),
            owner_name: holder.name().to_owned(),
            label: new.label,
            environment: new.environment.name,
            mode: new.environment.mode,
            shown,
            is_imported: false,
            secret_since: now,
            previous_until: None,
            scopes: new.scopes,
            has_signing_secret: signs,
            signing_version: i64::from(signs),
            signing_before_until: None,
            restrictions,
            created_at: now,
            created_by: created_by.map(|(_, name)| name),
            expires_at: new.expires_at,
            last_used_at: None,
            metadata: new.metadata,
            // Its holder was just found to be active.
            suspended: false,
            paused: None,
            resumed_at: None,
            trust_rule: None,
            revoked: None,
        }
    }
}

/// The maximum number of characters of a label.
pub const MOST_LABEL: usize = 100;

/// One line that says where the key is used.
pub fn check_label(text: &str) -> Result<String, Invalid> {
    text::line("label", text, MOST_LABEL, "Give the key a label: say where it runs.")
}

/// In the order of the catalogue, without duplicates; as many as the profile allows.
pub fn check_scopes(asked: &[&str], profile: &Profile) -> Result<Vec<String>, Invalid> {
    let refused = |message: &str| Err(Invalid::field("scopes", message));
    let held = || profile.scopes.iter().filter(|scope| asked.contains(&scope.name.as_str()));
    match profile.keys.scopes {
        HowMany::None if asked.is_empty() => return Ok(Vec::new()),
        HowMany::None => return refused("Keys have no scopes here; leave them out."),
        HowMany::Many if asked.is_empty() => return refused("Choose at least one scope."),
        HowMany::One if asked.is_empty() => return refused("Choose a scope."),
        _ if asked.iter().any(|name| profile.scope(name).is_none()) => {
            let known: Vec<_> = profile.scopes.iter().map(|scope| scope.name.as_str()).collect();
            return refused(&format!("One of the scopes is not known here. Choose from {}.", known.join(", ")));
        }
        HowMany::One if held().count() > 1 => return refused("A key has one scope here; choose one."),
        HowMany::One | HowMany::Many => {}
    }
    Ok(held().map(|scope| scope.name.clone()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input<'a>() -> KeyInput<'a> {
        KeyInput { label: "CI", environment: "testing", scopes: vec!["write", "read", "read"], ..KeyInput::default() }
    }

    fn check(input: &KeyInput<'_>) -> Result<NewKey, Vec<&'static str>> {
        NewKey::check(input, &Profile::standard(), Timestamp::from_seconds(1_000_000))
            .map_err(|Invalid(errors)| errors.iter().map(|error| error.field).collect())
    }

    #[test]
    fn scopes_come_once_and_in_order() {
        assert_eq!(check(&input()).expect("good").scopes, ["read", "write"]);
    }

    #[test]
    fn keys_have_as_many_scopes_as_the_profile_says() {
        for (how_many, scopes, good) in [
            (HowMany::Many, vec![], false),
            (HowMany::Many, vec!["read", "write"], true),
            (HowMany::One, vec![], false),
            (HowMany::One, vec!["read"], true),
            (HowMany::One, vec!["read", "read"], true),
            (HowMany::One, vec!["read", "write"], false),
            (HowMany::None, vec![], true),
            (HowMany::None, vec!["read"], false),
        ] {
            let mut profile = (*Profile::standard()).clone();
            profile.keys.scopes = how_many;
            let input = KeyInput { scopes: scopes.clone(), ..input() };
            let checked = NewKey::check(&input, &profile, Timestamp::from_seconds(1_000_000));
            assert_eq!(checked.is_ok(), good, "{how_many:?} {scopes:?}");
        }
    }

    #[test]
    fn each_wrong_field_is_named() {
        let long = "x".repeat(101);
        let wrong = KeyInput {
            label: &long,
            environment: "moon",
            scopes: vec![],
            expires: "soon".into(),
            metadata: "[]",
            ..input()
        };
        assert_eq!(check(&wrong), Err(vec!["label", "environment", "scopes", "expires", "metadata"]));
        assert_eq!(check(&KeyInput { scopes: vec!["read", "fly"], ..input() }), Err(vec!["scopes"]));
        assert_eq!(check(&KeyInput { label: "a\u{7}b", ..input() }), Err(vec!["label"]));
    }
}
