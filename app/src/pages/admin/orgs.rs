//! `/admin/organizations`: every organization of the portal.

use leptos::prelude::*;
use sallyport::{Timestamp, store::ConsoleOrg};

use super::list::{Edges, ListPages, ListQuery, ListSearch, NoRows, counted};
use crate::{
    access::{OperatorAccess, SignedIn},
    components::{Badge, DataTable, DoneNotice, Head, Menu, OrgAvatar, PageHead, Tone},
    error::{PageError, PageResult},
    icons::Icon,
    portal::{AdminSection, Page},
    shell,
    ui::{Ui, UrlQuery},
    words::Ago,
};

const PATH: &str = "/admin/organizations";

const STATUSES: [(&str, &str); 3] = [("active", "Active"), ("suspended", "Suspended"), ("archived", "Archived")];

pub async fn get(ui: Ui, access: OperatorAccess, UrlQuery(query): UrlQuery<ListQuery>) -> PageResult {
    Ok(ui.ok(page(&ui, &access.me, query).await?))
}

/// The list, also below a dialog.
pub(super) async fn page(ui: &Ui, me: &SignedIn, query: ListQuery) -> Result<Page, PageError> {
    let store = &ui.context.store;
    let page = store.console_orgs(&(&query).into()).await?;
    let chrome = shell::at_last(shell::of_admin(ui, me, AdminSection::Organizations).await?);
    let now = store.now();
    Ok(Page::framed("Organizations", chrome, move || {
        let (edges, list) = (Edges::from(&page), query.clone());
        let revoked = query.done == "revoke-keys";
        let mut heads = ["Name", "Plan", "Members", "Keys"].map(Head::new).to_vec();
        heads.extend([Head::new("Created").less(), Head::new("Last activity"), Head::new("Status")]);
        let body = if page.items.is_empty() {
            let text = "Each organization that somebody creates is listed here.";
            view! { <NoRows path=PATH query=query.clone() icon=Icon::Building title="No organization yet" text/> }
                .into_any()
        } else {
            let rows = page.items.into_iter().map(|listed| view! { <OrgRow listed now/> }).collect_view();
            view! { <DataTable label="Organizations" columns=heads compact=true>{rows}</DataTable> }.into_any()
        };
        view! {
            <PageHead
                title="Organizations" sub=|| view! { <span>"All organizations of this portal, newest first"</span> }
                actions=|| view! {
                    <a class="btn btn-primary" href="/orgs/new">"New organization"</a>
                    <Menu id="all-organizations" name="More actions">
                        <a class="menu-item menu-danger" href="/admin/revoke-keys">"Revoke all keys"</a>
                    </Menu>
                }
            />
            <DoneNotice text=revoked.then_some("Every key of the portal is revoked.")/>
            <ListSearch path=PATH label="Name or ID" query statuses=&STATUSES/>
            {body}
            <ListPages path=PATH query=list noun="organization" edges/>
        }
    }))
}

#[component]
fn OrgRow(listed: ConsoleOrg, now: Timestamp) -> impl IntoView {
    let ConsoleOrg { org, members, keys, last_active_at } = listed;
    let id = org.id.to_string();
    let status = if org.suspended.is_some() {
        view! { <Badge tone=Tone::Danger text="Suspended"/> }.into_any()
    } else if org.archived_at.is_some() {
        view! { <Badge tone=Tone::Warning text="Archived"/> }.into_any()
    } else {
        view! { <Badge tone=Tone::Good text="Active"/> }.into_any()
    };
    view! {
        <tr>
            <td class="cell-main">
                <span class="person">
                    <OrgAvatar id=id.clone() name=org.name.clone() colour=org.colour logo=None/>
                    <span><a href=format!("{PATH}/{id}")>{org.name}</a><span class="cell-sub">{id}</span></span>
                </span>
            </td>
            <td data-label="Plan">{org.plan.title()}</td>
            <td data-label="Members">{counted(members)}</td>
            <td data-label="Keys">{counted(keys)}</td>
            <td data-label="Created" class="cell-muted cell-less cell-least"><Ago at=org.created_at now/></td>
            <td data-label="Last activity" class="cell-muted">{last_active_at.map(|at| view! { <Ago at now/> })}</td>
            <td class="cell-end">{status}</td>
        </tr>
    }
}
