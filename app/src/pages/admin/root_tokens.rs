//! `/admin/root-tokens`: the credentials with which backends call the API.

pub mod new;
pub mod revoke;

use leptos::prelude::*;
use sallyport::{Timestamp, store::ConsoleToken};

use super::list::{Edges, ListPages, ListQuery, ListSearch, NoRows};
use crate::{
    access::{OperatorAccess, SignedIn},
    components::{Badge, DataTable, DoneNotice, Head, PageHead, Tone},
    error::{PageError, PageResult},
    icons::Icon,
    portal::{AdminSection, Page},
    shell,
    ui::{Ui, UrlQuery},
    words::{Ago, Ahead},
};

const PATH: &str = "/admin/root-tokens";

pub async fn get(ui: Ui, access: OperatorAccess, UrlQuery(query): UrlQuery<ListQuery>) -> PageResult {
    Ok(ui.ok(page(&ui, &access.me, query).await?))
}

/// The list, also below a dialog.
async fn page(ui: &Ui, me: &SignedIn, query: ListQuery) -> Result<Page, PageError> {
    let store = &ui.context.store;
    let page = store.console_tokens(&(&query).into()).await?;
    let chrome = shell::at_last(shell::of_admin(ui, me, AdminSection::RootTokens).await?);
    let now = store.now();
    Ok(Page::framed("Root tokens", chrome, move || {
        let (edges, list) = (Edges::from(&page), query.clone());
        let mut heads = ["Name", "Access", "Organization"].map(Head::new).to_vec();
        heads.extend([Head::new("Created").less(), Head::new("Last used"), Head::new("Expires")]);
        heads.extend([Head::new("Status"), Head::new("")]);
        let body = if page.items.is_empty() {
            // The button that creates one is above.
            let text = "Each credential of a backend is listed here, with its access and when it was used last.";
            view! { <NoRows path=PATH query=query.clone() icon=Icon::Token title="No root token yet" text/> }.into_any()
        } else {
            let rows = page.items.into_iter().map(|listed| view! { <TokenRow listed now/> }).collect_view();
            view! { <DataTable label="Root tokens" columns=heads compact=true>{rows}</DataTable> }.into_any()
        };
        let revoked = query.done == "revoke";
        view! {
            <PageHead
                title="Root tokens" sub=|| view! { <span>"For backends and automation that call the API"</span> }
                actions=|| view! { <a id="new" class="btn btn-primary" href="/admin/root-tokens/new">"New root token"</a> }
            />
            <DoneNotice text=revoked.then_some("Revoked. Requests with it are refused.")/>
            <ListSearch path=PATH label="Name, organization or ID" query/>
            {body}
            <ListPages path=PATH query=list noun="root token" edges/>
        }
    }))
}

#[component]
fn TokenRow(listed: ConsoleToken, now: Timestamp) -> impl IntoView {
    let ConsoleToken { token, org_name, last_used_at } = listed;
    let (revoked, expired) = (token.revoked_at.is_some(), token.is_expired(now));
    let (tone, status) = match (revoked, expired) {
        (true, _) => (Tone::Neutral, "Revoked"),
        (false, true) => (Tone::Warning, "Expired"),
        (false, false) => (Tone::Good, "Active"),
    };
    let org = match token.org_id.clone().zip(org_name) {
        Some((id, name)) => view! { <a href=format!("/admin/organizations/{id}")>{name}</a> }.into_any(),
        None => "All organizations".into_any(),
    };
    let expires = match token.expires_at {
        Some(at) if at <= now => view! { <Ago at now/> }.into_any(),
        Some(at) => view! { <Ahead at now/> }.into_any(),
        None => "Never".into_any(),
    };
    let used = match last_used_at {
        Some(at) => view! { <Ago at now/> }.into_any(),
        None => "Never".into_any(),
    };
    let revoke = format!("{PATH}/{}/revoke", token.id);
    view! {
        <tr class:row-off=revoked || expired>
            <td class="cell-head">
                <span class="person"><span>{token.name.clone()}<span class="cell-sub"><code>{token.shown}</code></span></span></span>
            </td>
            <td data-label="Access">{if token.manage { "Manage" } else { "Verify only" }}</td>
            <td data-label="Organization">{org}</td>
            <td data-label="Created" class="cell-muted cell-less cell-least"><Ago at=token.created_at now/></td>
            <td data-label="Last used" class="cell-muted">{used}</td>
            <td data-label="Expires" class="cell-muted">{expires}</td>
            <td data-label="Status"><Badge tone text=status/></td>
            <td class="cell-end">
                {(!revoked).then(|| view! {
                    <a
                        id=format!("revoke-{}", token.id) class="btn btn-small btn-danger-quiet" href=revoke
                        aria-label=format!("Revoke {}", token.name)
                    >"Revoke"</a>
                })}
            </td>
        </tr>
    }
}
