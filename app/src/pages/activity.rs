//! The table of events, of an organization or of one of its apps, with its filters.

pub mod actor;
pub mod export;
pub mod list;
pub mod proof;
pub mod query;

use std::collections::HashMap;

use leptos::{prelude::*, server_fn::ServerFn};
use sallyport::{
    Error, Timestamp,
    audit::{Action, Event, Outcome, SYSTEM},
    id::{AppId, OrgId},
    store::{EventFilter, EventPage, SeenActor, Sight, Store},
};

use self::actor::{ActorCell, Emails};
pub use self::query::ActivityQuery;
use crate::{
    acts::activity::CountNewerEvents,
    components::{
        Badge, Choice, DataTable, EmptyList, FilterBar, FilterSelect, FilterText, Head, Hidden, Menu, Pager, Tone,
        cut_middle,
    },
    error::PageError,
    export::Format,
    form::FormState,
    icons::Icon,
    islands::NewerEvents,
    ui::refuse,
    words::{Ago, count, refusal},
};

/// The content of the view.
pub struct Activity {
    pub path: String,
    shown_to: Reader,
    query: ActivityQuery,
    form: FormState,
    page: EventPage,
    actors: Vec<SeenActor>,
    emails: Emails,
    now: Timestamp,
}

/// Who reads it, and where.
enum Reader {
    /// A member, in the organization or app with this id.
    Member(String),
    /// An operator, in the console: the chain of an organization.
    Operator,
    /// The same: the chain `system`.
    OperatorOfSystem,
}

impl Activity {
    /// The events that match the query; none if it is invalid, because showing all would be more than was requested.
    pub async fn of(
        store: &Store,
        path: String,
        org: &OrgId,
        app: Option<&AppId>,
        sight: Sight,
        query: ActivityQuery,
    ) -> Result<Self, PageError> {
        let found = match query.filter() {
            Ok(filter) => store.events(org, app, &EventFilter { sight: sight.clone(), ..filter }).await,
            Err(invalid) => Err(invalid.into()),
        };
        let (form, page) = shown(&query, found)?;
        let actors = store.actors(org, app, &sight).await?;
        let emails = store.emails_of_members(org, &people(&actors, &page)).await?;
        let shown_to = Reader::Member(app.map_or(org.as_str(), AppId::as_str).to_owned());
        Ok(Self { path, shown_to, query, form, page, actors, emails, now: store.now() })
    }

    /// The same of an organization, for an operator.
    pub async fn for_operator(
        store: &Store,
        path: String,
        org: &OrgId,
        query: ActivityQuery,
    ) -> Result<Self, PageError> {
        Ok(Self { shown_to: Reader::Operator, ..Self::of(store, path, org, None, Sight::ALL, query).await? })
    }

    /// The same of the chain `system`, for operators.
    pub async fn of_system(store: &Store, path: String, query: ActivityQuery) -> Result<Self, PageError> {
        let found = match query.filter() {
            Ok(filter) => store.system_events(&filter).await,
            Err(invalid) => Err(invalid.into()),
        };
        let (form, page) = shown(&query, found)?;
        let actors = store.system_actors().await?;
        let emails = store.emails_of_people(&people(&actors, &page)).await?;
        Ok(Self { path, shown_to: Reader::OperatorOfSystem, query, form, page, actors, emails, now: store.now() })
    }

    /// Whether the query is invalid; then nothing is shown.
    pub fn is_refused(&self) -> bool {
        self.form.is_refused()
    }

    /// The addresses of the filtered events as files: CSV and JSONL.
    pub fn exports(&self) -> [String; 2] {
        [Format::Csv, Format::Jsonl].map(|format| format.href(&self.path, self.query.pairs()))
    }
}

