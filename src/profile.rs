//! What differs between deployments: the holders of keys, their scopes, where a key is sent, and rate limits.

mod capabilities;
mod check;
mod deleting;
pub mod errors;
mod fault;
mod file;
mod narrowest;
pub mod path;
mod rotation;
mod scope_set;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    colour::Colour,
    key_policy::KeyPolicy,
    picture::Picture,
    plan::Plan,
    scope::{Request, Scope},
    verdict::Verdict,
};
pub use capabilities::CapabilityRules;
use errors::Errors;
pub use fault::{Fault, Faults};
use path::PathPattern;
pub use rotation::{RotationKind, RotationRules};
pub use scope_set::ScopeSet;

/// Whether a key reaches real data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    Live,
    Test,
}

impl Mode {
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "live" => Some(Self::Live),
            "test" => Some(Self::Test),
            _ => None,
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Test => "test",
        }
    }
}

/// An environment, called *Key Type* in the panel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    pub name: String,
    pub title: String,
    pub mode: Mode,
    /// The prefix of its keys: `sk_live_`.
    pub prefix: String,
}

/// The holders of keys that the portal generates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HolderKind {
    #[default]
    App,
    /// A person: a personal access token.
    Member,
    Organization,
}

impl HolderKind {
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "app" => Some(Self::App),
            "member" => Some(Self::Member),
            "organization" => Some(Self::Organization),
            _ => None,
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Member => "member",
            Self::Organization => "organization",
        }
    }

    /// Describes who generates keys, and where.
    pub const fn who_generates(self) -> &'static str {
        match self {
            Self::App => "Keys belong to apps here; generate one for an app.",
            Self::Member => "Keys belong to people here; each generates their own, in an organization.",
            Self::Organization => "Keys belong to organizations here; generate one for the organization.",
        }
    }
}

/// How many scopes a key has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HowMany {
    #[default]
    Many,
    One,
    None,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brand {
    pub name: String,
    pub docs_url: Option<String>,
    /// The colour of buttons and links; without it, Sallyport's.
    pub accent: Option<Colour>,
    /// Shown instead of Sallyport's.
    pub logo: Option<Arc<Picture>>,
}

/// Where the key is in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// In lower case, as in HTTP/2.
    pub headers: Vec<String>,
    /// `Authorization: Bearer`.
    pub bearer: bool,
    /// A query parameter: keys in it end up in logs, so it is off unless configured.
    pub query: Option<String>,
    /// The header that names the organization of a call.
    pub workspace_header: Option<String>,
    pub https_only: bool,
    /// Accepts OPTIONS, which browsers send without a key.
    pub pass_options: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyRules {
    pub owner: HolderKind,
    pub scopes: HowMany,
    /// Whether the panel offers a signing secret.
    pub signing_secret: bool,
}

/// A set of scopes that can be selected at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    pub name: String,
    pub title: String,
    pub description: String,
    pub scopes: Vec<String>,
}

/// The rate limits of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanLimits {
    pub per_minute: Option<u32>,
    pub per_day: Option<u32>,
    /// By index in the catalogue: replaces `per_minute` for keys whose highest scope this is.
    pub classes: Vec<Option<u32>>,
    pub paths: Vec<PathLimit>,
}

impl PlanLimits {
    /// The highest limit per minute of any key, whatever its scopes; `None` if some keys are unlimited.
    pub fn most_per_minute(&self) -> Option<u32> {
        let of_scopes = self.classes.iter().map(|class| class.or(self.per_minute));
        let all: Option<Vec<u32>> = of_scopes.collect();
        all?.into_iter().chain(self.per_minute).max()
    }
}

/// An additional limit for some paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathLimit {
    pub pattern: PathPattern,
    pub per_minute: u32,
}

/// Names of additional rate limit headers. Those of the standard are always sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LimitHeaders {
    pub limit: Option<String>,
    pub remaining: Option<String>,
    /// In seconds since 1970.
    pub reset: Option<String>,
    /// In addition to `Retry-After`, which is always sent with 429.
    pub retry_after: Option<String>,
}

/// Names of headers of a webhook's delivery in addition to those of Standard Webhooks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebhookHeaders {
    pub signature: Option<String>,
    /// Before the signature: `sha256=`.
    pub prefix: String,
    pub timestamp: Option<String>,
    pub sequence: Option<String>,
}

/// Names of the headers of a signed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureHeaders {
    pub signature: String,
    pub timestamp: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    pub name: String,
    pub brand: Brand,
    pub credentials: Credentials,
    pub keys: KeyRules,
    pub rotation: RotationRules,
    pub capabilities: CapabilityRules,
    /// The rules for keys of organizations that set none of their own.
    pub key_policy: KeyPolicy,
    pub environments: Vec<Environment>,
    pub scopes: Vec<Scope>,
    pub bundles: Vec<Bundle>,
    /// In the order of [`Plan::ALL`].
    pub plans: [PlanLimits; 3],
    pub limits: LimitHeaders,
    pub signatures: SignatureHeaders,
    pub webhooks: WebhookHeaders,
    /// The name of the file that an app reads its configuration from.
    pub runtime_file: String,
    pub errors: Errors,
    /// The `WWW-Authenticate` header of a 401.
    pub challenge: String,
    /// What each scope grants, including what it implies; by index in the catalogue.
    granted: Vec<ScopeSet>,
}

impl Profile {
    /// The default profile.
    pub fn standard() -> Arc<Self> {
        Arc::new(Self::parse(include_str!("../examples/profiles/default.toml")).expect("our own profile is good"))
    }

