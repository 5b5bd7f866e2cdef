//! A rule to be made or changed, checked against the profile.

use std::time::Duration;

use super::{Claims, IDENTIFYING, LONGEST, SHORTEST, TrustRule, pattern};
use crate::{
    Invalid,
    key::{Addresses, new::check_scopes},
    profile::Profile,
    text,
    webhook::{AllowedTargets, Target},
};

const MOST_NAME: usize = 100;
const MOST_CLAIMS: usize = 10;
const MOST_CLAIM_NAME: usize = 64;
const MOST_AUDIENCE: usize = 255;

/// Claims that are checked anyway, or are never the same twice.
const CHECKED: [&str; 7] = ["iss", "aud", "exp", "nbf", "iat", "jti", "azp"];

/// The input. What is `None` stays as it is, or has its default.
#[derive(Clone, Debug, Default)]
pub struct TrustRuleInput {
    pub name: Option<String>,
    pub issuer: Option<String>,
    pub audience: Option<String>,
    pub claims: Option<Vec<(String, String)>>,
    pub environment: Option<String>,
    pub scopes: Option<Vec<String>>,
    pub lifetime_seconds: Option<u64>,
    /// Blocks of addresses.
    pub addresses: Option<Vec<String>>,
    pub paused: Option<bool>,
}

/// A checked rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTrustRule {
    pub name: String,
    pub issuer: String,
    pub audience: String,
    pub claims: Claims,
    pub environment: String,
    pub scopes: Vec<String>,
    pub lifetime: Duration,
    pub addresses: Addresses,
}

/// A checked change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustRuleChange {
    pub name: Option<String>,
    pub issuer: Option<String>,
    pub audience: Option<String>,
    pub claims: Option<Claims>,
    pub environment: Option<String>,
    pub scopes: Option<Vec<String>>,
    pub lifetime: Option<Duration>,
    pub addresses: Option<Addresses>,
    pub paused: Option<bool>,
}

impl TrustRuleInput {
    /// Of a rule to be made: what is missing is refused, except for the lifetime and the addresses.
    pub fn check_new(self, profile: &Profile, allowed: &AllowedTargets) -> Result<NewTrustRule, Invalid> {
        let whole = Self {
            name: Some(self.name.unwrap_or_default()),
            issuer: Some(self.issuer.unwrap_or_default()),
            audience: Some(self.audience.unwrap_or_default()),
            claims: Some(self.claims.unwrap_or_default()),
            environment: Some(self.environment.unwrap_or_default()),
            scopes: Some(self.scopes.unwrap_or_default()),
            ..self
        };
        let checked = whole.check(profile, allowed)?;
        Ok(NewTrustRule {
            name: checked.name.unwrap_or_default(),
            issuer: checked.issuer.unwrap_or_default(),
            audience: checked.audience.unwrap_or_default(),
            claims: checked.claims.unwrap_or_default(),
            environment: checked.environment.unwrap_or_default(),
            scopes: checked.scopes.unwrap_or_default(),
            lifetime: checked.lifetime.unwrap_or(LONGEST),
            addresses: checked.addresses.unwrap_or_default(),
        })
    }

    /// Of a change.
    pub fn check(self, profile: &Profile, allowed: &AllowedTargets) -> Result<TrustRuleChange, Invalid> {
        let mut invalid = Invalid::default();
        let name = self.name.map(|name| {
            invalid.take(text::line("name", &name, MOST_NAME, "Give the rule a name: say which jobs it is for."))
        });
        let issuer = self.issuer.map(|issuer| invalid.take(check_issuer(&issuer, allowed)));
        let audience = self.audience.map(|audience| invalid.take(check_audience(&audience)));
        let claims = self.claims.map(|claims| invalid.take(check_claims(claims)));
        let environment = self.environment.inspect(|name| {
            if profile.environment(name).is_none() {
                let known: Vec<_> = profile.environments.iter().map(|known| known.name.as_str()).collect();
                invalid.push("environment", format!("Choose a key type: {}.", known.join(", ")));
            }
        });
        let scopes = self.scopes.map(|scopes| {
            let scopes: Vec<_> = scopes.iter().map(String::as_str).collect();
            invalid.take(check_scopes(&scopes, profile))
        });
        let lifetime = self.lifetime_seconds.map(|seconds| invalid.take(check_lifetime(seconds)));
        let addresses = self.addresses.map(|list| invalid.take(Addresses::check_list(&list)));
        let paused = self.paused;
        invalid.or(TrustRuleChange { name, issuer, audience, claims, environment, scopes, lifetime, addresses, paused })
    }
}

