//! `/orgs/{org_id}/activity/evidence`: the evidence pack of a period.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::member::Permission;

use crate::{
    access::OrgAccess,
    components::{Card, ErrorSummary, PageHead, TextField},
    context::Context,
    error::PageResult,
    evidence::Evidence,
    form::FormState,
    pages::activity::ActivityQuery,
    portal::{Page, Section},
    shell,
    ui::{Typed, Ui, refuse},
};

pub async fn get(ui: Ui, access: OrgAccess) -> PageResult {
    access.needs(Permission::ManageOrg)?;
    ask(&ui, access, FormState::new()).await
}

pub async fn post(ui: Ui, State(context): State<Context>, access: OrgAccess, Typed(form): Typed) -> PageResult {
    access.needs(Permission::ManageOrg)?;
    let query = ActivityQuery { from: form.value("from"), to: form.value("to"), ..ActivityQuery::default() };
    let answer = match query.filter() {
        Err(invalid) => Err(invalid.into()),
        Ok(filter) => {
            access.me.needs_fresh(&context.store).await?;
            let (org, act) = (access.org.clone(), access.me.act());
            Evidence { org, from: filter.from, to: filter.to, act }.answer(&context).await
        }
    };
    match answer {
        Ok(answer) => Ok(answer),
        Err(error) => ask(&ui, access, refuse(form, error)?).await,
    }
}

async fn ask(ui: &Ui, access: OrgAccess, form: FormState) -> PageResult {
    let chrome = shell::here(shell::of_org(ui, &access, Section::Activity).await?, "Evidence pack");
    let (refused, path) = (form.is_refused(), format!("/orgs/{}/activity", access.org.id));
    let page = Page::framed("Evidence pack", chrome, move || view! { <Asking path form/> });
    Ok(if refused { ui.refused(page) } else { ui.ok(page) })
}

#[component]
fn Asking(path: String, form: FormState) -> impl IntoView {
    let action = format!("{path}/evidence");
    view! {
        <PageHead title="Evidence pack" sub=|| view! { <span>"A ZIP with which an auditor checks the log without this portal"</span> }/>
        <Card>
            <form method="post" action=action novalidate>
                <div class="stack">
                    <ErrorSummary form=&form/>
                    <p>
                        "It contains the events with their hashes, the signed checkpoints, the public keys, the members with their roles, the API keys without secrets, and how to check it all. The events begin with the first one, since only a whole chain can be checked. That you downloaded it is in the log."
                    </p>
                    <div class="pair">
                        <TextField form=&form name="from" label="From" kind="date" hint="Empty: from the beginning. Days are in UTC."/>
                        <TextField form=&form name="to" label="To" kind="date" hint="Empty: until now. The day is included."/>
                    </div>
                    <div class="actions">
                        <button class="btn btn-primary">"Download"</button>
                        <a href=path class="btn">"Cancel"</a>
                    </div>
                </div>
            </form>
        </Card>
    }
}
