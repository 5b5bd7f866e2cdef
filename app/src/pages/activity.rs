//! The table of events, of an organization or of one of its apps, with its filters.

pub mod csv;
mod export;
pub mod jsonl;

use std::time::Duration;

use chrono::NaiveDate;
use leptos::prelude::*;
use sallyport::{
    Timestamp,
    audit::{Action, Event, Outcome},
    store::{EventFilter, EventPage},
};
use serde::Deserialize;

use self::export::Format;
use crate::{
    components::{Badge, Choice, DataTable, Empty, FilterBar, FilterSelect, FilterText, Pager, Tone},
    form::FormState,
    icons::Icon,
    words::{Ago, count, refusal},
};

/// What the URL says of the view, so that it can be shared.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ActivityQuery {
    actor: String,
    action: String,
    outcome: String,
    from: String,
    to: String,
    before: Option<i64>,
    after: Option<i64>,
}

impl ActivityQuery {
    pub fn filter(&self) -> EventFilter {
        // Words that can't be in the database match nothing; PostgreSQL refuses some of them with an error.
        let word = |word: &str| if word.contains(char::is_control) { "\u{fffd}".to_owned() } else { word.to_owned() };
        EventFilter {
            actor: word(&self.actor),
            action: word(&self.action),
            outcome: word(&self.outcome),
            from: day(&self.from),
            // The day named is still in it.
            to: day(&self.to).map(|day| day + Duration::from_secs(86_400)),
            before: self.before,
            after: self.after,
            limit: None,
        }
    }

    fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let pairs = [
            ("actor", self.actor.as_str()),
            ("action", &self.action),
            ("outcome", &self.outcome),
            ("from", &self.from),
            ("to", &self.to),
        ];
        pairs.into_iter().filter(|(_, value)| !value.is_empty())
    }

    fn is_narrowed(&self) -> bool {
        self.pairs().next().is_some()
    }

    /// The same view as a file.
    fn export_href(&self, path: &str, format: Format) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let query = query.extend_pairs(self.pairs()).finish();
        let query = if query.is_empty() { query } else { format!("?{query}") };
        format!("{path}.{}{query}", format.extension())
    }

    fn href(&self, path: &str, edge: &str, seq: i64) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.pairs()).append_pair(edge, &seq.to_string());
        format!("{path}?{}", query.finish())
    }
}

/// Midnight of that day, UTC.
fn day(text: &str) -> Option<Timestamp> {
    let day: NaiveDate = text.parse().ok()?;
    Some(Timestamp::from_micros(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_micros()))
}

/// What the view shows.
pub struct Activity {
    pub path: String,
    pub query: ActivityQuery,
    pub page: EventPage,
    pub actors: Vec<String>,
    pub now: Timestamp,
}

#[component]
pub fn ActivityView(activity: Activity) -> impl IntoView {
    let Activity { path, query, page, actors, now } = activity;
    let form = FormState::typed(query.pairs());
    let all = |text: &str| Choice::new("", text);
    let actors = std::iter::once(all("Anyone")).chain(actors.into_iter().map(|name| Choice::new(name.clone(), name)));
    let actions = Action::ALL
        .iter()
        .filter(|action| action.is_of_organizations())
        .map(|action| Choice::new(action.as_str(), action.title()));
    let outcomes = vec![all("Any outcome"), Choice::new("done", "Done"), Choice::new("refused", "Refused")];
    let newer = page.newer.map(|seq| query.href(&path, "after", seq));
    let older = page.older.map(|seq| query.href(&path, "before", seq));
    let narrowed = query.is_narrowed();
    let (csv, jsonl) = (query.export_href(&path, Format::Csv), query.export_href(&path, Format::Jsonl));
    let body = if page.events.is_empty() {
        let (title, text) = if narrowed {
            ("Nothing matches", "Take a filter away to see more.")
        } else {
            ("Nothing has happened yet", "Every change and every refused request of a known key stands here.")
        };
        let clear = narrowed.then(|| path.clone());
        view! {
            <Empty
                icon=Icon::Activity title text
                action=move || clear.map(|href| view! { <a class="btn" href=href>"Clear filters"</a> })
            />
        }
        .into_any()
    } else {
        view! { <EventTable events=page.events now/> }.into_any()
    };
    view! {
        <FilterBar
            action=path fold=narrowed
            side=move || view! {
                <a class="btn btn-small" href=csv download>"Export CSV"</a>
                <a class="btn btn-small" href=jsonl download>"Export JSONL"</a>
            }
        >
            <FilterSelect form=&form name="actor" label="Actor" options=actors.collect()/>
            <FilterSelect form=&form name="action" label="Action" options=std::iter::once(all("Any action")).chain(actions).collect()/>
            <FilterSelect form=&form name="outcome" label="Outcome" options=outcomes/>
            <FilterText form=&form name="from" label="From" kind="date"/>
            <FilterText form=&form name="to" label="To" kind="date"/>
        </FilterBar>
        {body}
        <div class="table-foot"><p>"Events can’t be changed: each holds the hash of the one before. Days of the filter are UTC."</p><Pager newer older/></div>
    }
}

