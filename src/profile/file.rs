//! A profile as its file says it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    Brand, Bundle, Credentials, Environment, KeyRules, LimitHeaders, PathLimit, PlanLimits, Profile, ScopeSet,
    SignatureHeaders, WebhookHeaders, path::PathPattern,
};
use crate::{
    plan::Plan,
    scope::{Method, Scope},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    brand: Brand,
    credentials: Credentials,
    #[serde(default)]
    keys: KeyRules,
    environments: Vec<Environment>,
    #[serde(default)]
    scopes: Vec<ScopeEntry>,
    #[serde(default)]
    bundles: Vec<Bundle>,
    #[serde(default)]
    plans: BTreeMap<Plan, PlanEntry>,
    #[serde(default)]
    limits: LimitHeaders,
    signatures: Option<SignatureHeaders>,
    #[serde(default)]
    webhooks: WebhookHeaders,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScopeEntry {
    name: String,
    title: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    methods: Vec<String>,
    #[serde(default)]
    paths: Vec<String>,
    #[serde(default)]
    implies: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanEntry {
    per_minute: Option<u32>,
    per_day: Option<u32>,
    #[serde(default)]
    classes: BTreeMap<String, u32>,
    #[serde(default)]
    paths: Vec<PathEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PathEntry {
    pattern: String,
    per_minute: u32,
}

impl Profile {
    /// Reads a profile, or says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut profile = Self {
            name: file.name,
            brand: file.brand,
            credentials: file.credentials,
            keys: file.keys,
            environments: file.environments,
            scopes: file.scopes.into_iter().map(scope).collect::<Result<_, _>>()?,
            bundles: file.bundles,
            plans: Default::default(),
            limits: file.limits,
            signatures: file.signatures.unwrap_or_else(|| SignatureHeaders {
                signature: "X-Sallyport-Signature".to_owned(),
                timestamp: "X-Sallyport-Timestamp".to_owned(),
            }),
            webhooks: file.webhooks,
            granted: Vec::new(),
        };
        profile.granted = (0..profile.scopes.len()).map(|place| closure(&profile, place)).collect();
        for (plan, entry) in file.plans {
            profile.plans[plan as usize] = plan_limits(&profile, entry)?;
        }
        Ok(profile)
    }
}

fn scope(entry: ScopeEntry) -> Result<Scope, String> {
    let method = |text: String| Method::judged(&text).ok_or_else(|| format!("{text} is no method that scopes allow."));
    let pattern = |text: String| PathPattern::parse(&text).map_err(str::to_owned);
    Ok(Scope {
        name: entry.name,
        title: entry.title,
        description: entry.description,
        implies: entry.implies,
        methods: entry.methods.into_iter().map(method).collect::<Result<_, _>>()?,
        paths: entry.paths.into_iter().map(pattern).collect::<Result<_, _>>()?,
    })
}

/// A scope with all that it implies, at any remove.
fn closure(profile: &Profile, place: usize) -> ScopeSet {
    let (mut all, mut waiting) = (ScopeSet::default(), vec![place]);
    while let Some(place) = waiting.pop() {
        if !all.has(place) {
            all = all.with(place);
            waiting.extend(profile.scopes[place].implies.iter().filter_map(|name| profile.place(name)));
        }
    }
    all
}

fn plan_limits(profile: &Profile, entry: PlanEntry) -> Result<PlanLimits, String> {
    let path = |path: PathEntry| {
        let pattern = PathPattern::parse(&path.pattern).map_err(str::to_owned)?;
        Ok::<_, String>(PathLimit { pattern, per_minute: path.per_minute })
    };
    Ok(PlanLimits {
        per_minute: entry.per_minute,
        per_day: entry.per_day,
        classes: profile.scopes.iter().map(|scope| entry.classes.get(&scope.name).copied()).collect(),
        paths: entry.paths.into_iter().map(path).collect::<Result<_, _>>()?,
    })
}
