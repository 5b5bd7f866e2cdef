//! `/orgs/{org_id}/activity`.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::member::Permission;

use crate::{
    access::OrgAccess,
    components::PageHead,
    context::Context,
    error::PageResult,
    pages::{
        activity::{Activity, ActivityQuery, ActivityView, Exports, export::Watched},
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
    access.needs_somewhere(Permission::SeeKeys)?;
    let chrome = shell::here(shell::of_org(&ui, &access, Section::Activity).await?, "Activity");
    let store = &context.store;
    let activity =
        Activity::of(store, format!("/orgs/{}/activity", access.org.id), &access.org.id, None, access.seen(), query)
            .await?;
    let (is_refused, links) = (activity.is_refused(), activity.exports());
    let exports = access.needs_export().is_ok();
    let is_whole = access.needs(Permission::ManageOrg).is_ok();
    let evidence = format!("/orgs/{}/activity/evidence", access.org.id);
    let page = Page::framed("Activity", chrome, move || {
        let path = activity.path.clone();
        view! {
            <PageHead title="Activity" sub=|| "What happened in this organization, and who did it"/>
            <ActivityView
                search=move || view! { <ActivityViews path current="Events"/> }
                side=move || exports.then(|| view! { <Exports links evidence=is_whole.then_some(evidence)/> })
                activity
            />
        }
    });
    Ok(if is_refused { ui.refused(page) } else { ui.ok(page) })
}