/// The form of the filters, and the events: none if a filter is not valid.
fn shown(query: &ActivityQuery, found: sallyport::Result<EventPage>) -> Result<(FormState, EventPage), PageError> {
    let form = FormState::typed(query.pairs());
    match found {
        Err(error @ Error::Invalid(_)) => {
            Ok((refuse(form, error)?, EventPage { events: Vec::new(), newer: None, older: None }))
        }
        found => Ok((form, found?)),
    }
}

/// The ids of the people among the actors.
fn people(actors: &[SeenActor], page: &EventPage) -> Vec<String> {
    let is = |kind: &str| kind == "user";
    let mut ids: Vec<_> = actors.iter().filter(|actor| is(&actor.kind)).map(|actor| actor.id.clone()).collect();
    ids.extend(page.events.iter().filter(|event| is(&event.actor_kind)).map(|event| event.actor_id.clone()));
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Buttons for both files; on a phone they are in a menu.
#[component]
pub fn Exports(
    links: [String; 2],
    /// The address of the evidence pack, for those who may have it.
    #[prop(optional_no_strip)]
    evidence: Option<String>,
) -> impl IntoView {
    let [csv, jsonl] = links;
    let pack =
        move |class: &'static str| evidence.clone().map(|href| view! { <a href=href class=class>"Evidence pack"</a> });
    view! {
        {pack("btn btn-small")}
        <a class="btn btn-small" href=csv.clone() download>"Export CSV"</a>
        <a class="btn btn-small" href=jsonl.clone() download>"Export JSONL"</a>
        <Menu id="list-more" name="More actions">
            <a class="menu-item" href=csv download>"Export CSV"</a>
            <a class="menu-item" href=jsonl download>"Export JSONL"</a>
            {pack("menu-item")}
        </Menu>
    }
}

#[component]
pub fn ActivityView(
    activity: Activity,
    /// Before the filters: the links to the other views.
    #[prop(optional, into)]
    search: ViewFnOnce,
    /// After them: the exports.
    #[prop(optional, into)]
    side: ViewFnOnce,
) -> impl IntoView {
    let Activity { path, shown_to, query, form, page, actors, emails, now } = activity;
    // Only the newest page checks for newer events.
    let newest = (query.is_newest() && !form.is_refused()).then(|| page.events.first().map_or(0, |event| event.seq));
    let (place, of_system) = match shown_to {
        Reader::Member(place) => (Some(place), false),
        Reader::Operator => (None, false),
        Reader::OperatorOfSystem => (None, true),
    };
    let console = place.is_none();
    let newer_events = newest.zip(place).map(|(after, place)| {
        let fields: Vec<_> = query.pairs().map(|(name, value)| view! { <Hidden name value/> }).collect();
        view! {
            <form class="newer-events" action=path.clone() data-act=CountNewerEvents::PATH hidden>
                <Hidden name="place" value=place/>
                <Hidden name="after" value=after.to_string()/>
                {fields}
                <button class="btn btn-primary">"Show new events"</button>
                <NewerEvents/>
            </form>
        }
    });
    let sheet = sheet(&query, &page.events);
    let all = |text: &str| Choice::new("", text);
    let actors = std::iter::once(all("Anyone")).chain(actor::choices(actors, &emails));
    let actions = Action::ALL
        .iter()
        .filter(move |action| of_system || action.is_of_organizations())
        .map(|action| Choice::new(action.as_str(), action.title()));
    let outcomes = vec![all("Any"), Choice::new("done", "Done"), Choice::new("refused", "Refused")];
    let newer = page.newer.map(|seq| query.href(&path, "after", seq));
    let older = page.older.map(|seq| query.href(&path, "before", seq));
    let presets = [("24 h", 1), ("7 d", 7), ("30 d", 30)].map(|(name, days)| {
        let (href, shown) = query.since(&path, days, now);
        let label = if days == 1 { "Since yesterday".to_owned() } else { format!("Of the last {days} days") };
        view! { <a href=href title=label aria-current=shown.then_some("true")>{name}</a> }
    });
    let presets = Vec::from(presets);
    let has = |names: [&str; 2]| names.iter().any(|name| !form.value(name).is_empty());
    let (has_dates, has_more) = (has(["from", "to"]), has(["target", "address"]));
    let narrowed = query.is_narrowed();
    let body = if page.events.is_empty() {
        let (title, text) = if form.is_refused() {
            ("No results", "A filter is not valid. Correct it to see results.")
        } else if narrowed {
            ("No results", "Remove a filter to see more.")
        } else {
            ("No activity yet", "Every change and every refused request of a known key is listed here.")
        };
        view! { <EmptyList icon=Icon::Activity title text clear=narrowed.then(|| path.clone())/> }.into_any()
    } else {
        view! { <EventTable events=page.events now emails console/> }.into_any()
    };
    view! {
        <FilterBar action=path fold=narrowed search=move || search.run() side=move || side.run()>
            <FilterSelect form=&form name="actor" label="Actor" options=actors.collect()/>
            <FilterSelect form=&form name="action" label="Action" options=std::iter::once(all("Any")).chain(actions).collect()/>
            <FilterSelect form=&form name="outcome" label="Outcome" options=outcomes/>
            <span class="filter-range">
                <details class="fold" open=has_dates><summary class="btn btn-small">"Dates"</summary></details>
                <span class="filter-dates">
                    <FilterText form=&form name="from" label="From" kind="date"/>
                    <FilterText form=&form name="to" label="To" kind="date"/>
                </span>
                <span class="presets">{presets}</span>
            </span>
            <details class="fold" open=has_more><summary class="btn btn-small">"More filters"</summary></details>
            <span class="filter-dates">
                <FilterText form=&form name="target" label="Target" placeholder="ID"/>
                <FilterText form=&form name="address" label="Address"/>
            </span>
        </FilterBar>
        {newer_events}
        {sheet.map(|text| view! { <div data-sheet=text></div> })}
        {body}
        <div class="table-foot"><p>"Events can’t be changed: each holds the hash of the one before. Days of the filter are UTC."</p><Pager newer older/></div>
    }
}

/// The heading of a printed page: the period and the filters.
fn sheet(query: &ActivityQuery, events: &[Event]) -> Option<String> {
    let minute = |at: Timestamp| at.to_chrono().format("%Y-%m-%d %H:%M").to_string();
    let (newest, oldest) = (events.first()?, events.last()?);
    let filters: Vec<_> = query.pairs().map(|(name, value)| format!("{name} {value}")).collect();
    let filters = if filters.is_empty() { String::new() } else { format!(" Filters: {}.", filters.join(", ")) };
    Some(format!("Events from {} to {} UTC.{filters}", minute(oldest.at), minute(newest.at)))
}

#[component]
pub fn EventTable(
    events: Vec<Event>,
    now: Timestamp,
    /// E-mail addresses of the people among the actors.
    #[prop(optional)]
    emails: Emails,
    /// For operators, who need not be members: links lead to pages of the console.
    #[prop(optional)]
    console: bool,
    /// The names of the organizations by id, for a list of the events of several.
    #[prop(optional, into)]
    orgs: Option<HashMap<String, String>>,
) -> impl IntoView {
    let mut heads = ["Time", "Actor", "Action", "Target", "Outcome"].map(Head::new).to_vec();
    heads.push(Head::new(if orgs.is_some() { "Organization" } else { "Address" }).less());
    let rows = events.into_iter().map(move |event| {
        let org = orgs.as_ref().map(|orgs| (event.chain.clone(), orgs.get(&event.chain).cloned()));
        view! { <EventRow event now emails=emails.clone() console org/> }
    });
    view! {
        <DataTable label="Activity" columns=heads compact=true>
            {rows.collect_view()}
        </DataTable>
    }
}

#[component]
fn EventRow(
    event: Event,
    now: Timestamp,
    emails: Emails,
    console: bool,
    /// The id and the name of its organization, in a list of several. Its column replaces that of addresses.
    org: Option<(String, Option<String>)>,
) -> impl IntoView {
    let tone = match event.outcome {
        Outcome::Done if event.action == Action::RequestNoted.as_str() => Some(Tone::Warning),
        // Most events: nothing is said of them, so that others stand out.
        Outcome::Done => None,
        Outcome::Refused(_) => Some(Tone::Danger),
    };
    let outcome = tone.map(|tone| view! { <Badge tone text=event.outcome.title()/> });
    let detail = detail(&event);
    let detail = detail.map(|detail| view! { <span class="muted">" · "{detail}</span> });
    let proof = match console {
        false => format!("/orgs/{}/activity/{}/proof", event.chain, event.seq),
        true if event.chain == SYSTEM => format!("/admin/audit/{}/proof", event.seq),
        true => format!("/admin/organizations/{}/activity/{}/proof", event.chain, event.seq),
    };
    let proof = view! { " "<a class="cell-sub" href=proof>"Inclusion proof"</a> };
    let target = match if console { href_in_console(&event) } else { href(&event) } {
        Some(href) => view! { <a href=href>{event.target_name.clone()}</a> }.into_any(),
        None => event.target_name.clone().into_any(),
    };
    let last = match org {
        None => view! { <td class="cell-mono cell-muted cell-less cell-least">{event.address.clone()}</td> }.into_any(),
        Some((id, Some(name))) => {
            let href = format!("/admin/organizations/{id}/activity");
            view! { <td class="cell-less"><a href=href>{name}</a></td> }.into_any()
        }
        // Of the portal, or of an organization that was deleted.
        Some((id, None)) => {
            view! { <td class="cell-muted cell-less">{if id == SYSTEM { "Portal".to_owned() } else { cut_middle(&id) }}</td> }
                .into_any()
        }
    };
    view! {
        <tr>
            <td class="cell-muted cell-when"><Ago at=event.at now/></td>
            <td class="cell-cut"><ActorCell event=event.clone() emails/></td>
            <td class="cell-head">{event.action_title().to_owned()}</td>
            <td class="cell-rest">{target}{detail}</td>
            <td class="cell-end">{outcome}{proof}</td>
            {last}
        </tr>
    }
}

/// The page of an event's target.
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

/// The page of the console about an event's target.
fn href_in_console(event: &Event) -> Option<String> {
    let list = match event.target_kind.as_str() {
        "user" => "users",
        "root_token" => "root-tokens",
        "organization" => "organizations",
        "app" => "apps",
        _ => return None,
    };
    // A list of what was deleted is empty; a page of it does not exist.
    (!event.target_id.is_empty()).then(|| format!("/admin/{list}?q={}", event.target_id))
}

/// The reason or count in an event's details.
fn detail(event: &Event) -> Option<String> {
    let details: serde_json::Value = serde_json::from_str(&event.details).ok()?;
    let word = |name: &str| details.get(name).and_then(|value| value.as_str()).filter(|word| !word.is_empty());
    // Whose job got a key.
    if event.action == "trust_rule.key_given" {
        return word("subject").map(str::to_owned);
    }
    if let Some(code) = word("code") {
        let times = details.get("times").and_then(serde_json::Value::as_u64).unwrap_or(1);
        let mut why = refusal(code);
        why.extend(word("ip").map(|ip| format!(" ({ip})")));
        return Some(if times > 1 { format!("{why}, {times} times") } else { why });
    }
    let renamed = word("renamed_to").or_else(|| word("to")).map(|name| format!("now {name}"));
    let keys = details.get("keys").and_then(serde_json::Value::as_i64).map(|keys| count(keys, "key"));
    let colour = word("colour").map(|colour| format!("colour {colour}"));
    let plain = word("reason").or_else(|| word("role")).map(str::to_owned);
    let logo = word("logo").map(|logo| format!("logo {logo}"));
    let found = word("reported_by").and_then(|_| word("place")).map(|place| format!("found at {place}"));
    let parts: Vec<_> = [renamed, colour, logo, keys, plain, found].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}
