//! The list of keys, of one app or of a whole organization.

mod chips;
mod creators;
mod empty;
mod found;
pub mod query;
mod source;
mod table;
mod views;
mod waiting;

use std::sync::Arc;

use leptos::prelude::*;
use sallyport::{
    Timestamp,
    approval::Approval,
    id::{AppId, OrgId, UserId},
    key::{Creator, ListedKey, Status},
    member::Held,
    profile::{HolderKind, HowMany, Profile},
    store::{KeyFilter, KeyPage, KeySort, KeyStatus, Store},
};

use self::{
    chips::filter_chips,
    creators::creators,
    empty::{NoKeys, NothingMatches},
    views::saved_views,
    waiting::WaitingRequests,
};
pub use self::{
    query::{ListQuery, pairs, query_of},
    source::ListSource,
    table::Keys,
    views::ListView,
};
use super::{
    first_request::{FirstRequest, waiting},
    snippets,
};
use crate::{
    access::OrgAccess,
    components::{Choice, DoneNotice, FilterBar, FilterCheck, FilterSelect, Menu, Notice, SearchForm, Tone, rendered},
    export::Format,
    form::FormState,
    words::{count, digits},
};

/// Who looks at the list.
#[derive(Clone)]
pub struct Viewer {
    pub user: UserId,
    pub name: String,
    pub role: Held,
}

impl Viewer {
    fn may_change(&self, key: &ListedKey, profile: &Profile) -> bool {
        self.role.may(key.needs(&self.user, profile))
    }

    /// Whether they may pause or revoke it, and there is something to pause or to revoke.
    fn may_end(&self, key: &ListedKey, profile: &Profile) -> bool {
        key.status != Status::Revoked && self.may_change(key, profile)
    }
}

impl From<&OrgAccess> for Viewer {
    fn from(access: &OrgAccess) -> Self {
        Self { user: access.me.user.id.clone(), name: access.me.user.name.clone(), role: access.role }
    }
}

/// What the list shows.
#[derive(Clone)]
pub struct KeyList {
    /// Where it lies: `/apps/{app_id}/keys`.
    pub path: String,
    /// Where what is to be done to selected keys is sent.
    pub chosen: String,
    /// The page that it is on.
    pub source: ListSource,
    pub page: KeyPage,
    pub filter: KeyFilter,
    /// The name of the person whose keys the filter asks for.
    pub creator: Option<String>,
    /// Those who created keys of the organization, as far as the filter offers them.
    pub creators: Vec<Creator>,
    /// Those that the person saved.
    pub views: Vec<ListView>,
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
    /// What was just done to the keys that were selected.
    pub done: Option<&'static str>,
    /// The requests that the filter asks for, instead of keys.
    pub waiting: Vec<Approval>,
    /// How many requests wait for an approval or a claim, and where they are listed.
    pub approvals: Option<(i64, String)>,
    /// What is done to a key of this list: the name of the button in its row, and the last part of its address.
    pub remedy: Option<(&'static str, &'static str)>,
    /// The name of the tenant that the list is narrowed to.
    pub tenant: Option<String>,
    /// What has to be made before there can be a key: the button's name, and where it leads.
    pub next: Option<(&'static str, String)>,
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
        query::pairs(&self.filter)
    }

    /// The same as the part of an address after `?`.
    fn query(&self) -> String {
        query_of(&self.filter)
    }

    fn address<'a>(&self, pairs: impl Iterator<Item = (&'static str, &'a str)>) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        if query.is_empty() { self.path.clone() } else { format!("{}?{query}", self.path) }
    }

    /// The list without that filter, from its beginning.
    fn without(&self, name: &str) -> String {
        self.address(self.pairs().filter(|(set, _)| *set != name))
    }

    fn sorted_by(&self, sort: KeySort) -> String {
        let by = (sort != KeySort::default()).then(|| ("sort", sort.as_str()));
        self.address(self.pairs().filter(|(name, _)| *name != "sort").chain(by))
    }

    /// The address of this very view.
    fn here(&self) -> String {
        let edges = [("before", &self.filter.before), ("after", &self.filter.after)];
        let edges = edges.iter().filter_map(|(name, edge)| Some((*name, edge.as_deref()?)));
        self.address(self.pairs().chain(edges))
    }

    fn href(&self, edge: &'static str, cursor: &str) -> String {
        self.address(self.pairs().chain([(edge, cursor)]))
    }

    /// Whether the creators of keys are worth a column: a key of a person is created by that person.
    /// Where each row has a button, the label needs the room.
    fn has_creators(&self) -> bool {
        self.profile.keys.owner != HolderKind::Member && self.remedy.is_none()
    }

    /// Whether scopes are worth a column: keys have them here.
    fn has_scopes(&self) -> bool {
        self.profile.keys.scopes != HowMany::None
    }

    fn shows_requests(&self) -> bool {
        self.filter.status == Some(KeyStatus::WaitingForApproval)
    }

    /// "12 keys", "1,000+ keys".
    fn total(&self) -> String {
        if self.shows_requests() {
            return count(self.waiting.len(), "request");
        }
        if self.page.has_more_than_counted() {
            return format!("{}+ keys", digits(KeyPage::COUNTED));
        }
        count(self.page.total, "key")
    }
}

