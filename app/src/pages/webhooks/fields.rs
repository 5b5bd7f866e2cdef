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
    let every = Choice::new(event_types::EVERY, "Every event").note("those of later versions, too");
    let events =
        [every].into_iter().chain(event_types::offered().map(|(name, title)| Choice::new(name, title).note(name)));
    let autofocus = !form.is_refused();
    view! {
        <TextField
            form=&form name="url" label="Endpoint URL" kind="url" maxlength=500 autofocus mono=true
            hint="Begins with https://, and is reachable from the internet." placeholder="https://hooks.example.com/keys"
        />
        <SelectField
            form=&form name="environment" label="Environment" options=environments
            hint="Of events about keys only those of this environment are sent."
        />
        <TextField form=&form name="description" label="Description" maxlength=200 hint="Optional. What it is for."/>
        <CheckboxGroup form=&form name="events" legend="Events" options=events.collect()/>
    }
}
