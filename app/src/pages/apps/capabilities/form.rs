//! The form of a new token.

use leptos::prelude::*;
use sallyport::profile::CapabilityRules;

use crate::{
    components::{CheckboxGroup, Choice, ErrorSummary, SelectField, TextField},
    form::FormState,
    islands::SubmitOnce,
};

/// The lifetimes that the form offers, in seconds and in words.
const LIFETIMES: [(u64, &str); 6] = [
    (3_600, "1 hour"),
    (86_400, "24 hours"),
    (604_800, "7 days"),
    (2_592_000, "30 days"),
    (7_776_000, "90 days"),
    (31_536_000, "365 days"),
];

/// The form as it is opened: with the lifetime of the profile.
pub fn untouched(rules: &CapabilityRules) -> FormState {
    FormState::typed([("expires_in", rules.lifetime.as_secs().to_string())])
}

/// Those that the profile allows, and its own.
fn lifetimes(rules: &CapabilityRules) -> Vec<Choice> {
    let (own, longest) = (rules.lifetime.as_secs(), rules.longest_lifetime.as_secs());
    let allowed = LIFETIMES.into_iter().filter(|(seconds, _)| *seconds <= longest);
    let mut all: Vec<_> = allowed.map(|(seconds, words)| (seconds, words.to_owned())).collect();
    if !all.iter().any(|(seconds, _)| *seconds == own) {
        all.push((own, format!("{own} seconds")));
        all.sort_unstable();
    }
    all.into_iter().map(|(seconds, words)| Choice::new(seconds.to_string(), words)).collect()
}

#[component]
pub fn MintForm(action: String, form: FormState, rules: CapabilityRules) -> impl IntoView {
    let group = |names: &[String]| names.iter().map(|name| Choice::new(name, name)).collect::<Vec<_>>();
    let (modules, channels) = (group(&rules.modules), group(&rules.channels));
    view! {
        <form method="post" action=action novalidate class="stack form">
            <ErrorSummary form=&form/>
            <TextField
                form=&form name="subject" label="Subject" autocomplete="off"
                hint="The person or thing that the app may do this for, as your app names it."
            />
            {(!modules.is_empty()).then(|| view! {
                <CheckboxGroup form=&form name="modules" legend="Modules" options=modules/>
            })}
            {(!channels.is_empty()).then(|| view! {
                <CheckboxGroup form=&form name="channels" legend="Channels" options=channels/>
            })}
            <SelectField form=&form name="expires_in" label="Lifetime" options=lifetimes(&rules)/>
            <div class="form-foot"><button class="btn btn-primary">"Mint token"</button></div>
            <SubmitOnce/>
        </form>
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_profile_limits_the_lifetimes() {
        let offered = |own, longest| {
            let rules = CapabilityRules {
                lifetime: Duration::from_secs(own),
                longest_lifetime: Duration::from_secs(longest),
                ..CapabilityRules::default()
            };
            lifetimes(&rules).into_iter().map(|choice| choice.label).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(offered(86_400, 2_592_000), "1 hour, 24 hours, 7 days, 30 days");
        assert_eq!(offered(7_200, 86_400), "1 hour, 7200 seconds, 24 hours");
        assert_eq!(offered(60, 60), "60 seconds");
    }
}