#[component]
pub fn EventTable(events: Vec<Event>, now: Timestamp) -> impl IntoView {
    let rows = events.into_iter().map(move |event| view! { <EventRow event now/> });
    view! {
        <DataTable label="Activity" columns=&["Time", "Actor", "Action", "Target", "Outcome", "Address"]>
            {rows.collect_view()}
        </DataTable>
    }
}

#[component]
fn EventRow(event: Event, now: Timestamp) -> impl IntoView {
    let tone = match event.outcome {
        Outcome::Done if event.action == Action::RequestNoted.as_str() => Tone::Warning,
        Outcome::Done => Tone::Good,
        Outcome::Refused(_) => Tone::Danger,
    };
    let detail = detail(&event);
    let detail = detail.map(|detail| view! { <span class="muted">" · "{detail}</span> });
    let target = match href(&event) {
        Some(href) => view! { <a href=href>{event.target_name.clone()}</a> }.into_any(),
        None => event.target_name.clone().into_any(),
    };
    view! {
        <tr>
            <td class="cell-muted"><Ago at=event.at now/></td>
            <td data-label="Actor" class="cell-cut">{event.actor_name.clone()}</td>
            <td class="cell-head">{event.action_title().to_owned()}</td>
            <td data-label="Target" class="cell-rest">{target}{detail}</td>
            <td class="cell-end"><Badge tone text=event.outcome.title()/></td>
            <td data-label="Address" class="cell-mono cell-muted">{event.address.clone()}</td>
        </tr>
    }
}

/// The page of what an event tells of.
fn href(event: &Event) -> Option<String> {
    let place = match event.target_kind.as_str() {
        "organization" => "orgs",
        "tenant" => "tenants",
        "project" => "projects",
        "app" => "apps",
        "key" => "keys",
        _ => return None,
    };
    Some(format!("/{place}/{}", event.target_id))
}

/// The words of an event's details that say why, or how often.
fn detail(event: &Event) -> Option<String> {
    let details: serde_json::Value = serde_json::from_str(&event.details).ok()?;
    let word = |name: &str| details.get(name).and_then(|value| value.as_str()).filter(|word| !word.is_empty());
    if let Some(code) = word("code") {
        let times = details.get("times").and_then(serde_json::Value::as_u64).unwrap_or(1);
        let mut why = refusal(code);
        why.extend(word("ip").map(|ip| format!(" ({ip})")));
        return Some(if times > 1 { format!("{why}, {times} times") } else { why });
    }
    let renamed = word("renamed_to").map(|name| format!("now {name}"));
    let keys = details.get("keys").and_then(serde_json::Value::as_i64).map(|keys| count(keys, "key"));
    let plain = word("reason").or_else(|| word("role")).map(str::to_owned);
    let parts: Vec<_> = [renamed, keys, plain].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_whole() {
        let query = ActivityQuery { from: "2026-11-22".to_owned(), to: "2026-11-22".to_owned(), ..Default::default() };
        let filter = query.filter();
        let (from, to) = (filter.from.expect("a day"), filter.to.expect("a day"));
        assert_eq!(to.since(from), Duration::from_secs(86_400));
        assert_eq!(day("yesterday"), None);
    }

    #[test]
    fn links_keep_the_filters() {
        let query = ActivityQuery { actor: "Ada & co".to_owned(), ..Default::default() };
        assert_eq!(query.href("/orgs/x/activity", "before", 7), "/orgs/x/activity?actor=Ada+%26+co&before=7");
        assert_eq!(query.export_href("/orgs/x/activity", Format::Csv), "/orgs/x/activity.csv?actor=Ada+%26+co");
        let all = ActivityQuery::default();
        assert_eq!(all.export_href("/orgs/x/activity", Format::Jsonl), "/orgs/x/activity.jsonl");
    }
}