    pub fn environment(&self, name: &str) -> Option<&Environment> {
        self.environments.iter().find(|environment| environment.name == name)
    }

    pub fn scope(&self, name: &str) -> Option<&Scope> {
        self.scopes.iter().find(|scope| scope.name == name)
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.scopes.iter().position(|scope| scope.name == name)
    }

    /// The prefix of a key, if it has one of this profile's.
    pub fn prefix_of<'a>(&'a self, key: &str) -> Option<&'a str> {
        self.prefixes().find(|prefix| key.starts_with(prefix))
    }

    /// The prefixes of keys, by environment.
    pub fn prefixes(&self) -> impl Iterator<Item = &str> {
        self.environments.iter().map(|environment| environment.prefix.as_str())
    }

    /// The header in which examples send a key, and the text before the key in it.
    pub fn key_header(&self) -> (&str, &'static str) {
        match self.credentials.headers.first() {
            Some(header) => (header, ""),
            None => ("Authorization", "Bearer "),
        }
    }

    pub fn plan(&self, plan: Plan) -> &PlanLimits {
        &self.plans[plan as usize]
    }

    /// The named scopes that still exist in the catalogue.
    pub fn set<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> ScopeSet {
        names.into_iter().filter_map(|name| self.place(name)).fold(ScopeSet::default(), ScopeSet::with)
    }

    /// The scopes of a set with all that they imply.
    pub fn granted(&self, held: ScopeSet) -> ScopeSet {
        held.places().filter_map(|place| self.granted.get(place)).fold(ScopeSet::default(), |all, one| all.and(*one))
    }

    /// What a key has to hold to be granted `asked`: one name of each list. A scope is granted by itself and by each
    /// that implies it, directly or indirectly; a bundle requires all of its scopes; an unknown name requires itself.
    pub fn granting<'a>(&'a self, asked: &'a str) -> Vec<Vec<&'a str>> {
        let of_scope = |asked: &'a str| {
            let place = self.place(asked);
            let grants = |(scope, granted): (&'a Scope, &ScopeSet)| {
                place.is_some_and(|place| granted.has(place)).then_some(scope.name.as_str())
            };
            let names: Vec<_> = self.scopes.iter().zip(&self.granted).filter_map(grants).collect();
            if names.is_empty() { vec![asked] } else { names }
        };
        match self.bundles.iter().find(|bundle| bundle.name == asked && self.place(asked).is_none()) {
            Some(bundle) => bundle.scopes.iter().map(|scope| of_scope(scope)).collect(),
            None => vec![of_scope(asked)],
        }
    }

    /// The message of a refusal without one in the profile.
    pub fn sentence(&self, verdict: Verdict) -> String {
        errors::sentences::of(verdict, &self.credentials)
    }

    /// The scope with which a key may use the management endpoints of its organization.
    pub fn managing_scope(&self) -> Option<&str> {
        self.scopes.iter().find(|scope| scope.manages).map(|scope| scope.name.as_str())
    }

    /// The scope with which a key may mint capability tokens.
    pub fn minting_scope(&self) -> Option<&str> {
        self.scopes.iter().find(|scope| scope.mints_capabilities).map(|scope| scope.name.as_str())
    }

    /// Whether a key with these scopes mints capability tokens. Sandbox keys do not, nor do keys of a person.
    pub fn mints<'a>(&'a self, owner: HolderKind, mode: Mode, scopes: impl IntoIterator<Item = &'a str>) -> bool {
        let minting = self.minting_scope().filter(|_| owner != HolderKind::Member && mode == Mode::Live);
        minting.is_some_and(|scope| self.includes(self.granted(self.set(scopes)), scope))
    }

    /// Whether a key with these scopes manages its organization. Sandbox keys do not, nor do keys of an app or a
    /// person, which may exist from before a change of the profile.
    pub fn manages<'a>(&self, owner: HolderKind, mode: Mode, scopes: impl IntoIterator<Item = &'a str>) -> bool {
        let granted = || self.granted(self.set(scopes));
        let managing = self.managing_scope().filter(|_| owner == HolderKind::Organization && mode == Mode::Live);
        managing.is_some_and(|scope| self.includes(granted(), scope))
    }

    /// Whether a scope or a limit depends on the path of a request.
    pub fn depends_on_paths(&self) -> bool {
        let limited = self.plans.iter().any(|plan| !plan.paths.is_empty());
        limited || self.scopes.iter().any(|scope| !scope.paths.is_empty())
    }

    pub fn names(&self, set: ScopeSet) -> impl Iterator<Item = &str> {
        set.places().filter_map(|place| self.scopes.get(place)).map(|scope| scope.name.as_str())
    }

    /// Whether the granted scopes include that scope.
    pub fn includes(&self, granted: ScopeSet, asked: &str) -> bool {
        self.place(asked).is_some_and(|place| granted.has(place))
    }

    /// Whether the granted scopes allow such a request. A catalogue without rules for requests allows every request
    /// with an unambiguous path.
    pub fn allows(&self, granted: ScopeSet, request: &Request<'_>) -> bool {
        if request.is_ambiguous() {
            return false;
        }
        if request.is_unknown() || !self.scopes.iter().any(Scope::judges) {
            return true;
        }
        if request.is_options() {
            return self.credentials.pass_options;
        }
        granted.places().filter_map(|place| self.scopes.get(place)).any(|scope| scope.allows(request))
    }
}

#[cfg(test)]
mod tests;
