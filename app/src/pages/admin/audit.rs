//! `/admin/audit`: the chain `system`: sign-ins, accounts, root tokens, and what operators do.

pub mod all;
pub mod export;

use leptos::prelude::*;

use super::forwarding::ForwardingNotice;
use crate::{
    access::OperatorAccess,
    components::{PageHead, Tab, Tabs},
    error::PageResult,
    pages::activity::{Activity, ActivityQuery, ActivityView, Exports},
    portal::{AdminSection, Page},
    shell,
    ui::{Ui, UrlQuery},
};

const PATH: &str = "/admin/audit";

/// The two views of the log; `current` is the one that is shown.
fn tabs(current: &'static str) -> impl IntoView {
    let items = [("Portal", PATH), ("All", "/admin/audit/all")];
    let items = items.map(|(label, href)| Tab { label: label.into(), href: href.into() }).to_vec();
    view! { <Tabs items current/> }
}

pub async fn get(ui: Ui, access: OperatorAccess, UrlQuery(query): UrlQuery<ActivityQuery>) -> PageResult {
    let chrome = shell::at_last(shell::of_admin(&ui, &access.me, AdminSection::Audit).await?);
    let activity = Activity::of_system(&ui.context.store, PATH.to_owned(), query).await?;
    let (forwarding, now) = (ui.context.store.forwarding().await?, ui.context.store.now());
    let (is_refused, links) = (activity.is_refused(), activity.exports());
    let page = Page::framed("Audit", chrome, move || {
        view! {
            <PageHead
                title="Audit" sub=|| view! { <span>"What belongs to no organization: sign-ins, accounts, root tokens, and what operators do"</span> }
                actions=move || view! { <div class="filter-side"><Exports links/></div> }
            />
            {forwarding.map(|of| view! { <ForwardingNotice of now/> })}
            {tabs("Portal")}
            <ActivityView activity/>
        }
    });
    Ok(if is_refused { ui.refused(page) } else { ui.ok(page) })
}