/// The name of the person whose keys a filter asks for, if the reader knows them in this organization.
pub async fn creator(
    store: &Store,
    org: &OrgId,
    filter: &KeyFilter,
    known: &[Creator],
) -> sallyport::Result<Option<String>> {
    let Some(user) = &filter.created_by else { return Ok(None) };
    match known.iter().find(|person| person.id == *user) {
        Some(person) => Ok(Some(person.name.clone())),
        None => store.creator_name(org, user, &filter.sight).await,
    }
}

/// The requests that a filter asks for.
pub async fn waiting_requests(
    store: &Store,
    org: &OrgId,
    app: Option<&AppId>,
    filter: &KeyFilter,
    person: &UserId,
) -> sallyport::Result<Vec<Approval>> {
    match filter.status {
        Some(KeyStatus::WaitingForApproval) => store.waiting_requests(org, app, filter, person).await,
        _ => Ok(Vec::new()),
    }
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
    let done = view! { <DoneNotice text=list.done/> };
    let approvals = list.approvals.clone().filter(|_| !list.shows_requests()).map(|(n, href)| {
        let verb = if n == 1 { "waits" } else { "wait" };
        let text = format!("{} {verb} for an approval, or to be claimed.", count(n, "key"));
        view! { <Notice>{text}" "<a class="link" href=href>"Waiting for approval"</a></Notice> }
    });
    let chips = filter_chips(&list);
    let tenant = list.filter.tenant.as_ref().map(ToString::to_string);
    let label = list.filter.label.clone();
    // What is set is not folded away; the label stands in the search.
    let filtered = list.pairs().any(|(name, _)| !matches!(name, "label" | "tenant"));
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
    let creators = choices("Anyone", creators(&list));
    let menu_revokes = revoke_all.clone();
    let export = (!list.page.keys.is_empty())
        .then(|| [Format::Csv, Format::Jsonl].map(|format| format.href(&list.path, list.pairs())));
    let views = saved_views(&list);
    // Where there has never been a key, there is nothing to look for.
    let has_bar = !list.is_empty() || list.hides || list.unknown || list.approvals.is_some();
    let body = if !list.waiting.is_empty() {
        let (of_org, has_scopes, profile, now) = (list.of_org, has_scopes, list.profile.clone(), list.now);
        rendered(view! { <WaitingRequests requests=list.waiting of_org has_scopes profile now/> })
    } else if list.is_empty() {
        rendered(view! { <NoKeys list/> })
    } else if list.page.keys.is_empty() {
        rendered(view! { <NothingMatches path=list.path/> })
    } else {
        rendered(view! { <Keys list/> })
    };
    let bar = has_bar.then(move || {
        view! {
            <FilterBar
                action fold=filtered
                search=move || rendered(view! { <SearchForm action=search label="Search by label, or paste a key" value=label/> })
                side=move || rendered(view! {
                    <span class="muted">{total}</span>
                    {export.map(|[csv, jsonl]| view! {
                        <a class="btn btn-small" href=csv.clone() download>"Export CSV"</a>
                        <a class="btn btn-small" href=jsonl.clone() download>"Export JSONL"</a>
                        <Menu id="list-more" name="More actions">
                            <a class="menu-item" href=csv download>"Export CSV"</a>
                            <a class="menu-item" href=jsonl download>"Export JSONL"</a>
                            {menu_revokes.map(|href| view! { <a class="menu-item menu-danger" href=href>"Revoke all"</a> })}
                        </Menu>
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
                })
            >
                {rendered(view! {
                    {(!kept.value("label").is_empty()).then(|| view! {
                        <input type="hidden" name="label" value=kept.value("label")/>
                    })}
                    {tenant.map(|id| view! { <input type="hidden" name="tenant" value=id/> })}
                    <FilterSelect form=&form name="environment" label="Environment" options=choices("Any", environments)/>
                    {has_scopes.then(|| view! { <FilterSelect form=&form name="scope" label="Scope" options=choices("Any", scopes)/> })}
                    <FilterSelect form=&form name="status" label="Status" options=choices("Any", statuses)/>
                    <FilterSelect form=&form name="created_by" label="Created by" options=creators/>
                    <FilterSelect form=&form name="sort" label="Sort" options=sorts.collect()/>
                    <FilterCheck form=&form name="include_revoked" label="Include revoked"/>
                })}
            </FilterBar>
        }
    });
    view! {
        {done}
        {unknown}
        {approvals}
        {views}
        {bar}
        {chips}
        {new}
        {body}
    }
}
