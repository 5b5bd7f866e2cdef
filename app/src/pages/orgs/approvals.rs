//! `/orgs/{org_id}/approvals`: what waits for an approval, and what came of it. Those who decide see all requests, others
//! their own.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{
    Timestamp,
    approval::{Approval, ApprovalStatus},
    id::AppId,
    member::Permission,
    store::{ApprovalFilter, Paging},
};

use crate::{
    access::OrgAccess,
    components::{Badge, Choice, DataTable, EmptyList, FilterBar, FilterSelect, Head, Hidden, PageHead, Pager},
    context::Context,
    error::{PageError, PageResult},
    form::FormState,
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

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct ApprovalsQuery {
    status: String,
    /// The id of the app whose keys they are for.
    app: String,
    before: Option<String>,
}

impl ApprovalsQuery {
    /// An unknown word is refused: ignoring it would show more than was requested.
    fn filter(&self, asked_by: Option<String>) -> Result<ApprovalFilter, PageError> {
        let status = ApprovalStatus::parse(&self.status);
        let app = AppId::parse(&self.app);
        if (status.is_none() && !self.status.is_empty()) || (app.is_none() && !self.app.is_empty()) {
            return Err(PageError::BadRequest("There is no such list of requests.".to_owned()));
        }
        Ok(ApprovalFilter { asked_by, status, app })
    }

    fn address(&self, path: &str, cursor: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let pairs = [("status", self.status.as_str()), ("app", &self.app), ("before", cursor)];
        query.extend_pairs(pairs.into_iter().filter(|(_, value)| !value.is_empty()));
        format!("{path}?{}", query.finish())
    }
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
    let asked_by = (!governs).then(|| access.me.user.id.to_string());
    let paging = Paging::parse(SHOWN, query.before.as_deref())
        .ok_or_else(|| PageError::BadRequest("There is no such page; go back to the list.".to_owned()))?;
    let page = store.approvals(org, &query.filter(asked_by)?, &paging).await?;
    let (profile, now) = (store.profile().clone(), store.now());
    let path = format!("/orgs/{org}/approvals");
    let older = page.next.map(|cursor| query.address(&path, &cursor));
    let narrowed = !query.status.is_empty() || !query.app.is_empty();
    Ok(ui.ok(Page::framed("Approvals", chrome, move || {
        let sub = if governs {
            "Keys, and changes of keys, that wait for the approval of another person"
        } else {
            "Your requests for keys that another person has to approve"
        };
        let statuses = [Choice::new("", "Any")].into_iter();
        let statuses = statuses.chain(ApprovalStatus::ALL.map(|status| Choice::new(status.as_str(), status.title())));
        let form = FormState::typed([("status", query.status.clone())]);
        let app = (!query.app.is_empty()).then(|| view! { <Hidden name="app" value=query.app/> });
        let clear = narrowed.then(|| path.clone());
        let has_bar = narrowed || !page.items.is_empty();
        let bar = has_bar.then(|| {
            view! {
                <FilterBar action=path fold=narrowed>
                    {app}
                    <FilterSelect form=&form name="status" label="Status" options=statuses.collect()/>
                </FilterBar>
            }
        });
        let body = if page.items.is_empty() {
            let (icon, title, text) = match narrowed {
                true => (Icon::Search, "No results", "No request has this status."),
                false => (
                    Icon::Check,
                    "No requests",
                    "Where the rules for keys demand an approval, requests are listed here.",
                ),
            };
            view! { <EmptyList icon title text clear/> }.into_any()
        } else {
            let rows = page.items.into_iter().map(|approval| {
                let environment = environment_title(&profile, &approval.environment);
                view! { <Row approval environment now/> }
            });
            let rows = rows.collect_view();
            let columns = ["Label", "For", "Asked by", "Asked", "Status"].map(Head::new).to_vec();
            view! { <DataTable label="Approvals" columns compact=true>{rows}</DataTable> }.into_any()
        };
        view! {
            <PageHead title="Approvals" sub=move || sub/>
            {bar}
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
            <td data-label="Asked by" class="cell-muted">{by}</td>
            <td data-label="Asked" class="cell-muted"><Ago at=approval.asked_at now/></td>
            <td class="cell-end"><Badge tone=tone(status) text=status.title()/></td>
        </tr>
    }
}
