//! The dialog *Rotate key*.

use std::sync::Arc;

use leptos::prelude::*;
use sallyport::{
    key::{Ends, Key, LiveSecrets},
    profile::{Profile, RotationRules},
};

use crate::{
    acts::rotation::{CUSTOM, GRACES},
    components::{CheckField, Choice, ErrorSummary, Hidden, Modal, PanelFoot, SelectField, TextField},
    form::FormState,
    islands::SubmitOnce,
};

/// The form as it is opened: with the grace period of the profile.
pub fn untouched(key: &Key, live: &LiveSecrets, rules: &RotationRules) -> FormState {
    let seconds = rules.grace.as_secs();
    let named = GRACES.into_iter().find(|(_, grace, _)| *grace == seconds);
    let mut pairs = vec![("grace", named.map_or(CUSTOM, |(value, ..)| value).to_owned())];
    if named.is_none() {
        pairs.push(("hours", seconds.div_ceil(3_600).to_string()));
    }
    if key.has_signing_secret {
        pairs.push(("signing_secret", "on".to_owned()));
    }
    if live.previous.is_some() {
        pairs.push(("end", Ends::Previous.as_str().to_owned()));
    }
    FormState::typed(pairs)
}

/// The grace periods that the profile allows.
fn graces(rules: &RotationRules) -> Vec<Choice> {
    let allowed = GRACES.into_iter().filter(|(_, seconds, _)| *seconds <= rules.longest_grace.as_secs());
    let named = allowed.map(|(value, _, label)| Choice::new(value, label));
    named.chain([Choice::new(CUSTOM, "Custom")]).collect()
}

#[component]
pub fn RotateDialog(key: Key, live: LiveSecrets, form: FormState, profile: Arc<Profile>) -> impl IntoView {
    let rules = profile.rotation;
    let path = format!("/keys/{}/rotate", key.id);
    let close = if live.previous.is_some() { path.clone() } else { format!("/keys/{}", key.id) };
    let most = rules.longest_grace.as_secs() / 3_600;
    let ends = live.previous.as_ref().zip(live.current.as_ref()).map(|(previous, current)| {
        let named = |what: &str, shown: &str| format!("The {what} one, {shown}");
        let options = vec![
            Choice::new(Ends::Previous.as_str(), named("old", &previous.shown)),
            Choice::new(Ends::Current.as_str(), named("new", &current.shown)),
        ];
        let hint = "Two are accepted already. The other one is accepted for the grace period.";
        view! { <SelectField form=&form name="end" label="End at once" options hint/> }
    });
    let signing = key.has_signing_secret.then(|| {
        view! {
            <CheckField
                form=&form name="signing_secret" label="Signing secret, too"
                hint="The old one is accepted as long as the old key."
            />
        }
    });
    view! {
        <Modal title="Rotate key" sub=key.label close_href=close.clone()>
            <form method="post" action=path novalidate>
                <div class="stack">
                    <ErrorSummary form=&form/>
                    <Hidden name="seen" value=live.last.to_string()/>
                    <p>"The key gets a new secret and keeps its id, label, scopes, history and usage. The old secret is accepted until the grace period ends."</p>
                    {ends}
                    <div class="pair">
                        <SelectField
                            form=&form name="grace" label="Grace period" options=graces(&rules) autofocus=!form.is_refused()
                            hint="If the key leaked, choose None."
                        />
                        <TextField
                            form=&form name="hours" label="Hours" hint=format!("Up to {most}, if Custom is chosen.")
                        />
                    </div>
                    {signing}
                </div>
                <PanelFoot cancel_href=close>
                    <button class="btn btn-primary">"Rotate key"</button>
                </PanelFoot>
                <SubmitOnce/>
            </form>
        </Modal>
    }
}
