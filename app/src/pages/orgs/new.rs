//! `/orgs/new`.

use leptos::prelude::*;
use sallyport::plan::Plan;

use crate::{
    access::SignedIn,
    acts::{Caller, orgs::create_org},
    components::{Card, Choice, ErrorSummary, PageHead, RadioGroup, TextArea, TextField},
    error::PageResult,
    form::FormState,
    islands::SubmitOnce,
    portal::{Chrome, Page},
    shell,
    ui::{Typed, Ui, refuse, see_other},
};

pub async fn get(ui: Ui, me: SignedIn) -> PageResult {
    let chrome = shell::here(shell::of_person(&ui, &me).await?, "New organization");
    let form = FormState::new().with_default("plan", Plan::default().as_str()).with_default("tenant", "Development");
    Ok(ui.ok(page(chrome, form)).await)
}

pub async fn post(ui: Ui, caller: Caller, me: SignedIn, Typed(form): Typed) -> PageResult {
    let value = |name| form.value(name);
    match caller.run(create_org(value("name"), value("description"), value("plan"), value("tenant"))).await {
        Ok(org) => Ok(see_other(format!("/orgs/{org}"))),
        Err(error) => {
            let form = refuse(form, error)?;
            let chrome = shell::here(shell::of_person(&ui, &me).await?, "New organization");
            Ok(ui.refused(page(chrome, form)).await)
        }
    }
}

fn page(chrome: Chrome, form: FormState) -> Page {
    let first = chrome.orgs.is_empty();
    let cancel = (!first).then_some("/");
    Page::framed("New organization", chrome, move || {
        let plans = vec![
            Choice::new("starter", "Starter").note("To begin with"),
            Choice::new("pro", "Pro").note("For products in use"),
            Choice::new("enterprise", "Enterprise").note("For the whole company"),
        ];
        view! {
            <PageHead title="New organization" sub=|| "It owns tenants, projects and apps, which only its members see."/>
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
