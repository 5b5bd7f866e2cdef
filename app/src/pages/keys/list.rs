//! The list of keys, of one app or of a whole organization.

use std::sync::Arc;

use leptos::prelude::*;
use sallyport::{
    Timestamp,
    id::{AppId, OrgId, UserId},
    key::ListedKey,
    member::Role,
    profile::{HowMany, Owner, Profile},
    store::{KeyFilter, KeyPage, KeySort, KeyStatus, Store},
};
use serde::Deserialize;

use super::{
    first_request::{FirstRequest, waiting},
    row::{KeyRow, environment_title, owner},
    snippets,
};
use crate::{
    access::OrgAccess,
    components::{
        Choice, CodeBlock, DataTable, Empty, FilterBar, FilterCheck, FilterSelect, Notice, Pager, SearchForm, Tone,
    },
    export::Format,
    form::FormState,
    icons::Icon,
    words::{count, digits},
};

/// What the URL says of the list, so that a view can be shared.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ListQuery {
    include_revoked: String,
    label: String,
    environment: String,
    scope: String,
    #[serde(deserialize_with = "status")]
    status: Option<KeyStatus>,
    #[serde(deserialize_with = "person")]
    created_by: Option<UserId>,
    sort: String,
    before: Option<String>,
    after: Option<String>,
    /// `unknown` where a pasted key was not found.
    searched: String,
    /// `generate` opens the side panel.
    pub panel: Option<String>,
    /// A key whose label, type and scopes the panel begins with.
    pub like: Option<String>,
}

/// An unknown one is refused: left out, it would show more than was asked for.
fn status<'de, D: serde::Deserializer<'de>>(text: D) -> Result<Option<KeyStatus>, D::Error> {
    let text = String::deserialize(text)?;
    let known = KeyStatus::parse(&text);
    if known.is_none() && !text.is_empty() {
        return Err(serde::de::Error::custom("no status of a key"));
    }
    Ok(known)
}

/// The same of who made the keys.
fn person<'de, D: serde::Deserializer<'de>>(text: D) -> Result<Option<UserId>, D::Error> {
    let text = String::deserialize(text)?;
    let known = UserId::parse(&text);
    if known.is_none() && !text.is_empty() {
        return Err(serde::de::Error::custom("no id of a person"));
    }
    Ok(known)
}

impl ListQuery {
    /// What says which keys are listed, and how.
    pub const FILTERS: [&str; 9] =
        ["include_revoked", "label", "environment", "scope", "status", "created_by", "sort", "before", "after"];

    pub fn filter(&self) -> KeyFilter {
        // Words that can't be in the database match nothing; PostgreSQL refuses some of them with an error.
        let word = |word: &str| word.replace(char::is_control, "\u{fffd}");
        KeyFilter {
            include_revoked: matches!(self.include_revoked.as_str(), "1" | "on" | "true"),
            label: word(&self.label),
            environment: word(&self.environment),
            scope: word(&self.scope),
            status: self.status,
            created_by: self.created_by.clone(),
            sort: KeySort::parse(&self.sort).unwrap_or_default(),
            before: self.before.clone(),
            after: self.after.clone(),
            limit: None,
        }
    }

    pub fn is_unknown(&self) -> bool {
        self.searched == "unknown"
    }
}

/// A filter as the URL says it, but for the page.
pub fn pairs(filter: &KeyFilter) -> impl Iterator<Item = (&'static str, &str)> {
    let pairs = [
        ("include_revoked", if filter.include_revoked { "1" } else { "" }),
        ("label", filter.label.as_str()),
        ("environment", &filter.environment),
        ("scope", &filter.scope),
        ("status", filter.status.map_or("", KeyStatus::as_str)),
        ("created_by", filter.created_by.as_ref().map_or("", UserId::as_str)),
        ("sort", if filter.sort == KeySort::default() { "" } else { filter.sort.as_str() }),
    ];
    pairs.into_iter().filter(|(_, value)| !value.is_empty())
}

/// Who looks at the list.
#[derive(Clone)]
pub struct Viewer {
    pub user: UserId,
    pub role: Role,
}

impl Viewer {
    fn may_change(&self, key: &ListedKey, profile: &Profile) -> bool {
        self.role.may(key.needs(&self.user, profile))
    }
}

impl From<&OrgAccess> for Viewer {
    fn from(access: &OrgAccess) -> Self {
        Self { user: access.me.user.id.clone(), role: access.role }
    }
}

/// What the list shows.
#[derive(Clone)]
pub struct KeyList {
    /// Where it lies: `/apps/{app_id}/keys`.
    pub path: String,
    pub page: KeyPage,
    pub filter: KeyFilter,
    /// What the person is called whose keys the filter asks for.
    pub creator: Option<String>,
    pub viewer: Viewer,
    /// Says of each key whom it speaks for.
    pub of_org: bool,
    /// Whether a key can be generated here: where keys belong to apps, there is one for it.
    pub can_generate: bool,
    /// Whether the place is out of use.
    pub archived: bool,
    /// Whether there are revoked ones alone, which the filter hides.
    pub hides: bool,
    /// Whether all of them can be revoked here, by this person.
    pub can_revoke_all: bool,
    /// Whether a key was pasted that is none of these.
    pub unknown: bool,
    pub public_url: String,
    pub profile: Arc<Profile>,
    pub now: Timestamp,
}

