//! `/orgs/{org_id}/service-accounts`: the accounts of an organization that the person manages.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{Timestamp, member::Permission, service_account::ServiceAccount};

use super::{
    DoneQuery, chrome,
    status::{StatusBadge, role},
    told,
};
use crate::{
    access::OrgAccess,
    components::{DataTable, DoneNotice, Empty, Head, PageHead},
    context::Context,
    error::{PageError, PageResult},
    icons::Icon,
    portal::{Crumb, Page},
    ui::{Ui, UrlQuery},
    words::{Ago, count},
};

const ABOUT: &str =
    "Members that are no people: your automation calls the API with their tokens, and goes on when a person leaves.";

pub async fn get(
    ui: Ui,
    State(context): State<Context>,
    access: OrgAccess,
    UrlQuery(query): UrlQuery<DoneQuery>,
) -> PageResult {
    Ok(ui.ok(page(&ui, &context, &access, told(&query.done)).await?))
}

/// Also behind the form for a new one.
pub(super) async fn page(
    ui: &Ui,
    context: &Context,
    access: &OrgAccess,
    done: Option<&'static str>,
) -> Result<Page, PageError> {
    access.needs_somewhere(Permission::ManageMembers)?;
    let store = &context.store;
    let mut chrome = chrome(ui, access).await?;
    chrome.crumbs.push(Crumb::here("Service accounts"));
    let accounts = store.service_accounts(&access.org.id, &access.sight(Permission::ManageMembers)).await?;
    let (new, now) = (format!("/orgs/{}/service-accounts/new", access.org.id), store.now());
    Ok(Page::framed("Service accounts", chrome, move || {
        let (total, none, more) = (count(accounts.len(), "service account"), accounts.is_empty(), new.clone());
        let body = if none {
            let action =
                move || view! { <a id="new-account" class="btn btn-primary" href=new>"New service account"</a> };
            view! { <Empty icon=Icon::Token title="No service accounts" text=ABOUT action/> }.into_any()
        } else {
            let heads = vec![
                Head::new("Name"),
                Head::new("Role"),
                Head::new("Status"),
                Head::new("Tokens"),
                Head::new("Last used"),
                Head::new("Created").less(),
            ];
            let rows = accounts.into_iter().map(|account| view! { <AccountRow account now/> }).collect_view();
            view! { <DataTable label="Service accounts" columns=heads>{rows}</DataTable> }.into_any()
        };
        view! {
            <PageHead
                title="Service accounts"
                sub=move || view! { <span>{total}</span> }
                actions=move || (!none).then(|| view! {
                    <a id="new-account" class="btn btn-primary" href=more>"New service account"</a>
                })
            />
            <DoneNotice text=done/>
            {(!none).then(|| view! { <p class="muted">{ABOUT}</p> })}
            {body}
        }
    }))
}

#[component]
fn AccountRow(account: ServiceAccount, now: Timestamp) -> impl IntoView {
    let (href, status, role) = (format!("/service-accounts/{}", account.id), account.status(), role(&account));
    let used = match account.last_used_at {
        Some(at) => view! { <Ago at now/> }.into_any(),
        None => "Never".into_any(),
    };
    view! {
        <tr>
            <td class="cell-head"><a class="link" href=href>{account.name}</a></td>
            <td data-label="Role">{role}</td>
            <td data-label="Status"><StatusBadge status/></td>
            <td data-label="Tokens">{account.tokens}</td>
            <td data-label="Last used" class="cell-muted">{used}</td>
            <td data-label="Created" class="cell-muted cell-less"><Ago at=account.created_at now/></td>
        </tr>
    }
}
