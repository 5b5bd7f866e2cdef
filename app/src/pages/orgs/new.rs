//! `/orgs/new`.

use leptos::prelude::*;
use sallyport::{
    key::LimitOverride,
    plan::Plan,
    profile::{PlanLimits, Profile},
};

use crate::{
    access::SignedIn,
    acts::{Caller, orgs::create_org},
    components::{Card, Choice, ErrorSummary, PageHead, RadioGroup, TextArea, TextField},
    error::PageResult,
    form::FormState,
    islands::SubmitOnce,
    pages::keys::restrictions::card::limits_in_words,
    portal::{Chrome, Page},
    shell,
    ui::{Typed, Ui, refuse, see_other},
};

pub async fn get(ui: Ui, me: SignedIn) -> PageResult {
    let chrome = shell::here(shell::of_person(&ui, &me).await?, "New organization");
    let form = FormState::new().with_default("plan", Plan::default().as_str()).with_default("tenant", "Development");
    Ok(ui.ok(page(&ui, chrome, form)))
}

pub async fn post(ui: Ui, caller: Caller, me: SignedIn, Typed(form): Typed) -> PageResult {
    let value = |name| form.value(name);
    match caller.run(create_org(value("name"), value("description"), value("plan"), value("tenant"))).await {
        Ok(org) => Ok(see_other(format!("/orgs/{org}"))),
        Err(error) => {
            let form = refuse(form, error)?;
            let chrome = shell::here(shell::of_person(&ui, &me).await?, "New organization");
            Ok(ui.refused(page(&ui, chrome, form)))
        }
    }
}

/// The purpose of a plan, and the limits of its keys.
fn plan(profile: &Profile, plan: Plan) -> Choice {
    let PlanLimits { per_minute, per_day, .. } = profile.plan(plan);
    let limits = LimitOverride { per_minute: *per_minute, per_day: *per_day };
    let what = match plan {
        Plan::Starter => "To begin with",
        Plan::Pro => "For products in use",
        Plan::Enterprise => "For the whole company",
    };
    let limits = match limits_in_words(limits, "") {
        none if none.is_empty() => "No limit on requests".to_owned(),
        limits => format!("{limits}, for each key"),
    };
    Choice::new(plan.as_str(), plan.title()).note(format!("{what}. {limits}."))
}

fn page(ui: &Ui, chrome: Chrome, form: FormState) -> Page {
    let profile = ui.context.store.profile().clone();
    let first = chrome.orgs.is_empty();
    let cancel = (!first).then_some("/");
    Page::framed("New organization", chrome, move || {
        let plans = Plan::ALL.into_iter().map(|one| plan(&profile, one)).collect();
        view! {
            <PageHead title="New organization" sub=|| "It owns tenants, projects and apps, which only its members see"/>
            <Card>
                <form method="post" action="/orgs/new" novalidate class="stack form">
                    <ErrorSummary form=&form/>
                    <TextField form=&form name="name" label="Organization name" autofocus=!form.is_refused()/>
                    <TextArea form=&form name="description" label="Description" hint="Optional. What the organization does."/>
                    <RadioGroup form=&form name="plan" legend="Plan" options=plans/>
                    <TextField
                        form=&form name="tenant" label="First tenant"
                        hint="Tenants keep things apart, such as Development and Production. You can add more later."
                    />
                    <div class="form-foot">
                        {cancel.map(|href| view! { <a class="btn" href=href>"Cancel"</a> })}
                        <button class="btn btn-primary">"Create organization"</button>
                    </div>
                    <SubmitOnce/>
                </form>
            </Card>
        }
    })
}
