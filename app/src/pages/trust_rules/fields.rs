//! The fields of a rule, for a new one and for one that is changed.

use leptos::prelude::*;
use sallyport::{
    profile::{HowMany, Profile},
    trust_rule::TrustRule,
};

use crate::{
    components::{CheckboxGroup, Choice, RadioGroup, SelectField, TextArea, TextField},
    form::FormState,
};

/// The lifetimes that the form offers, in seconds and in words.
const LIFETIMES: [(u64, &str); 5] =
    [(60, "1 minute"), (120, "2 minutes"), (300, "5 minutes"), (600, "10 minutes"), (900, "15 minutes")];

/// A new rule for this CI service, as it is opened.
pub(super) fn begun(service: &str, public_url: &str) -> FormState {
    let (name, issuer, claims) = match service {
        "github" => (
            "Deploy from main",
            "https://token.actions.githubusercontent.com",
            "sub=repo:OWNER/REPOSITORY:ref:refs/heads/main",
        ),
        "gitlab" => {
            ("Deploy from main", "https://gitlab.com", "sub=project_path:GROUP/PROJECT:ref_type:branch:ref:main")
        }
        _ => ("", "", "sub="),
    };
    FormState::new()
        .with_default("name", name)
        .with_default("issuer", issuer)
        .with_default("audience", public_url)
        .with_default("claims", claims)
        .with_default("lifetime_seconds", "900")
}

/// A rule as it is.
pub(super) fn filled(rule: &TrustRule) -> FormState {
    let lines = rule.claims.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
    let mut pairs = vec![
        ("name", rule.name.clone()),
        ("issuer", rule.issuer.clone()),
        ("audience", rule.audience.clone()),
        ("claims", lines.join("\n")),
        ("environment", rule.environment.clone()),
        ("lifetime_seconds", rule.lifetime.as_secs().to_string()),
        ("addresses", rule.addresses.lines().collect::<Vec<_>>().join("\n")),
    ];
    pairs.extend(rule.scopes.iter().map(|scope| ("scopes", scope.clone())));
    FormState::typed(pairs)
}

/// Those of the list, and the rule's own.
fn lifetimes(form: &FormState) -> Vec<Choice> {
    let mut all: Vec<_> = LIFETIMES.map(|(seconds, words)| (seconds, words.to_owned())).into();
    if let Ok(own) = form.value("lifetime_seconds").parse::<u64>()
        && !all.iter().any(|(seconds, _)| *seconds == own)
    {
        all.push((own, format!("{own} seconds")));
        all.sort_unstable();
    }
    all.into_iter().map(|(seconds, words)| Choice::new(seconds.to_string(), words)).collect()
}

#[component]
pub(super) fn RuleFields<'a>(form: FormState, profile: &'a Profile) -> impl IntoView + use<> {
    let environments =
        profile.environments.iter().map(|one| Choice::new(one.name.clone(), one.title.clone())).collect();
    let scopes: Vec<_> = profile.scopes.iter().map(|one| Choice::new(one.name.clone(), one.title.clone())).collect();
    let scopes = match profile.keys.scopes {
        HowMany::None => None,
        HowMany::One => Some(view! { <RadioGroup form=&form name="scopes" legend="Scope" options=scopes/> }.into_any()),
        HowMany::Many => {
            Some(view! { <CheckboxGroup form=&form name="scopes" legend="Scopes" options=scopes/> }.into_any())
        }
    };
    let (autofocus, lifetimes) = (!form.is_refused(), lifetimes(&form));
    view! {
        <TextField
            form=&form name="name" label="Name" maxlength=100 autofocus hint="Which jobs it is for. Its keys have it as their label."
        />
        <TextField
            form=&form name="issuer" label="Issuer" maxlength=500 mono=true
            hint="The claim iss, exactly. Its keys are read from there."
            placeholder="https://token.actions.githubusercontent.com"
        />
        <TextField
            form=&form name="audience" label="Audience" maxlength=255 mono=true
            hint="The claim aud, exactly: what the job asks its CI service for."
        />
        <TextArea
            form=&form name="claims" label="Claims" rows=4 mono=true
            hint="A line for each: its name, =, and what it has to be. One of sub, repository_id and project_id is needed. * stands for \
                a whole part between : and /, after at least two others; ** at the end for all that follow."
        />
        <SelectField form=&form name="environment" label="Environment" options=environments/>
        {scopes}
        <SelectField
            form=&form name="lifetime_seconds" label="Lifetime of a key" options=lifetimes hint="Long enough for the job."
        />
        <TextArea
            form=&form name="addresses" label="Addresses" rows=2 mono=true
            hint="Optional. Blocks from which the keys may be used, such as 203.0.113.0/24; others are refused."
        />
    }
}
