//! The fields of an endpoint, for a new one and for one that is changed.

use leptos::prelude::*;
use sallyport::{profile::Profile, webhook::event_types};

use crate::{
    components::{CheckboxGroup, Choice, SelectField, TextField},
    form::FormState,
};

#[component]
pub(super) fn WebhookFields<'a>(form: FormState, profile: &'a Profile) -> impl IntoView + use<> {
    let environments =
        profile.environments.iter().map(|one| Choice::new(one.name.clone(), one.title.clone())).collect();
    let every = Choice::new(event_types::EVERY, "Every event").note("Including events of later versions");
    let some = event_types::offered().any(|(name, _)| form.has("events", name));
    let single = event_types::offered().map(|(name, title)| {
        let checked = form.has("events", name);
        view! {
            <label class="check" title=name>
                <input type="checkbox" name="events" value=name checked=checked/>
                {title}
            </label>
        }
    });
    let single: Vec<_> = single.collect();
    let autofocus = !form.is_refused();
    view! {
        <TextField
            form=&form name="url" label="Endpoint URL" kind="url" maxlength=500 autofocus mono=true
            hint="Begins with https://, and is reachable from the internet." placeholder="https://hooks.example.com/keys"
        />
        <SelectField
            form=&form name="environment" label="Environment" options=environments
            hint="Only events of keys in this environment are sent."
        />
        <TextField form=&form name="description" label="Description" maxlength=200 hint="Optional. What it is for."/>
        <CheckboxGroup form=&form name="events" legend="Events" options=vec![every]/>
        <details class="disclosure" open=some>
            <summary>"Only some events"</summary>
            <div class="stack" role="group" aria-label="Only some events">
                <p class="hint">"Untick “Every event” to get only these."</p>
                {single}
            </div>
        </details>
    }
}
