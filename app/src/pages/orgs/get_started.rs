//! The steps to the first verified request: which are done, and the next one as a button.

use std::sync::Arc;

use leptos::prelude::*;
use sallyport::{
    id::OrgId,
    member::{Held, Permission},
    profile::{HolderKind, Profile},
    store::FirstSteps,
};

use crate::{
    components::Card,
    icons::{Icon, IconView},
    pages::keys::{first_request::FirstRequest, snippets},
};

struct Step {
    name: &'static str,
    done: bool,
    /// The label and address of the button, for people who may do it.
    next: Option<(&'static str, String)>,
}

fn steps(steps: &FirstSteps, org: &OrgId, role: Held, owner: HolderKind) -> Vec<Step> {
    // The act judges the role at the place of the next step.
    let may = |permission, next| Some(next).filter(|_| role.may_somewhere(permission));
    let tenant = may(Permission::CreateTenants, ("New tenant", format!("/orgs/{org}/tenants/new")));
    let project = steps
        .tenant
        .as_ref()
        .and_then(|tenant| may(Permission::CreateProjects, ("New project", format!("/tenants/{tenant}/projects/new"))));
    let app = steps
        .project
        .as_ref()
        .and_then(|project| may(Permission::ManageApps, ("New app", format!("/projects/{project}/apps/new"))));
    let place = match &steps.app {
        Some(app) if owner == HolderKind::App => format!("/apps/{app}"),
        _ => format!("/orgs/{org}"),
    };
    let mut list = vec![
        Step { name: "A tenant", done: steps.tenant.is_some(), next: tenant },
        Step { name: "A project", done: steps.project.is_some(), next: project },
        Step { name: "An app", done: steps.app.is_some(), next: app },
    ];
    if owner != HolderKind::App {
        list.clear();
    }
    let key = may(Permission::ManageKeys, ("Generate API Key", format!("{place}/keys?panel=generate")));
    list.push(Step { name: "An API key", done: steps.key.is_some(), next: key });
    list.push(Step { name: "The first verified request", done: steps.used, next: None });
    list
}

/// What has to be created before there can be a key.
pub fn before_a_key(first: &FirstSteps, org: &OrgId, role: Held) -> Option<(&'static str, String)> {
    steps(first, org, role, HolderKind::App).into_iter().take(3).find(|step| !step.done)?.next
}

#[component]
pub fn GetStarted(
    first: FirstSteps,
    org: OrgId,
    role: Held,
    profile: Arc<Profile>,
    public_url: String,
) -> impl IntoView {
    let steps = steps(&first, &org, role, profile.keys.owner);
    let (done, all) = (steps.iter().filter(|step| step.done).count(), steps.len());
    let next = steps.iter().position(|step| !step.done);
    let waiting = first.key.filter(|_| !first.used);
    let rows = steps.into_iter().enumerate().map(|(at, step)| {
        let is_next = next == Some(at);
        let action = step.next.filter(|_| is_next);
        let mark = if step.done { view! { <IconView icon=Icon::Check/> }.into_any() } else { (at + 1).into_any() };
        view! {
            <li class:step-done=step.done class:step-next=is_next>
                <span class="step-mark">{mark}</span>
                <span>{step.name}{step.done.then(|| view! { <span class="sr-only">", done"</span> })}</span>
                {action.map(|(name, href)| view! { <a class="btn btn-small btn-primary" href=href>{name}</a> })}
            </li>
        }
    });
    let rows = rows.collect_view();
    view! {
        <div class="get-started">
            <Card title="Get started" actions=move || view! { <span class="muted">{format!("{done} of {all}")}</span> }>
                <ol class="steps">{rows}</ol>
                {waiting.map(|key| view! { <FirstRequest key call=snippets::curl(&public_url, &profile)/> })}
            </Card>
        </div>
    }
}
