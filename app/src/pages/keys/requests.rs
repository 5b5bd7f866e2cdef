//! `/keys/{key_id}/activity/requests`: individual recent requests of a key.

use std::collections::HashSet;

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{
    Timestamp,
    key::Verdict,
    store::{KeyRequest, KeyRequestFilter, RequestCursor, RequestResult},
};
use serde::Deserialize;

use super::{
    activity::KeyActivityViews,
    head::{KeyHead, KeyHeadView},
};
use crate::{
    access::KeyAccess,
    components::{Badge, Choice, DataTable, EmptyList, FilterBar, FilterSelect, FilterText, Head, Pager, Tone},
    context::Context,
    error::{PageError, PageResult},
    form::FormState,
    icons::Icon,
    pages::requests::sentence,
    portal::Page,
    shell,
    ui::{Ui, UrlQuery},
    words::{Ago, digits, refusal},
};

const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// The view in the URL.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeyRequestsQuery {
    result: String,
    method: String,
    address: String,
    before: Option<String>,
    after: Option<String>,
}

impl KeyRequestsQuery {
    fn filter(&self) -> Result<KeyRequestFilter, PageError> {
        let cursor = |text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => {
                let unknown = || PageError::BadRequest("That page of the list does not exist.".to_owned());
                RequestCursor::parse(text).map(Some).ok_or_else(unknown)
            }
        };
        let line = |name, text: &str| {
            let refused =
                |_| PageError::BadRequest(format!("The filter {name} is one line of at most 100 characters."));
            sallyport::text::optional_line(name, text, 100).map_err(refused)
        };
        let unknown = || PageError::BadRequest("The result is valid, refused, or the code of a refusal.".to_owned());
        Ok(KeyRequestFilter {
            result: RequestResult::parse(&self.result).ok_or_else(unknown)?,
            method: line("method", &self.method)?,
            address: line("address", &self.address)?,
            before: cursor(&self.before)?,
            after: cursor(&self.after)?,
            limit: None,
        })
    }

    fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [("result", &self.result), ("method", &self.method), ("address", &self.address)];
        all.into_iter().map(|(name, value)| (name, value.as_str())).filter(|(_, value)| !value.is_empty())
    }
}

pub async fn get(
    ui: Ui,
    State(context): State<Context>,
    access: KeyAccess,
    UrlQuery(query): UrlQuery<KeyRequestsQuery>,
) -> PageResult {
    let filter = query.filter()?;
    let chrome = shell::here(shell::of_key(&ui, &access).await?, &access.key.label);
    let page = context.store.key_requests(&access.key.id, &filter).await?;
    let (head, now) = (KeyHead::of(&context, &access).await?, context.store.now());
    let kept = context.verifier.decisions().of_org(&access.key.org_id, now);
    let explained: HashSet<String> = kept.iter().map(|kept| kept.decision.request_id.to_string()).collect();
    let path = format!("/keys/{}/activity/requests", access.key.id);
    let edge = |name: &str, cursor: Option<RequestCursor>| {
        cursor.map(|cursor| {
            let mut address = url::form_urlencoded::Serializer::for_suffix(format!("{path}?"), path.len() + 1);
            address.extend_pairs(query.pairs()).append_pair(name, &cursor.to_string()).finish()
        })
    };
    let [newer, older] = [edge("after", page.newer), edge("before", page.older)];
    let events = format!("/keys/{}/activity", access.key.id);
    let page = Page::framed(format!("Requests · {}", access.key.label), chrome, move || {
        view! {
            <KeyHeadView head current="Activity"/>
            <Body path events query requests=page.requests explained now newer older/>
        }
    });
    Ok(ui.ok(page))
}

