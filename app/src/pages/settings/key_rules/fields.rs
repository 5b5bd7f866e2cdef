//! The fields of the rules.

use std::sync::Arc;

use leptos::prelude::*;
use sallyport::{
    key_policy::check::MOST_LIFETIMES,
    leak::LeakResponse,
    profile::{HolderKind, Profile},
};

use crate::{
    components::{CheckField, CheckboxGroup, Choice, DataTable, Head, SelectField, TextField},
    form::FormState,
};

/// Rows that are still empty.
const SPARE: usize = 1;

fn environments(profile: &Profile) -> Vec<Choice> {
    profile.environments.iter().map(|one| Choice::new(&one.name, &one.title)).collect()
}

fn scopes(profile: &Profile) -> Vec<Choice> {
    profile.scopes.iter().map(|one| Choice::new(&one.name, &one.title)).collect()
}

/// A row for each rule, and some to fill in.
#[component]
pub(super) fn Lifetimes(form: FormState, profile: Arc<Profile>) -> impl IntoView {
    let error = form.error("longest_lifetime");
    let typed = |name: &str| form.values_of(name).map(str::to_owned).collect::<Vec<_>>();
    let [chosen_environments, chosen_scopes, days] =
        ["lifetime_environment", "lifetime_scope", "lifetime_days"].map(typed);
    // Rows that were left empty are not shown again, but for the spare ones.
    let rows = chosen_environments.into_iter().zip(chosen_scopes).zip(days);
    let mut rows: Vec<_> = rows.map(|((environment, scope), days)| (environment, scope, days)).collect();
    rows.retain(|(environment, scope, days)| !(environment.is_empty() && scope.is_empty() && days.is_empty()));
    rows.extend(vec![Default::default(); SPARE]);
    rows.truncate(MOST_LIFETIMES.max(SPARE));
    let (known_environments, known_scopes) = (environments(&profile), scopes(&profile));
    let rows = rows.into_iter().enumerate().map(|(at, (environment, scope, days))| {
        let (environments, scopes) = (known_environments.clone(), known_scopes.clone());
        view! { <Lifetime at=at + 1 environments scopes environment scope days/> }
    });
    let rows = rows.collect_view();
    let columns = ["Environment", "Scope", "Days at most"].map(Head::new).to_vec();
    view! {
        <div class="stack">
            <div id="longest_lifetime" class="field" role="group" aria-label="Longest lifetime" tabindex="-1">
                <DataTable label="Longest lifetime" columns>{rows}</DataTable>
                {error.map(|error| view! { <p class="field-error">{error}</p> })}
                <p class="hint">"Leave days empty for no rule. Save to get another row."</p>
            </div>
            <div class="form">
                <TextField
                    form=&form name="default_expiry_days" label="Default expiry (days)"
                    hint="Chosen for a new key unless somebody chooses otherwise."
                />
            </div>
        </div>
    }
}

#[component]
fn Lifetime(
    at: usize,
    environments: Vec<Choice>,
    scopes: Vec<Choice>,
    environment: String,
    scope: String,
    days: String,
) -> impl IntoView {
    view! {
        <tr>
            <td data-label="Environment"><Select name="lifetime_environment" label=format!("Environment of rule {at}") options=environments chosen=environment/></td>
            <td data-label="Scope"><Select name="lifetime_scope" label=format!("Scope of rule {at}") options=scopes chosen=scope/></td>
            <td data-label="Days at most">
                <input class="input" name="lifetime_days" inputmode="numeric" aria-label=format!("Days of rule {at}") value=days/>
            </td>
        </tr>
    }
}

/// Any of these, or one.
#[component]
fn Select(name: &'static str, label: String, options: Vec<Choice>, chosen: String) -> impl IntoView {
    let options = options.into_iter().map(|choice| {
        let selected = choice.value == chosen;
        view! { <option value=choice.value selected=selected>{choice.label}</option> }
    });
    let options = options.collect_view();
    view! {
        <div class="select"><select name=name class="input" aria-label=label><option value="">"Any"</option>{options}</select></div>
    }
}

#[component]
pub(super) fn Approval(form: FormState, profile: Arc<Profile>) -> impl IntoView {
    let (environments, scopes) = (environments(&profile), scopes(&profile));
    let with_scopes = !scopes.is_empty();
    view! {
        <div class="stack form">
            <CheckboxGroup form=&form name="approval_environments" legend="Keys for these environments" options=environments/>
            {with_scopes.then(|| view! {
                <CheckboxGroup form=&form name="approval_scopes" legend="Keys with these scopes" options=scopes/>
            })}
        </div>
    }
}

#[component]
pub(super) fn Others(form: FormState, owner: HolderKind) -> impl IntoView {
    let most = match owner {
        HolderKind::App => "Most keys per app",
        HolderKind::Member => "Most keys per person",
        HolderKind::Organization => "Most keys of the organization",
    };
    view! {
        <div class="stack form">
            <TextField form=&form name="most_keys_per_app" label=most hint="Those that are neither revoked nor expired."/>
            <TextField form=&form name="pause_unused_days" label="Pause keys unused for (days)"/>
            <TextField form=&form name="rotate_every_days" label="Rotate secrets every (days)"/>
            <CheckField
                form=&form name="addresses_in_production" label="Keys for real data have to name their addresses"
                hint="They are used from these only: requests from elsewhere are refused."
            />
        </div>
    }
}

#[component]
pub(super) fn Leak(form: FormState) -> impl IntoView {
    let options = LeakResponse::ALL.map(|response| {
        Choice::new(response.as_str(), response.title()).note(match response {
            LeakResponse::Revoke => "It is refused for good; what uses it needs another key.",
            LeakResponse::Pause => "It is refused until an owner or admin resumes it.",
            LeakResponse::Announce => "It keeps working, for whoever has it.",
        })
    });
    view! { <SelectField form=&form name="on_leak" label="When a key leaks" options=options.to_vec()/> }
}
