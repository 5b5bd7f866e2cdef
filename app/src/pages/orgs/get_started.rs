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
    components::{Card, Step, StepList},
    pages::keys::{first_request::FirstRequest, snippets},
};

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
    let made = |name, made: &Option<String>, action| {
        let (made, done) = (made.clone(), made.is_some());
        Step { made, done, action, ..Step::new(name) }
    };
    let mut list = vec![
        made("A tenant", &steps.tenant_name, tenant),
        made("A project", &steps.project_name, project),
        made("An app", &steps.app_name, app),
    ];
    if owner != HolderKind::App {
        list.clear();
    }
    let key = may(Permission::ManageKeys, ("Generate API Key", format!("{place}/keys?panel=generate")));
    list.push(made("An API key", &steps.key_label, key));
    list.push(Step { done: steps.used, ..Step::new("The first verified request") });
    list
}

/// What has to be created before there can be a key.
pub fn before_a_key(first: &FirstSteps, org: &OrgId, role: Held) -> Option<(&'static str, String)> {
    steps(first, org, role, HolderKind::App).into_iter().take(3).find(|step| !step.done)?.action
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
    let waiting = first.key.filter(|_| !first.used);
    view! {
        <div class="get-started">
            <Card title="Get started" actions=move || view! { <span class="muted">{format!("{done} of {all}")}</span> }>
                <StepList steps/>
                {waiting.map(|key| view! { <FirstRequest key call=snippets::curl(&public_url, &profile)/> })}
            </Card>
        </div>
    }
}