impl KeyList {
    /// Nothing there, and nothing hidden.
    pub fn is_empty(&self) -> bool {
        self.page.keys.is_empty() && self.filter.before.is_none() && self.filter.after.is_none() && !self.is_narrowed()
    }

    fn is_narrowed(&self) -> bool {
        self.pairs().any(|(name, _)| !matches!(name, "include_revoked" | "sort"))
    }

    /// What the URL says of this view, but for the page.
    fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        pairs(&self.filter)
    }

    /// The address of this very view.
    fn here(&self) -> String {
        let edges = [("before", &self.filter.before), ("after", &self.filter.after)];
        let edges = edges.iter().filter_map(|(name, edge)| Some((*name, edge.as_deref()?)));
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let query = query.extend_pairs(self.pairs().chain(edges)).finish();
        if query.is_empty() { self.path.clone() } else { format!("{}?{query}", self.path) }
    }

    fn href(&self, edge: &str, cursor: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.pairs()).append_pair(edge, cursor);
        format!("{}?{}", self.path, query.finish())
    }

    /// Whether scopes are worth a column: keys have them here.
    fn has_scopes(&self) -> bool {
        self.profile.keys.scopes != HowMany::None
    }

    /// "12 keys", "1,000+ keys".
    fn total(&self) -> String {
        if self.page.has_more_than_counted() {
            return format!("{}+ keys", digits(KeyPage::COUNTED));
        }
        count(self.page.total, "key")
    }
}

/// What the person is called whose keys a filter asks for, where that is known in this organization.
pub async fn creator(store: &Store, org: &OrgId, filter: &KeyFilter) -> sallyport::Result<Option<String>> {
    match &filter.created_by {
        Some(user) => store.creator_name(org, user).await,
        None => Ok(None),
    }
}

/// Whether an empty page hides keys that were revoked.
pub async fn hides(store: &Store, page: &KeyPage, org: &OrgId, app: Option<&AppId>) -> sallyport::Result<bool> {
    let all = KeyFilter { include_revoked: true, ..KeyFilter::default() };
    Ok(page.keys.is_empty() && store.count_keys(org, app, &all).await? > 0)
}

#[component]
pub fn KeyListView(list: KeyList) -> impl IntoView {
    let form = FormState::typed(list.pairs());
    let choices = |first: &str, rest: Vec<Choice>| {
        let mut choices = vec![Choice::new("", first)];
        choices.extend(rest);
        choices
    };
    let environments = list.profile.environments.iter().map(|one| Choice::new(&one.name, &one.title)).collect();
    let scopes = list.profile.scopes.iter().map(|one| Choice::new(&one.name, &one.title));
    // Those with all that a bundle ticks.
    let bundles = list.profile.bundles.iter().filter(|bundle| list.profile.scope(&bundle.name).is_none());
    let scopes = scopes.chain(bundles.map(|one| Choice::new(&one.name, &one.title))).collect();
    let statuses = KeyStatus::ALL.iter().map(|one| Choice::new(one.as_str(), one.title())).collect();
    let sorts = KeySort::ALL.iter().map(|one| {
        // The first of them is what a URL without a word means.
        Choice::new(if *one == KeySort::default() { "" } else { one.as_str() }, one.title())
    });
    let has_scopes = list.has_scopes();
    let unknown = list.unknown.then(|| {
        view! {
            <div role="status">
                <Notice tone=Tone::Warning>
                    "No key here matches what you pasted. It may belong to another organization, or be incomplete; it was not stored."
                </Notice>
            </div>
        }
    });
    let label = list.filter.label.clone();
    // What is set is not folded away; the label stands in the search.
    let filtered = list.pairs().any(|(name, _)| name != "label");
    let kept = FormState::typed([("label", label.clone())]);
    let search = format!("{}/search", list.path);
    let total = list.total();
    let revoke_all = (list.can_revoke_all && !list.page.keys.is_empty()).then(|| format!("{}/revoke-all", list.path));
    let revokes = if list.of_org {
        "Every key of the organization, whatever is filtered"
    } else {
        "Every key of the app, whatever is filtered"
    };
    let plain = !list.is_narrowed() && list.filter.before.is_none() && list.filter.after.is_none();
    let new = waiting(&list.page.keys, list.now).filter(|_| plain).cloned();
    let new = new.map(|key| view! { <FirstRequest key call=snippets::curl(&list.public_url, &list.profile)/> });
    let action = list.path.clone();
    let creator = list.filter.created_by.as_ref().map(|id| {
        let name = list.creator.clone().unwrap_or_else(|| id.to_string());
        vec![Choice::new("", "Anyone"), Choice::new(id.as_str(), name)]
    });
    let export = (!list.page.keys.is_empty())
        .then(|| [Format::Csv, Format::Jsonl].map(|format| format.href(&list.path, list.pairs())));
    let body = if list.is_empty() {
        view! { <NoKeys list/> }.into_any()
    } else if list.page.keys.is_empty() {
        view! { <NothingMatches path=list.path/> }.into_any()
    } else {
        view! { <Keys list/> }.into_any()
    };
    view! {
        {unknown}
        <FilterBar
            action fold=filtered
            search=move || view! { <SearchForm action=search label="Search by label, or paste a key" value=label/> }
            side=move || view! {
                <span class="muted">{total}</span>
                {export.map(|[csv, jsonl]| view! {
                    <a class="btn btn-small" href=csv download>"Export CSV"</a>
                    <a class="btn btn-small" href=jsonl download>"Export JSONL"</a>
                })}
                {revoke_all.map(|action| view! {
                    <form method="get" action=action>
                        <button
                            id="revoke-all" class="btn btn-small btn-danger-quiet"
                            title=revokes aria-describedby="revokes"
                        >"Revoke all"</button>
                        <span id="revokes" hidden>{revokes}</span>
                    </form>
                })}
            }
        >
            {(!kept.value("label").is_empty()).then(|| view! {
                <input type="hidden" name="label" value=kept.value("label")/>
            })}
            <FilterSelect form=&form name="environment" label="Environment" options=choices("Any", environments)/>
            {has_scopes.then(|| view! { <FilterSelect form=&form name="scope" label="Scope" options=choices("Any", scopes)/> })}
            <FilterSelect form=&form name="status" label="Status" options=choices("Any", statuses)/>
            {creator.map(|people| view! { <FilterSelect form=&form name="created_by" label="Created by" options=people/> })}
            <FilterSelect form=&form name="sort" label="Sort" options=sorts.collect()/>
            <FilterCheck form=&form name="include_revoked" label="Include revoked"/>
        </FilterBar>
        {new}
        {body}
    }
}

