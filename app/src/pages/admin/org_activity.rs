//! `/admin/organizations/{org_id}/activity`: the log of an organization, in which looking leaves an event.

use leptos::prelude::*;

use super::org::note_view;
use crate::{
    access::OperatedOrg,
    components::PageHead,
    error::PageResult,
    pages::activity::{Activity, ActivityQuery, ActivityView, Exports},
    portal::{AdminSection, Crumb, Page},
    shell,
    ui::{Ui, UrlQuery},
};

pub async fn get(ui: Ui, access: OperatedOrg, UrlQuery(query): UrlQuery<ActivityQuery>) -> PageResult {
    let org = &access.org;
    let above = format!("/admin/organizations/{}", org.id);
    let mut chrome = shell::of_admin(&ui, &access.me, AdminSection::Organizations).await?;
    chrome.crumbs.push(Crumb::link(org.name.as_str(), above.as_str()));
    let chrome = shell::here(chrome, "Activity");
    let activity = Activity::for_operator(&ui.context.store, format!("{above}/activity"), &org.id, query).await?;
    note_view(&ui, &access);
    let (is_refused, sub) = (activity.is_refused(), format!("The log of {}", org.name));
    let links = activity.exports();
    let page = Page::framed("Activity", chrome, move || {
        view! {
            <PageHead
                title="Activity" sub=move || view! { <span>{sub}</span> }
                actions=move || view! { <div class="filter-side"><Exports links/></div> }
            />
            <ActivityView activity/>
            <div class="table-foot"><p>"That you looked at this page is recorded in the activity of the organization."</p></div>
        }
    });
    Ok(if is_refused { ui.refused(page) } else { ui.ok(page) })
}
