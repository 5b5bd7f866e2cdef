//! `/service-accounts/{service_account_id}`: an account with its tokens.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{
    Timestamp,
    service_account::{AccountStatus, ServiceAccount, ServiceToken},
};

use super::{
    DoneQuery, chrome,
    status::{StatusBadge, place, role},
    told,
};
use crate::{
    access::ServiceAccountAccess,
    components::{Badge, Card, Chip, DataTable, DoneNotice, Fact, FactRows, Head, IdChip, Notice, PageHead, Tone},
    context::Context,
    error::{PageError, PageResult},
    islands::SubmitOnce,
    portal::{Crumb, Page},
    ui::{Ui, UrlQuery},
    words::{Ago, Ahead},
};

pub async fn get(
    ui: Ui,
    State(context): State<Context>,
    access: ServiceAccountAccess,
    UrlQuery(query): UrlQuery<DoneQuery>,
) -> PageResult {
    Ok(ui.ok(page(&ui, &context, &access, told(&query.done)).await?))
}

/// The page with a dialog over it, whose form is sent or was refused.
pub(super) async fn page_with_dialog<V: IntoView + 'static>(
    ui: &Ui,
    context: &Context,
    access: &ServiceAccountAccess,
    is_refused: bool,
    dialog: impl FnOnce() -> V + Send + 'static,
) -> PageResult {
    let page = page(ui, context, access, None).await?.with_dialog(dialog);
    Ok(if is_refused { ui.refused(page) } else { ui.ok(page) })
}

/// Also behind its dialogs.
pub(super) async fn page(
    ui: &Ui,
    context: &Context,
    access: &ServiceAccountAccess,
    done: Option<&'static str>,
) -> Result<Page, PageError> {
    let (store, account) = (&context.store, access.account.clone());
    let mut chrome = chrome(ui, &access.within).await?;
    let list = format!("/orgs/{}/service-accounts", account.org_id);
    chrome.crumbs.extend([Crumb::link("Service accounts", list), Crumb::here(account.name.clone())]);
    let (tokens, now) = (store.service_tokens(&account.id).await?, store.now());
    Ok(Page::framed(format!("Service account · {}", account.name), chrome, move || {
        let path = format!("/service-accounts/{}", account.id);
        let (status, edit, remove) = (account.status(), format!("{path}/edit"), format!("{path}/remove"));
        let (new, turn) = (format!("{path}/tokens/new"), account.clone());
        view! {
            <PageHead
                title=account.name.clone()
                sub=move || view! { <span><StatusBadge status/></span> }
                actions=move || view! {
                    <a id="edit" class="btn" href=edit>"Edit"</a>
                    <Turn account=turn/>
                    <a id="remove" class="btn btn-danger-quiet" href=remove>"Remove"</a>
                }
            />
            <DoneNotice text=done/>
            {stopped(status).map(|why| view! { <Notice tone=Tone::Warning>{why}</Notice> })}
            <div class="columns">
                <Card title="Service account"><AccountFacts account now/></Card>
                <section class="section">
                    <h2 class="section-title">"Tokens"</h2>
                    <Tokens tokens now/>
                    <div class="actions"><a id="new-token" class="btn btn-primary" href=new>"New token"</a></div>
                </section>
            </div>
        }
    }))
}

/// Why its tokens do nothing.
fn stopped(status: AccountStatus) -> Option<&'static str> {
    match status {
        AccountStatus::Active => None,
        AccountStatus::Disabled => Some("It is disabled: requests with its tokens are refused."),
        AccountStatus::NoRole => {
            Some("The place of its role was deleted: it may do nothing. Give it another role, or remove it.")
        }
        AccountStatus::Stopped => Some(
            "Its place is archived, or the organization is suspended: requests with its tokens are refused until then.",
        ),
    }
}

/// Disabling asks first.
#[component]
fn Turn(account: ServiceAccount) -> impl IntoView {
    let path = format!("/service-accounts/{}", account.id);
    if account.disabled_at.is_some() {
        let action = format!("{path}/enable");
        view! {
            <form method="post" action=action><button id="turn" class="btn">"Enable"</button><SubmitOnce/></form>
        }
        .into_any()
    } else {
        view! { <a id="turn" class="btn" href=format!("{path}/disable")>"Disable"</a> }.into_any()
    }
}

#[component]
fn AccountFacts(account: ServiceAccount, now: Timestamp) -> impl IntoView {
    let role = match &account.role {
        Some(held) => format!("{} at {}", held.role.title(), place(held.kind, &held.place_name)),
        None => role(&account),
    };
    let activity = format!("/orgs/{}/activity?actor={}", account.org_id, account.id);
    view! {
        <FactRows>
            <Fact label="Role">{role}</Fact>
            <Fact label="ID"><IdChip id=account.id.to_string() name="Copy service account ID"/></Fact>
            <Fact label="Created"><Ago at=account.created_at now/></Fact>
            <Fact label="Told by mail">"Everybody who manages members there"</Fact>
            <Fact label="Activity"><a class="link" href=activity>"What it did"</a></Fact>
        </FactRows>
    }
}

#[component]
fn Tokens(tokens: Vec<ServiceToken>, now: Timestamp) -> impl IntoView {
    if tokens.is_empty() {
        return view! { <p class="muted">"No token yet. Create one for each thing that uses the account."</p> }
            .into_any();
    }
    let heads = vec![
        Head::new("Name"),
        Head::new("Scopes"),
        Head::new("Created").less(),
        Head::new("Last used"),
        Head::new("Expires"),
        Head::new(""),
    ];
    let rows = tokens.into_iter().map(|token| view! { <TokenRow token now/> }).collect_view();
    view! { <DataTable label="Tokens" columns=heads>{rows}</DataTable> }.into_any()
}

#[component]
fn TokenRow(token: ServiceToken, now: Timestamp) -> impl IntoView {
    let (expired, at) = (token.is_expired(now), token.expires_at);
    let expires = if expired {
        view! { <Badge tone=Tone::Warning text="Expired"/>" "<Ago at now/> }.into_any()
    } else {
        view! { <Ahead at now/> }.into_any()
    };
    let used = match token.last_used_at {
        Some(at) => view! {
            <Ago at now/>
            {token.last_address.map(|address| view! { <span class="cell-sub">{address}</span> })}
        }
        .into_any(),
        None => "Never".into_any(),
    };
    let scopes = token.scopes.iter().map(|scope| view! { <Chip text=scope.as_str()/> }).collect_view();
    view! {
        <tr class:row-off=expired>
            <td class="cell-head">{token.name.clone()}<span class="cell-sub">{token.shown}</span></td>
            <td data-label="Scopes" class="cell-rest">{scopes}</td>
            <td data-label="Created" class="cell-muted cell-less"><Ago at=token.created_at now/></td>
            <td data-label="Last used" class="cell-muted">{used}</td>
            <td data-label="Expires" class="cell-muted">{expires}</td>
            <td class="cell-end">
                <a
                    id=format!("revoke-{}", token.id) class="btn btn-small btn-danger-quiet"
                    href=format!("/service-tokens/{}/revoke", token.id) aria-label=format!("Revoke {}", token.name)
                >"Revoke"</a>
            </td>
        </tr>
    }
}