#[component]
fn Body(
    path: String,
    /// The address of what was done to the key.
    events: String,
    query: KeyRequestsQuery,
    requests: Vec<KeyRequest>,
    /// The ids of refused requests that have a page.
    explained: HashSet<String>,
    now: Timestamp,
    newer: Option<String>,
    older: Option<String>,
) -> impl IntoView {
    let narrowed = query.pairs().next().is_some();
    let form = FormState::typed(query.pairs());
    let results =
        [("", "Any"), ("valid", "Accepted"), ("refused", "Refused")].map(|(value, label)| Choice::new(value, label));
    let reasons = Verdict::ALL.into_iter().filter(|verdict| !verdict.is_valid() && *verdict != Verdict::NotFound);
    let reasons = reasons.map(|verdict| Choice::new(verdict.code(), reason(verdict)));
    let methods = std::iter::once(Choice::new("", "Any")).chain(METHODS.map(|method| Choice::new(method, method)));
    let body = if requests.is_empty() {
        let (title, text) = match narrowed {
            true => ("No results", "No request of the last seven days matches the filters. Remove some of them."),
            false => {
                ("No requests", "Requests with this key are listed here for seven days, a few seconds after they came.")
            }
        };
        view! { <EmptyList icon=Icon::Activity title text clear=narrowed.then(|| path.clone())/> }.into_any()
    } else {
        let mut heads = ["Time", "Result", "Request"].map(Head::new).to_vec();
        let rest = [
            Head::new("Scope").less(),
            Head::new("Address"),
            Head::new("Client").wide(),
            Head::new("Request ID").wide(),
        ];
        heads.extend(rest);
        let rows = requests.into_iter().map(|request| {
            let explained = explained.contains(request.request_id.as_str());
            view! { <Row request explained now/> }
        });
        let rows = rows.collect_view();
        view! { <DataTable label="Requests" columns=heads compact=true>{rows}</DataTable> }.into_any()
    };
    view! {
        <FilterBar action=path fold=narrowed search=move || view! { <KeyActivityViews path=events current="Requests"/> }>
            <FilterSelect form=&form name="result" label="Result" options=results.into_iter().chain(reasons).collect()/>
            <FilterSelect form=&form name="method" label="Method" options=methods.collect()/>
            <FilterText form=&form name="address" label="Address" kind="text"/>
        </FilterBar>
        {body}
        <div class="table-foot">
            <p>"Up to ten requests a second are listed; of others only the number. They are kept for seven days, up to 50,000 of an organization."</p>
            <Pager newer older/>
        </div>
    }
}

fn reason(verdict: Verdict) -> String {
    sentence(&refusal(verdict.code())).trim_end_matches('.').to_owned()
}

#[component]
fn Row(request: KeyRequest, explained: bool, now: Timestamp) -> impl IntoView {
    let KeyRequest { at, request_id, verdict, scope, method, path, address, user_agent, left_out, .. } = request;
    let result = match (verdict.is_valid(), explained) {
        (true, _) => view! { <Badge tone=Tone::Good text="Accepted"/> }.into_any(),
        (false, true) => {
            view! { <a class="link" href=format!("/requests/{request_id}")>{reason(verdict)}</a> }.into_any()
        }
        (false, false) => reason(verdict).into_any(),
    };
    let more = (left_out > 0).then(|| {
        view! { <span class="cell-sub">{format!("{} more before it", digits(left_out))}</span> }
    });
    let line: Vec<_> = [method, path].into_iter().flatten().collect();
    let line = line.join(" ");
    view! {
        <tr>
            <td class="cell-muted cell-when"><Ago at now/></td>
            <td class="cell-head cell-rest">{result}{more}</td>
            <td class="cell-cut cell-mono cell-line" title=line.clone()>{line.clone()}</td>
            <td data-label=(!scope.is_empty()).then_some("Scope") class="cell-mono cell-less">{scope.clone()}</td>
            <td class="cell-mono cell-muted">{address.clone()}</td>
            <td data-label="Client" class="cell-muted cell-wide cell-cut">{user_agent}</td>
            <td data-label="Request ID" class="cell-mono cell-muted cell-wide">{request_id.to_string()}</td>
        </tr>
    }
}
