//! `/orgs/{org_id}/settings/key-rules`: what the organization demands of its keys, and the keys from before that break it.

mod breaking;
mod fields;

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{
    id::OrgId,
    key_policy::KeyPolicy,
    member::Permission,
    store::{KeyFilter, PolicyInForce},
};

use self::{
    breaking::Breaking,
    fields::{Approval, Leak, Lifetimes, Others},
};
use super::SavedQuery;
use crate::{
    access::{Addressed, OrgAccess},
    acts::{Caller, key_rules::set_key_rules},
    components::{DoneNotice, ErrorSummary, Hidden, PageHead, Setting, SettingLink},
    context::Context,
    error::{PageError, PageResult},
    form::FormState,
    islands::SubmitOnce,
    portal::{Crumb, Page, Section},
    shell,
    ui::{Typed, Ui, UrlQuery, refuse, see_other},
};

pub async fn get(
    ui: Ui,
    State(context): State<Context>,
    access: OrgAccess,
    UrlQuery(query): UrlQuery<SavedQuery>,
) -> PageResult {
    access.needs(Permission::GovernKeys)?;
    Ok(ui.ok(page(&ui, &context, &access, None, !query.saved.is_empty()).await?))
}

pub async fn post(ui: Ui, caller: Caller, Addressed(id): Addressed<OrgAccess>, Typed(form): Typed) -> PageResult {
    match caller.run(set_key_rules(id.clone(), (&form).into())).await {
        Ok(()) => Ok(see_other(format!("{}?saved=1", ui.path()))),
        Err(error) => {
            let (form, access) = (refuse(form, error)?, caller.access::<OrgAccess>(&id).await?);
            Ok(ui.refused(page(&ui, &ui.context, &access, Some(form), false).await?))
        }
    }
}

/// The way to this page, on the settings of the organization.
#[component]
pub fn KeyRulesGroup(org: OrgId) -> impl IntoView {
    view! {
        <SettingLink
            title="Rules for keys" about="What the organization demands of its keys."
            href=format!("/orgs/{org}/settings/key-rules") button="Change rules"
            text="How long keys live, how many there are, and which of them another person has to approve."
        />
    }
}

fn filled(policy: &KeyPolicy) -> FormState {
    let number = |number: Option<u32>| number.map(|number| number.to_string()).unwrap_or_default();
    let mut pairs = vec![
        ("default_expiry_days", number(policy.default_expiry_days)),
        ("most_keys_per_app", number(policy.most_keys_per_app)),
        ("pause_unused_days", number(policy.pause_unused_days)),
        ("rotate_every_days", number(policy.rotate_every_days)),
        ("on_leak", policy.on_leak.as_str().to_owned()),
    ];
    for rule in &policy.longest_lifetime {
        pairs.push(("lifetime_environment", rule.environment.clone().unwrap_or_default()));
        pairs.push(("lifetime_scope", rule.scope.clone().unwrap_or_default()));
        pairs.push(("lifetime_days", rule.days.to_string()));
    }
    pairs.extend(policy.approval_environments.iter().map(|name| ("approval_environments", name.clone())));
    pairs.extend(policy.approval_scopes.iter().map(|name| ("approval_scopes", name.clone())));
    if policy.addresses_in_production {
        pairs.push(("addresses_in_production", "on".to_owned()));
    }
    FormState::typed(pairs)
}

async fn page(
    ui: &Ui,
    context: &Context,
    access: &OrgAccess,
    form: Option<FormState>,
    saved: bool,
) -> Result<Page, PageError> {
    let (store, org) = (&context.store, access.org.id.clone());
    let mut chrome = shell::of_org(ui, access, Section::Settings).await?;
    chrome.crumbs.push(Crumb::link("Settings", format!("/orgs/{org}/settings")));
    chrome.crumbs.push(Crumb::here("Rules for keys"));
    let PolicyInForce { policy, version } = store.key_policy(&org).await?;
    let form = form.unwrap_or_else(|| filled(&policy));
    // After a conflict the person was told of the other change.
    let seen = if form.status() == Some(409) { String::new() } else { form.value("seen") };
    let seen = if seen.is_empty() { version.to_string() } else { seen };
    let filter = KeyFilter { breaks: Some(policy), limit: Some(breaking::SHOWN), ..KeyFilter::default() };
    let breaking = store.listed_keys(&org, None, &filter).await?;
    let (profile, now) = (store.profile().clone(), store.now());
    Ok(Page::framed("Rules for keys", chrome, move || {
        let (owner, approvals) = (profile.keys.owner, format!("/orgs/{org}/approvals"));
        let lifetimes = view! { <Lifetimes form=form.clone() profile=profile.clone()/> };
        let approval = view! { <Approval form=form.clone() profile/> };
        let others = view! { <Others form=form.clone() owner/> };
        let leak = view! { <Leak form=form.clone()/> };
        view! {
            <PageHead
                title="Rules for keys"
                sub=|| "They apply to every new key, and to keys that get more rights"
            />
            <DoneNotice text=saved.then_some("Saved.")/>
            <div class="columns">
                <form method="post" action=format!("/orgs/{org}/settings/key-rules") novalidate class="columns">
                    <ErrorSummary form=&form/>
                    <Hidden name="seen" value=seen/>
                    <Setting title="Lifetime" about=|| "Where several rules apply to a key, it obeys all of them. Keys that break a new rule keep working.">
                        {lifetimes}
                    </Setting>
                    <Setting title="Approval" about=move || view! {
                        <p>"Who asks for such a key gets it once another owner or admin has approved it. Nobody approves their own."</p>
                        <a class="link" href=approvals>"Requests for approval"</a>
                    }>
                        {approval}
                    </Setting>
                    <Setting title="Number and use" about=|| "An empty field restricts nothing.">
                        {others}
                    </Setting>
                    <Setting title="Leaks" about=|| "Whoever finds a whole key may report it. Owners and admins get a mail in any case.">
                        {leak}
                        <div class="form-foot"><button class="btn btn-primary">"Save rules"</button></div>
                    </Setting>
                    <SubmitOnce/>
                </form>
                <Breaking page=breaking now/>
            </div>
        }
    }))
}
