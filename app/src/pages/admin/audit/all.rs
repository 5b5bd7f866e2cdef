//! `/admin/audit/all`: the events of all organizations and of the chain `system`. Looking leaves an event in each
//! organization whose events are shown.

use std::collections::{BTreeSet, HashMap};

use leptos::prelude::*;
use sallyport::{
    Timestamp,
    audit::{Action, NewEvent, Target},
    id::OrgId,
    store::{ConsolePage, EventEdge},
};
use serde::Deserialize;

use super::tabs;
use crate::{
    access::OperatorAccess,
    components::{Choice, Empty, FilterBar, FilterSelect, FilterText, PageHead, Pager},
    error::PageResult,
    form::FormState,
    icons::Icon,
    pages::activity::{ActivityQuery, EventTable},
    portal::{AdminSection, Page},
    shell,
    ui::{Ui, UrlQuery, refuse},
};

const PATH: &str = "/admin/audit/all";

/// The view in the URL.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AllQuery {
    actor: String,
    action: String,
    outcome: String,
    from: String,
    to: String,
    before: Option<String>,
    after: Option<String>,
}

impl AllQuery {
    /// The same without the edge of the page.
    fn filters(&self) -> ActivityQuery {
        let Self { actor, action, outcome, from, to, .. } = self.clone();
        ActivityQuery { actor, action, outcome, from, to, ..ActivityQuery::default() }
    }
}

pub async fn get(ui: Ui, access: OperatorAccess, UrlQuery(query): UrlQuery<AllQuery>) -> PageResult {
    let store = &ui.context.store;
    let filters = query.filters();
    let edge = EventEdge { before: query.before, after: query.after };
    let typed = FormState::typed(filters.pairs());
    let (form, found) = match filters.filter() {
        Ok(filter) => (typed, store.every_event(&filter, &edge).await?),
        Err(invalid) => {
            let none = ConsolePage { items: Vec::new(), total: None, newer: None, older: None };
            (refuse(typed, sallyport::Error::from(invalid))?, none)
        }
    };
    let orgs = store.orgs_of_events(&found.items).await?;
    let people = found.items.iter().filter(|event| event.actor_kind == "user").map(|event| event.actor_id.clone());
    let people: Vec<_> = people.collect::<BTreeSet<_>>().into_iter().collect();
    let emails = store.emails_of_people(&people).await?;
    for (id, name) in &orgs {
        if let Some(org) = OrgId::parse(id) {
            let viewed = NewEvent::of(&org, Action::OrgViewed, Target::new("organization", id, name));
            ui.context.pending_events.note(access.me.act(), viewed);
        }
    }
    let chrome = shell::at_last(shell::of_admin(&ui, &access.me, AdminSection::Audit).await?);
    let (is_refused, now) = (form.is_refused(), store.now());
    let page = Page::framed("Audit", chrome, move || {
        view! {
            <PageHead title="Audit" sub=|| view! { <span>"The logs of all organizations and of the portal, newest first"</span> }/>
            {tabs("All")}
            <Body form filters found orgs emails now/>
        }
    });
    Ok(if is_refused { ui.refused(page) } else { ui.ok(page) })
}

#[component]
fn Body(
    form: FormState,
    filters: ActivityQuery,
    found: ConsolePage<sallyport::audit::Event>,
    orgs: HashMap<String, String>,
    emails: HashMap<String, String>,
    now: Timestamp,
) -> impl IntoView {
    let ConsolePage { items, newer, older, .. } = found;
    let any = |text: &str| Choice::new("", text);
    let actions = Action::ALL.iter().map(|action| Choice::new(action.as_str(), action.title()));
    let outcomes = vec![any("Any"), Choice::new("done", "Done"), Choice::new("refused", "Refused")];
    let href = |edge: &str, cursor: String| filters.href(PATH, edge, &cursor);
    let (newer, older) = (newer.map(|cursor| href("after", cursor)), older.map(|cursor| href("before", cursor)));
    let narrowed = filters.is_narrowed();
    let body = if items.is_empty() {
        let text = if form.is_refused() {
            "A filter is not valid. Correct it to see results."
        } else {
            "Remove a filter to see more."
        };
        let clear = move || narrowed.then(|| view! { <a class="btn" href=PATH>"Clear filters"</a> });
        view! { <Empty icon=Icon::Activity title="No results" text action=clear/> }.into_any()
    } else {
        view! { <EventTable events=items now emails orgs console=true/> }.into_any()
    };
    view! {
        <FilterBar action=PATH fold=narrowed>
            <FilterText form=&form name="actor" label="Actor" placeholder="ID"/>
            <FilterSelect form=&form name="action" label="Action" options=std::iter::once(any("Any")).chain(actions).collect()/>
            <FilterSelect form=&form name="outcome" label="Outcome" options=outcomes/>
            <span class="filter-range">
                <span class="filter-dates">
                    <FilterText form=&form name="from" label="From" kind="date"/>
                    <FilterText form=&form name="to" label="To" kind="date"/>
                </span>
            </span>
        </FilterBar>
        {body}
        <div class="table-foot">
            <p>"That you looked at this page is recorded in the activity of each organization that it shows. Days are UTC."</p>
            <Pager newer older/>
        </div>
    }
}
