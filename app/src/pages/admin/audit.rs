//! `/admin/audit`: the chain `system`: sign-ins, accounts, root tokens, and what operators do.

pub mod export;

use leptos::prelude::*;

use crate::{
    access::OperatorAccess,
    components::PageHead,
    error::PageResult,
    pages::activity::{Activity, ActivityQuery, ActivityView, Exports},
    portal::{AdminSection, Page},
    shell,
    ui::{Ui, UrlQuery},
};

const PATH: &str = "/admin/audit";

pub async fn get(ui: Ui, access: OperatorAccess, UrlQuery(query): UrlQuery<ActivityQuery>) -> PageResult {
    let chrome = shell::at_last(shell::of_admin(&ui, &access.me, AdminSection::Audit).await?);
    let activity = Activity::of_system(&ui.context.store, PATH.to_owned(), query).await?;
    let (is_refused, links) = (activity.is_refused(), activity.exports());
    let page = Page::framed("Audit", chrome, move || {
        view! {
            <PageHead
                title="Audit" sub=|| view! { <span>"What belongs to no organization: sign-ins, accounts, root tokens, and what operators do"</span> }
                actions=move || view! { <div class="filter-side"><Exports links/></div> }
            />
            <ActivityView activity/>
        }
    });
    Ok(if is_refused { ui.refused(page).await } else { ui.ok(page).await })
}
