//! `/orgs/{org_id}/activity/refused`.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::member::Permission;

use crate::{
    access::OrgAccess,
    components::PageHead,
    context::Context,
    error::PageResult,
    pages::refused::{Refused, RefusedQuery, RefusedView},
    portal::{Page, Section},
    shell,
    ui::{Ui, UrlQuery},
};

pub async fn get(
    ui: Ui,
    State(context): State<Context>,
    access: OrgAccess,
    UrlQuery(query): UrlQuery<RefusedQuery>,
) -> PageResult {
    access.needs_somewhere(Permission::SeeKeys)?;
    let chrome = shell::here(shell::of_org(&ui, &access, Section::Activity).await?, "Refused requests");
    let activity = format!("/orgs/{}/activity", access.org.id);
    let refused = Refused::of_org(&context, format!("{activity}/refused"), &access, query).await?;
    let is_refused = refused.is_refused();
    let page = Page::framed("Refused requests", chrome, move || {
        view! {
            <PageHead title="Refused requests" sub=|| "Requests with this organization’s keys that were refused, and why"/>
            <RefusedView refused activity/>
        }
    });
    Ok(if is_refused { ui.refused(page) } else { ui.ok(page) })
}
