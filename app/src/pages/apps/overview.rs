//! `/apps/{app_id}`: what the app is, its newest keys, what happened last.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{
    member::Permission,
    store::{EventFilter, KeyFilter},
};

use super::head::AppHead;
use crate::{
    access::AppAccess,
    components::{Card, Fact, Facts, IdChip},
    context::Context,
    error::PageResult,
    pages::{
        activity::EventTable,
        keys::row::{LastUsed, StatusBadge},
    },
    portal::{Page, Section},
    shell,
    ui::Ui,
    words::{Ago, count},
};

const SHOWN: usize = 5;

pub async fn get(ui: Ui, State(context): State<Context>, access: AppAccess) -> PageResult {
    let chrome = shell::at_last(shell::of_app(&ui, &access, Section::Projects).await?);
    let store = &context.store;
    let keys = store.keys(&access.app.org_id, Some(&access.app.id), &KeyFilter::default()).await?;
    let mut events = store.events(&access.app.org_id, Some(&access.app.id), &EventFilter::default()).await?.events;
    events.truncate(SHOWN);
    let now = store.now();
    let may_generate = access.org().role.may(Permission::ManageKeys) && !access.is_archived();
    let (project, tenant) = (access.within.project, access.within.within.tenant);
    let app = access.app;
    let page = Page::framed(app.name.clone(), chrome, move || {
        let base = format!("/apps/{}", app.id);
        let (all_keys, all_events) = (format!("{base}/keys"), format!("{base}/activity"));
        let total = count(keys.total, "key");
        let rows: Vec<_> = keys
            .keys
            .into_iter()
            .take(SHOWN)
            .map(|(key, _)| {
                view! {
                    <li>
                        <a href=format!("/keys/{}", key.id)>{key.label.clone()}</a>
                        <code class="muted">{key.shown.clone()}</code>
                        <span class="muted"><LastUsed key=key.clone() now/></span>
                        <StatusBadge key now/>
                    </li>
                }
            })
            .collect();
        let none = rows.is_empty();
        let description = (!app.description.is_empty()).then(|| app.description.clone());
        view! {
            <AppHead app=app.clone() current="Overview" generate=may_generate/>
            <div class="columns">
                <Card title="App">
                    <Facts>
                        <Fact label="App ID"><IdChip id=app.id.to_string() name="Copy app id from the facts"/></Fact>
                        <Fact label="Project"><a href=format!("/projects/{}", project.id)>{project.name}</a></Fact>
                        <Fact label="Tenant"><a href=format!("/tenants/{}", tenant.id)>{tenant.name}</a></Fact>
                        <Fact label="Operating system">{app.os.title()}</Fact>
                        <Fact label="Store identifier">{app.bundle_id.clone().unwrap_or_else(|| "None".to_owned())}</Fact>
                        {description.map(|text| view! { <Fact label="Description">{text}</Fact> })}
                        <Fact label="Created"><Ago at=app.created_at now/></Fact>
                    </Facts>
                </Card>
                <Card title="Newest keys" actions=move || view! { <a href=all_keys>{format!("All {total}")}</a> }>
                    {if none {
                        view! { <p class="muted">"No key speaks for this app yet. Generate one to call your API."</p> }.into_any()
                    } else {
                        view! { <ul class="list">{rows}</ul> }.into_any()
                    }}
                </Card>
            </div>
            <section class="section">
                <h2 class="section-title"><a href=all_events>"Last events"</a></h2>
                <EventTable events now/>
            </section>
        }
    });
    Ok(ui.ok(page).await)
}
