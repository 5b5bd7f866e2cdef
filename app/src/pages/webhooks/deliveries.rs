//! The table of deliveries, and how it is narrowed.

use leptos::prelude::*;
use sallyport::{
    Timestamp,
    store::{DeliveryFilter, Page, Paging},
    webhook::{Delivery, DeliveryStatus, event_types},
};

use super::status::tone;
use crate::{
    components::{Badge, Choice, DataTable, EmptyList, FilterBar, FilterSelect, Head, Hidden, Pager},
    error::PageError,
    form::FormState,
    icons::Icon,
    islands::SubmitOnce,
    words::Ago,
};

/// Deliveries on a page.
const SHOWN: u8 = 25;

#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct DeliveryQuery {
    status: String,
    event: String,
    before: Option<String>,
    pub(super) done: String,
}

impl DeliveryQuery {
    pub(super) fn filter(&self) -> Result<(DeliveryFilter<'_>, Paging), PageError> {
        let gone = || PageError::BadRequest("There is no such page; go back to the list.".to_owned());
        let status = match self.status.as_str() {
            "" => None,
            word => Some(DeliveryStatus::parse(word).ok_or_else(gone)?),
        };
        let known = |name: &str| name == event_types::TEST || event_types::offered().any(|(one, _)| one == name);
        if !self.event.is_empty() && !known(&self.event) {
            return Err(gone());
        }
        let event = Some(self.event.as_str()).filter(|name| !name.is_empty());
        let paging = Paging::parse(SHOWN, self.before.as_deref()).ok_or_else(gone)?;
        Ok((DeliveryFilter { status, event, ..DeliveryFilter::default() }, paging))
    }

    fn form(&self) -> FormState {
        FormState::typed([("status", self.status.clone()), ("event", self.event.clone())])
    }
}

/// Where they are listed.
#[component]
pub(super) fn Deliveries(path: String, query: DeliveryQuery, page: Page<Delivery>, now: Timestamp) -> impl IntoView {
    let form = query.form();
    let narrowed = !query.status.is_empty() || !query.event.is_empty();
    let older = page.next.map(|cursor| {
        let mut query_of = url::form_urlencoded::Serializer::new(String::new());
        query_of.append_pair("status", &query.status).append_pair("event", &query.event).append_pair("before", &cursor);
        format!("{path}?{}", query_of.finish())
    });
    let statuses = [Choice::new("", "Any")].into_iter();
    let statuses = statuses.chain(DeliveryStatus::ALL.map(|status| Choice::new(status.as_str(), status.title())));
    let events = [Choice::new("", "Any"), Choice::new(event_types::TEST, event_types::TEST)].into_iter();
    let events = events.chain(event_types::offered().map(|(name, _)| Choice::new(name, name)));
    let clear = narrowed.then(|| path.clone());
    let body = if page.items.is_empty() {
        let title = if narrowed { "No results" } else { "No deliveries" };
        let text = "What is sent is listed here for 30 days.";
        view! { <EmptyList icon=Icon::Mail title text clear/> }.into_any()
    } else {
        let columns = ["Event", "Status", "Attempts", "Time", ""].map(Head::new).to_vec();
        let rows = page.items.into_iter().map(|delivery| view! { <Row delivery now/> }).collect_view();
        view! { <DataTable label="Deliveries" columns compact=true>{rows}</DataTable> }.into_any()
    };
    view! {
        <FilterBar action=path.clone() fold=narrowed>
            <FilterSelect form=&form name="status" label="Status" options=statuses.collect()/>
            <FilterSelect form=&form name="event" label="Event" options=events.collect()/>
        </FilterBar>
        {body}
        <Pager newer=None older/>
    }
}

#[component]
fn Row(delivery: Delivery, now: Timestamp) -> impl IntoView {
    let (href, again) = (format!("/deliveries/{}", delivery.id), format!("/deliveries/{}/resend", delivery.id));
    let name = format!("Resend {}", delivery.seq);
    let answered = match (delivery.code, delivery.error) {
        (Some(code), _) => format!("{code}"),
        (None, Some(error)) => error,
        (None, None) => String::new(),
    };
    view! {
        <tr>
            <td class="cell-head"><a class="link" href=href>{delivery.event}</a><span class="cell-sub">{format!("No. {}", delivery.seq)}</span></td>
            <td data-label="Status">
                <Badge tone=tone(delivery.status) text=delivery.status.title()/>
                <span class="cell-sub">{answered}</span>
            </td>
            <td data-label="Attempts">{delivery.attempts}</td>
            <td data-label="Time" class="cell-muted"><Ago at=delivery.created_at now/></td>
            <td class="cell-end">
                <form method="post" action=again>
                    <Hidden name="to" value="list"/>
                    <button class="btn btn-small" aria-describedby=delivery.id.to_string()>"Resend"</button>
                    <span id=delivery.id.to_string() hidden>{name}</span>
                    <SubmitOnce/>
                </form>
            </td>
        </tr>
    }
}
