//! `/orgs/{org_id}/activity`.

use axum::extract::State;
use leptos::prelude::*;

use crate::{
    access::OrgAccess,
    components::PageHead,
    context::Context,
    error::PageResult,
    pages::{
        activity::{Activity, ActivityQuery, ActivityView},
        refused::ActivityViews,
    },
    portal::{Page, Section},
    shell,
    ui::{Ui, UrlQuery},
};

pub async fn get(
    ui: Ui,
    State(context): State<Context>,
    access: OrgAccess,
    UrlQuery(query): UrlQuery<ActivityQuery>,
) -> PageResult {
    let chrome = shell::here(shell::of_org(&ui, &access, Section::Activity).await?, "Activity");
    let store = &context.store;
    let activity =
        Activity::of(store, format!("/orgs/{}/activity", access.org.id), &access.org.id, None, query).await?;
    let is_refused = activity.is_refused();
    let page = Page::framed("Activity", chrome, move || {
        view! {
            <PageHead title="Activity" sub=|| "What happened in this organization, and who did it."/>
            <ActivityViews path=activity.path.clone() refused=false/>
            <ActivityView activity/>
        }
    });
    Ok(if is_refused { ui.refused(page).await } else { ui.ok(page).await })
}