#[component]
fn NothingMatches(path: String) -> impl IntoView {
    view! {
        <Empty
            icon=Icon::Search title="Nothing matches" text="No keys match the search and the filters. Remove some of them."
            action=move || view! { <a class="btn" href=path>"Clear filters"</a> }
        />
    }
}

#[component]
fn Keys(list: KeyList) -> impl IntoView {
    let newer = list.page.newer.as_ref().map(|cursor| list.href("after", cursor));
    let older = list.page.older.as_ref().map(|cursor| list.href("before", cursor));
    let columns: &[_] = if list.has_scopes() {
        &["Label", "Key", "Environment", "Scopes", "Created", "Last used", "Status", ""]
    } else {
        &["Label", "Key", "Environment", "Created", "Last used", "Status", ""]
    };
    let here = list.here();
    let (of_org, now, scopes, profile, viewer) = (list.of_org, list.now, list.has_scopes(), list.profile, list.viewer);
    let rows = list.page.keys.into_iter().map(move |key| {
        let environment = environment_title(&profile, &key.environment);
        let owner = of_org.then(|| owner(key.owner, &key.owner_name));
        let turn = viewer.may_change(&key, &profile).then(|| here.clone());
        view! { <KeyRow key owner environment scopes turn now/> }
    });
    view! {
        <DataTable label="API keys" columns>{rows.collect_view()}</DataTable>
        <div class="table-foot">
            <p>"Keys are hashed; a lost key can’t be shown again."</p>
            <Pager newer older/>
        </div>
    }
}

#[component]
fn NoKeys(list: KeyList) -> impl IntoView {
    let (title, text) = if list.hides {
        ("No active keys", "Every key here was revoked. Tick Include revoked to see them.")
    } else if list.archived {
        ("No API key", "This is archived: restore it to generate keys.")
    } else if list.can_generate {
        let text = match list.profile.keys.owner {
            Owner::App => "A key lets one app call your API. Its secrets are shown once, when you generate it.",
            Owner::Member => "A key lets you call the API as yourself. It is shown once, when you generate it.",
            Owner::Organization => "A key lets your servers call the API. It is shown once, when you generate it.",
        };
        ("No API key yet", text)
    } else if list.profile.keys.owner == Owner::App {
        ("No apps yet", "A key belongs to one app. Create a project and an app first.")
    } else {
        ("No API key of this app", list.profile.keys.owner.of_whom())
    };
    let generate = list.can_generate.then(|| format!("{}?panel=generate", list.path));
    let curl = snippets::curl(&list.public_url, &list.profile);
    let below = list.can_generate;
    view! {
        <Empty
            icon=Icon::Key title text
            action=move || generate.map(|href| view! { <a id="generate" class="btn btn-primary" href=href>"Generate API Key"</a> })
            below=move || below.then(|| view! {
                <p class="muted">"Send it in a header. To verify it:"</p>
                <CodeBlock text=curl/>
            })
        />
    }
}
