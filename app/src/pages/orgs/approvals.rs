//! `/orgs/{org_id}/approvals`: what waits for an approval, and what came of it. Those who decide see all requests, others
//! their own.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{Timestamp, approval::Approval, member::Permission, store::Paging};

use crate::{
    access::OrgAccess,
    components::{Badge, DataTable, Empty, Head, PageHead, Pager},
    context::Context,
    error::{PageError, PageResult},
    icons::Icon,
    pages::{
        approvals::{facts::asker, title, tone},
        keys::row::environment_title,
    },
    portal::{Page, Section},
    shell,
    ui::{Ui, UrlQuery},
    words::Ago,
};

/// Requests on a page.
const SHOWN: u8 = 25;

#[derive(serde::Deserialize)]
pub struct ApprovalsQuery {
    before: Option<String>,
}

pub async fn get(
    ui: Ui,
    State(context): State<Context>,
    access: OrgAccess,
    UrlQuery(query): UrlQuery<ApprovalsQuery>,
) -> PageResult {
    access.needs_somewhere(Permission::SeeKeys)?;
    let (store, org) = (&context.store, &access.org.id);
    let chrome = shell::here(shell::of_org(&ui, &access, Section::Keys).await?, "Approvals");
    let governs = access.needs(Permission::GovernKeys).is_ok();
    let asked_by = (!governs).then(|| access.me.user.id.as_str());
    let paging = Paging::parse(SHOWN, query.before.as_deref())
        .ok_or_else(|| PageError::BadRequest("There is no such page; go back to the list.".to_owned()))?;
    let page = store.approvals(org, asked_by, &paging).await?;
    let (profile, now) = (store.profile().clone(), store.now());
    let older = page.next.map(|cursor| format!("/orgs/{org}/approvals?before={cursor}"));
    Ok(ui.ok(Page::framed("Approvals", chrome, move || {
        let sub = if governs {
            "Keys, and changes of keys, that wait for the approval of another person."
        } else {
            "Your requests for keys that another person has to approve."
        };
        let body = if page.items.is_empty() {
            let text = "Where the rules for keys demand an approval, requests are listed here.";
            view! { <Empty icon=Icon::Check title="No requests" text/> }.into_any()
        } else {
            let rows = page.items.into_iter().map(|approval| {
                let environment = environment_title(&profile, &approval.environment);
                view! { <Row approval environment now/> }
            });
            let rows = rows.collect_view();
            let columns = ["Label", "For", "Asked by", "Asked", "Status"].map(Head::new).to_vec();
            view! { <DataTable label="Approvals" columns>{rows}</DataTable> }.into_any()
        };
        view! {
            <PageHead title="Approvals" sub=move || sub/>
            {body}
            <Pager newer=None older/>
        }
    })))
}

#[component]
fn Row(approval: Approval, environment: String, now: Timestamp) -> impl IntoView {
    let status = approval.status(now);
    let what = format!("{} · {environment}", title(&approval));
    let (by, href) = (asker(&approval), format!("/approvals/{}", approval.id));
    view! {
        <tr>
            <td class="cell-main"><a href=href>{approval.label}</a><span class="cell-sub">{what}</span></td>
            <td data-label="For">{approval.owner_name}</td>
            <td data-label="Asked by">{by}</td>
            <td data-label="Asked" class="cell-muted"><Ago at=approval.asked_at now/></td>
            <td class="cell-end"><Badge tone=tone(status) text=status.title()/></td>
        </tr>
    }
}
