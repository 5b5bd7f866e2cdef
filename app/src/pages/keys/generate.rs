//! The side panel *Generate API Key*, and what its form does.

use leptos::prelude::*;
use sallyport::{
    Error,
    app::App,
    id::KeyId,
    key::{Issued, Key, NewKey, new::KeyInput},
    profile::Profile,
};

use crate::{
    access::{OrgAccess, SignedIn},
    components::{
        CheckField, CheckboxGroup, Choice, ErrorSummary, Hidden, PanelFoot, SelectField, SidePanel, TextField,
    },
    context::Context,
    error::PageError,
    form::FormState,
    form_token,
    islands::SubmitOnce,
    ui::refuse,
};

/// What came of the form.
pub enum Generated {
    Issued(Box<Issued>),
    /// The same form was sent before.
    Already(KeyId),
    Refused(FormState),
}

/// Issues the key that the form asks for.
pub async fn generate(
    context: &Context,
    access: &OrgAccess,
    apps: &[App],
    form: FormState,
) -> Result<Generated, PageError> {
    let store = &context.store;
    let app = apps.iter().find(|app| app.id.as_str() == form.value("app_id"));
    let issued = async {
        let token = form_token::check(store.vault(), &access.me.user.id, store.now(), &form.value("form_token"))?;
        let label = form.value("label");
        let (environment, expires) = (form.value("environment"), form.value("expires"));
        let input = KeyInput {
            label: &label,
            environment: &environment,
            scopes: form.values_of("scopes").collect(),
            expires: &expires,
            signing_secret: form.has("signing_secret", "on"),
        };
        let new = NewKey::check(&input, store.profile(), store.now());
        let app = app.ok_or_else(|| Error::field("app_id", "Choose one of this organization’s apps."));
        match (new, app) {
            (Ok(new), Ok(app)) => store.issue_key(&access.me.act(), app, new, Some(token)).await,
            (Err(invalid), Ok(_)) => Err(invalid.into()),
            (Ok(_), Err(error)) => Err(error),
            (Err(mut invalid), Err(_)) => {
                invalid.push("app_id", "Choose one of this organization’s apps.");
                Err(invalid.into())
            }
        }
    };
    match issued.await {
        Ok(issued) => Ok(Generated::Issued(Box::new(issued))),
        Err(Error::AlreadyIssued(key)) => Ok(Generated::Already(key)),
        Err(error) => Ok(Generated::Refused(refuse(form, error)?)),
    }
}

/// A panel nobody has touched, or one that begins with what another key has.
pub fn untouched(app: Option<&App>, like: Option<&Key>) -> FormState {
    let mut pairs = Vec::new();
    if let Some(like) = like {
        pairs.push(("label", like.label.clone()));
        pairs.push(("environment", like.environment.clone()));
        pairs.extend(like.scopes.iter().map(|scope| ("scopes", scope.clone())));
    }
    if like.is_none_or(|like| like.has_signing_secret) {
        pairs.push(("signing_secret", "on".to_owned()));
    }
    let app = like.map(|like| like.app_id.to_string()).or_else(|| app.map(|app| app.id.to_string()));
    pairs.extend(app.map(|app| ("app_id", app)));
    FormState::typed(pairs).with_default("expires", "never")
}

/// What the panel needs beside the form.
pub struct Panel {
    /// Where it is sent, and where Cancel leads.
    pub path: String,
    pub apps: Vec<App>,
    pub form: FormState,
    pub token: String,
    pub profile: std::sync::Arc<Profile>,
}

impl Panel {
    pub fn new(context: &Context, me: &SignedIn, path: &str, apps: Vec<App>, form: FormState) -> Self {
        let store = &context.store;
        Self {
            path: path.to_owned(),
            apps,
            form,
            token: form_token::mint(store.vault(), store.entropy(), &me.user.id, store.now()),
            profile: store.profile().clone(),
        }
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
    let Panel { path, apps, form, token, profile } = panel;
    // Sent with the panel's own query, so that the way back leaves this address even after a refusal. It leads to the
    // link that opened the panel, and browsers focus what an address points at.
    let (action, close) = (format!("{path}?panel=generate"), format!("{path}#generate"));
    let mut choices: Vec<_> = apps.into_iter().map(|app| Choice::new(app.id.as_str(), app.name)).collect();
    if !choices.iter().any(|choice| choice.value == form.value("app_id")) && choices.len() != 1 {
        choices.insert(0, Choice::new("", "Choose an app"));
    }
    let chosen = choices.first().is_some_and(|choice| !choice.value.is_empty());
    let environments =
        profile.environments.iter().map(|environment| Choice::new(&environment.name, &environment.title)).collect();
    let prefixes = prefixes(&profile);
    let scopes =
        profile.scopes.iter().map(|scope| Choice::new(&scope.name, &scope.title).note(&scope.description)).collect();
    let expiries =
        [("never", "Never"), ("7", "In 7 days"), ("30", "In 30 days"), ("90", "In 90 days"), ("365", "In a year")];
    let expiries = expiries.into_iter().map(|(value, label)| Choice::new(value, label)).collect();
    view! {
        <SidePanel
            title="Generate API Key" sub="One key speaks for one app. Its secrets are shown once."
            close_href=close.clone()
        >
            <form method="post" action=action novalidate>
                <div class="stack">
                    <ErrorSummary form=&form/>
                    <Hidden name="form_token" value=token/>
                    <SelectField form=&form name="app_id" label="Choose App" options=choices autofocus=!(chosen || form.is_refused())/>
                    <TextField
                        form=&form name="label" label="Label" autofocus=chosen && !form.is_refused()
                        hint="You’ll find the key by it. Say where it runs."
                    />
                    <SelectField form=&form name="environment" label="Key Type" options=environments hint=prefixes/>
                    <CheckboxGroup form=&form name="scopes" legend="Scopes" options=scopes/>
                    <SelectField form=&form name="expires" label="Expires" options=expiries/>
                    <CheckField
                        form=&form name="signing_secret" label="Signing secret"
                        hint="For servers that sign their requests (HMAC-SHA256). Untick it if you don’t need one."
                    />
                </div>
                <PanelFoot cancel_href=close>
                    <button class="btn btn-primary">"Generate key"</button>
                </PanelFoot>
                <SubmitOnce/>
            </form>
        </SidePanel>
    }
}
