//! The side panel *Generate API Key*, according to the profile.

use std::sync::Arc;

use leptos::prelude::*;
use sallyport::{
    Timestamp,
    app::App,
    profile::{HolderKind, Profile},
};

use super::{
    expiry_fields::ExpiryFields,
    least_privilege::NARROWER,
    restrictions::AddressFields,
    scope_fields::{BundleButtons, ScopeFields, has_bundles},
};
use crate::{
    access::OrgAccess,
    components::{CheckField, Choice, ErrorSummary, Hidden, PanelFoot, SelectField, SidePanel, TextField},
    context::Context,
    form::FormState,
    form_token,
    islands::SubmitOnce,
};

/// What the panel needs in addition to the form.
pub struct Panel {
    /// Where the form is sent, and where Cancel leads.
    path: String,
    /// The organization of the new key.
    org: String,
    apps: Vec<App>,
    form: FormState,
    token: String,
    now: Timestamp,
    profile: Arc<Profile>,
}

impl Panel {
    pub fn new(context: &Context, access: &OrgAccess, path: &str, apps: Vec<App>, form: FormState) -> Self {
        let store = &context.store;
        Self {
            path: path.to_owned(),
            org: access.org.name.clone(),
            apps,
            form,
            token: form_token::mint(store.vault(), store.entropy(), &access.me.user.id, store.now()),
            now: store.now(),
            profile: store.profile().clone(),
        }
    }

    /// The holder of the new key.
    fn sub(&self) -> String {
        let whom = match self.profile.keys.owner {
            HolderKind::App => "A key belongs to one app.".to_owned(),
            HolderKind::Member => format!("It is yours: it acts for you in {} as long as you are a member.", self.org),
            HolderKind::Organization => format!("It acts for all of {}.", self.org),
        };
        let once = if self.profile.keys.signing_secret { "Its secrets are shown once." } else { "It is shown once." };
        format!("{whom} {once}")
    }

    fn apps(&self) -> Vec<Choice> {
        let mut choices: Vec<_> = self.apps.iter().map(|app| Choice::new(app.id.as_str(), &app.name)).collect();
        if !choices.iter().any(|choice| choice.value == self.form.value("app_id")) && choices.len() != 1 {
            choices.insert(0, Choice::new("", "Choose an app"));
        }
        choices
    }
}

/// "sk_live_… for Production; sk_test_… for Development, Staging, Testing, Other."
fn prefixes(profile: &Profile) -> String {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for environment in &profile.environments {
        match groups.iter_mut().find(|(prefix, _)| *prefix == environment.prefix) {
            Some((_, titles)) => titles.push(&environment.title),
            None => groups.push((&environment.prefix, vec![&environment.title])),
        }
    }
    let groups: Vec<_> =
        groups.into_iter().map(|(prefix, titles)| format!("{prefix}… for {}", titles.join(", "))).collect();
    groups.join("; ") + "."
}

#[component]
pub fn GeneratePanel(panel: Panel) -> impl IntoView {
    let sub = panel.sub();
    let apps = (panel.profile.keys.owner == HolderKind::App).then(|| panel.apps());
    let Panel { path, form, token, now, profile, .. } = panel;
    // Sent with the panel's query, so that closing the panel changes the address even after an error. It leads to the
    // link that opened the panel, and browsers focus the element that an address refers to.
    let (action, close) = (format!("{path}?panel=generate"), format!("{path}#generate"));
    let chosen = apps.as_ref().and_then(|apps| apps.first()).is_none_or(|app| !app.value.is_empty());
    let apps = apps.map(|options| {
        view! { <SelectField form=&form name="app_id" label="Choose App" options autofocus=!(chosen || form.is_refused())/> }
    });
    let environments =
        profile.environments.iter().map(|environment| Choice::new(&environment.name, &environment.title)).collect();
    let prefixes = prefixes(&profile);
    // Only a key that begins with what another was used for, or where the rules demand addresses; the others get
    // restrictions later.
    let with_addresses = !form.value("address_mode").is_empty();
    let signing = profile.keys.signing_secret.then(|| {
        view! {
            <CheckField
                form=&form name="signing_secret" label="Signing secret"
                hint="For servers that sign their requests (HMAC-SHA256). Untick it if you don’t need one."
            />
        }
    });
    let title = if with_addresses { NARROWER } else { "Generate API Key" };
    let docs = profile.brand.docs_url.clone().map(|href| {
        view! { <p class="hint"><a class="link" href=href rel="noreferrer">{format!("{} documentation", profile.brand.name)}</a></p> }
    });
    let bundles =
        has_bundles(&profile).then(|| view! { <BundleButtons profile=profile.clone() action=action.clone()/> });
    view! {
        <SidePanel title sub close_href=close.clone()>
            <form method="post" action=action novalidate>
                // Enter in a field presses the first button of the form, which must not be a bundle's.
                {bundles.is_some().then(|| view! { <button class="sr-only" tabindex="-1" aria-hidden="true">"Generate key"</button> })}
                <div class="stack">
                    <ErrorSummary form=&form/>
                    <Hidden name="form_token" value=token/>
                    {apps}
                    <TextField
                        form=&form name="label" label="Label" autofocus=chosen && !form.is_refused()
                        hint="Where the key is used, so that you can find it."
                    />
                    <SelectField form=&form name="environment" label="Key Type" options=environments hint=prefixes/>
                    {bundles}
                    <ScopeFields form=form.clone() profile/>
                    {with_addresses.then(|| view! { <AddressFields form=&form rows=2/> })}
                    <ExpiryFields form=&form now/>
                    {signing}
                    {docs}
                </div>
                <PanelFoot cancel_href=close>
                    <button class="btn btn-primary">"Generate key"</button>
                </PanelFoot>
                <SubmitOnce/>
            </form>
        </SidePanel>
    }
}