fn check_issuer(issuer: &str, allowed: &AllowedTargets) -> Result<String, Invalid> {
    let refused = |why: String| Invalid::field("issuer", why);
    let write = "Write the issuer exactly as its tokens do, such as https://token.actions.githubusercontent.com.";
    if issuer.is_empty() || issuer.trim() != issuer || issuer.contains(['?', '#', '@', '\\']) {
        return Err(refused(write.to_owned()));
    }
    Target::parse(issuer, allowed).map_err(refused)?;
    Ok(issuer.to_owned())
}

fn check_audience(audience: &str) -> Result<String, Invalid> {
    let refused = |why: &str| Err(Invalid::field("audience", why));
    if audience.is_empty() || audience.chars().any(|letter| letter.is_control() || letter.is_whitespace()) {
        return refused("Write the audience that the job asks for, such as the address of this portal.");
    }
    if audience.len() > MOST_AUDIENCE {
        return refused("An audience has at most 255 characters.");
    }
    if audience.contains('*') {
        return refused("The audience is compared exactly: write it without *.");
    }
    Ok(audience.to_owned())
}

fn check_claims(sent: Vec<(String, String)>) -> Result<Claims, Invalid> {
    let refused = |why: String| Err(Invalid::field("claims", why));
    if sent.len() > MOST_CLAIMS {
        return refused(format!("A rule names at most {MOST_CLAIMS} claims."));
    }
    let mut claims = Claims::new();
    for (name, value) in sent {
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-.:/".contains(letter);
        if name.is_empty() || name.len() > MOST_CLAIM_NAME || !name.chars().all(is_plain) {
            return refused("Name each claim as tokens do, such as sub or repository_id.".to_owned());
        }
        if CHECKED.contains(&name.as_str()) {
            return refused(format!("Leave out {name}: it is checked anyway, or differs in each token."));
        }
        if let Err(why) = pattern::check(&name, &value) {
            return refused(why);
        }
        if claims.insert(name.clone(), value).is_some() {
            return refused(format!("{name} is there twice."));
        }
    }
    if !IDENTIFYING.iter().any(|name| claims.contains_key(*name)) {
        return refused(format!(
            "Say whose tokens these are: name one of {}, or anybody’s would do.",
            IDENTIFYING.join(", ")
        ));
    }
    Ok(claims)
}

fn check_lifetime(seconds: u64) -> Result<Duration, Invalid> {
    let lifetime = Duration::from_secs(seconds);
    if (SHORTEST..=LONGEST).contains(&lifetime) {
        return Ok(lifetime);
    }
    let message = format!("Choose between {} and {} seconds.", SHORTEST.as_secs(), LONGEST.as_secs());
    Err(Invalid::field("lifetime_seconds", message))
}

impl TrustRuleChange {
    /// The rule as it is afterwards, but for its pause.
    pub fn applied(self, rule: &TrustRule) -> TrustRule {
        let before = rule.clone();
        TrustRule {
            name: self.name.unwrap_or(before.name),
            issuer: self.issuer.unwrap_or(before.issuer),
            audience: self.audience.unwrap_or(before.audience),
            claims: self.claims.unwrap_or(before.claims),
            environment: self.environment.unwrap_or(before.environment),
            scopes: self.scopes.unwrap_or(before.scopes),
            lifetime: self.lifetime.unwrap_or(before.lifetime),
            addresses: self.addresses.unwrap_or(before.addresses),
            ..before
        }
    }
}
