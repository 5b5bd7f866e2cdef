//! `/orgs/{org_id}/settings/sign-in`: whether people have to sign in with an issuer to see the organization.

use leptos::prelude::*;
use sallyport::{id::OrgId, member::Permission};

use super::SavedQuery;
use crate::{
    access::{Addressed, OrgAccess},
    acts::{Caller, required_sign_in::require_sign_in},
    components::{Choice, DoneNotice, ErrorSummary, PageHead, SelectField, Setting, SettingGroup},
    error::{PageError, PageResult},
    form::FormState,
    islands::SubmitOnce,
    portal::{Page, Section},
    shell,
    ui::{Typed, Ui, UrlQuery, refuse, see_other},
};

pub async fn get(ui: Ui, access: OrgAccess, UrlQuery(query): UrlQuery<SavedQuery>) -> PageResult {
    access.needs(Permission::OwnOrg)?;
    let required = ui.context.store.required_sign_in(&access.org.id).await?;
    let issuers = ui.context.single_sign_on.issuers();
    let issuer = issuers.iter().find(|issuer| required.as_ref() == Some(&issuer.url));
    // One that is not set up any more still is required.
    let value = issuer.map(|issuer| issuer.id.clone()).or(required).unwrap_or_default();
    let form = FormState::typed([("issuer", value)]);
    Ok(ui.ok(page(&ui, &access, form, !query.saved.is_empty()).await?))
}

pub async fn post(ui: Ui, caller: Caller, Addressed(org): Addressed<OrgAccess>, Typed(form): Typed) -> PageResult {
    match caller.run(require_sign_in(org.clone(), form.value("issuer"))).await {
        Ok(()) => Ok(see_other(format!("/orgs/{org}/settings/sign-in?saved=1"))),
        Err(error) => {
            let (form, access) = (refuse(form, error)?, caller.access::<OrgAccess>(&org).await?);
            Ok(ui.refused(page(&ui, &access, form, false).await?))
        }
    }
}

async fn page(ui: &Ui, access: &OrgAccess, form: FormState, saved: bool) -> Result<Page, PageError> {
    let chrome = shell::here(shell::of_org(ui, access, Section::Settings).await?, "Sign-in");
    let (name, action) = (access.org.name.clone(), format!("/orgs/{}/settings/sign-in", access.org.id));
    let mut options = vec![Choice::new("", "Not required")];
    let issuers = ui.context.single_sign_on.issuers();
    options.extend(issuers.iter().map(|issuer| Choice::new(&issuer.id, &issuer.name)));
    let typed = form.value("issuer");
    if !options.iter().any(|option| option.value == typed) {
        options.push(Choice::new(&typed, format!("{typed} (not set up any more)")));
    }
    Ok(Page::framed(format!("Sign-in · {name}"), chrome, move || {
        view! {
            <DoneNotice text=saved.then_some("Saved.")/>
            <PageHead title="Sign-in" sub=move || view! { <span>{name}</span> }/>
            <div class="columns">
                <Setting
                    title="Single sign-on"
                    about=|| "Who did not sign in with it sees nothing of the organization. Owners with an authenticator app or a passkey get in for an hour without it, and all owners are told by mail."
                >
                    <form method="post" action=action novalidate class="stack form">
                        <ErrorSummary form=&form/>
                        <SelectField form=&form name="issuer" label="Single sign-on required" options/>
                        <div class="form-foot"><button class="btn btn-primary">"Save"</button></div>
                        <SubmitOnce/>
                    </form>
                </Setting>
            </div>
        }
    }))
}

/// The way to this page, on the settings of the organization.
#[component]
pub fn SignInGroup(org: OrgId) -> impl IntoView {
    view! {
        <SettingGroup
            title="Sign-in" about="How members get into the organization."
            action=move || view! {
                <form method="get" action=format!("/orgs/{org}/settings/sign-in")><button class="btn">"Change sign-in"</button></form>
            }
        >
            <p>"Whether members have to sign in with your company’s issuer."</p>
        </SettingGroup>
    }
}
