//! `/orgs/{org_id}/settings/service-urls`: the URLs of the organization's own services, for the file that its apps read.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{id::OrgId, place::PlaceKind, service_urls::ServiceUrls};

use super::SavedQuery;
use crate::{
    access::{Addressed, OrgAccess},
    acts::{Caller, orgs::set_service_urls},
    components::{DoneNotice, ErrorSummary, Hidden, PageHead, Setting, SettingLink, TextArea},
    context::Context,
    edit_conflict::fingerprint,
    error::{PageError, PageResult},
    form::FormState,
    islands::SubmitOnce,
    portal::{Page, Section},
    shell,
    ui::{Typed, Ui, UrlQuery, refuse, see_other},
};

pub async fn get(
    ui: Ui,
    State(context): State<Context>,
    access: OrgAccess,
    UrlQuery(query): UrlQuery<SavedQuery>,
) -> PageResult {
    access.needs(PlaceKind::Org.to_edit())?;
    let urls = context.store.service_urls(&access.org.id).await?;
    let form = FormState::typed([("service_urls", urls.lines())]);
    Ok(ui.ok(page(&ui, &access, &urls, form, !query.saved.is_empty()).await?))
}

pub async fn post(ui: Ui, caller: Caller, Addressed(org): Addressed<OrgAccess>, Typed(form): Typed) -> PageResult {
    match caller.run(set_service_urls(org.clone(), form.value("service_urls"), form.value("seen"))).await {
        Ok(()) => Ok(see_other(format!("/orgs/{org}/settings/service-urls?saved=1"))),
        Err(error) => {
            let (form, access) = (refuse(form, error)?, caller.access::<OrgAccess>(&org).await?);
            let urls = ui.context.store.service_urls(&org).await?;
            Ok(ui.refused(page(&ui, &access, &urls, form, false).await?))
        }
    }
}

async fn page(
    ui: &Ui,
    access: &OrgAccess,
    urls: &ServiceUrls,
    form: FormState,
    saved: bool,
) -> Result<Page, PageError> {
    let chrome = shell::here(shell::of_org(ui, access, Section::Settings).await?, "Services of your own");
    let (name, seen) = (access.org.name.clone(), fingerprint(&[&urls.lines()]));
    let action = format!("/orgs/{}/settings/service-urls", access.org.id);
    let file = ui.context.store.profile().runtime_file.clone();
    Ok(Page::framed(format!("Services of your own · {name}"), chrome, move || {
        view! {
            <DoneNotice text=saved.then_some("Saved.")/>
            <PageHead title="Services of your own" sub=move || view! { <span>{name}</span> }/>
            <div class="columns">
                <Setting title="URLs" about=move || format!("Each {file} that is downloaded from now on names them as “enterprise”.")>
                    <form method="post" action=action novalidate class="stack form">
                        <ErrorSummary form=&form/>
                        <Hidden name="seen" value=seen/>
                        <TextArea
                            form=&form name="service_urls" label="URLs of services" rows=6 mono=true
                            hint="One on each line: api_base_url = https://api.intranet.example. Empty: none."
                        />
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
pub fn ServiceUrlsGroup(org: OrgId) -> impl IntoView {
    view! {
        <SettingLink
            title="Services of your own" about="For organizations that run services themselves."
            href=format!("/orgs/{org}/settings/service-urls") button="Change URLs"
            text="URLs of your services, which the file that your apps read names."
        />
    }
}
