//! What was typed, and what it leads to.

use sallyport::{
    Timestamp,
    approval::Approval,
    id::{AppId, KeyId, OrgId, ProjectId, RequestId, TenantId},
    key::Status,
    member::Role,
    store::{KeyDue, SearchHit, SearchKind, Store},
};

use super::{
    input::SearchInput,
    places::{self, Place},
    results::{Answer, Group, Hit},
};
use crate::{
    access::{DecisionAccess, OrgAccess, SignedIn},
    context::Context,
    error::{NOT_KEPT, PageError},
    icons::Icon,
    pages::{
        approvals,
        keys::row::{ends_soon, rotation_due},
        requests::sentence,
    },
    words::{ahead, refusal},
};

/// Names are at most this long.
const LONGEST: usize = 100;

/// Who searches, and from where.
pub struct Search<'a> {
    pub context: &'a Context,
    pub me: &'a SignedIn,
    pub near: Option<&'a OrgAccess>,
}

impl Search<'_> {
    pub fn store(&self) -> &Store {
        &self.context.store
    }

    /// Before anything is typed: the ways from here.
    pub async fn nothing(&self) -> Result<Answer, PageError> {
        let pages = places::all(self.store(), self.me, self.near).await?;
        let hits = pages.into_iter().filter(|place| place.is_near).map(Place::hit).collect();
        let orgs = self.store().orgs_of(&self.me.user.id).await?.into_iter().take(8).map(|(org, role)| {
            Hit::link(
                org.name,
                role.anywhere.first().map_or("", Role::title),
                format!("/orgs/{}", org.id),
                Icon::Building,
            )
        });
        Ok(Answer { groups: groups([("Pages", hits), ("Organizations", orgs.collect())]), ..Answer::default() })
    }

    pub async fn answer(&self, text: &str) -> Result<Answer, PageError> {
        let profile = self.store().profile();
        match SearchInput::by(text, profile) {
            SearchInput::Nothing => self.nothing().await,
            SearchInput::Key(key) => {
                let found = match self.store().key_by_secret(&self.me.user.id, key).await? {
                    Some(id) => self.exact(id.as_str()).await?,
                    None => None,
                };
                Ok(found.unwrap_or_else(|| Answer::saying("No key of your organizations has this secret.")))
            }
            SearchInput::Request(id) => self.request(&id).await,
            SearchInput::Secret(said) => Ok(Answer::saying(said)),
            SearchInput::Words(words) => match self.exact(words).await? {
                Some(answer) => Ok(answer),
                None => self.by_words(words).await,
            },
        }
    }

    /// The one thing with this id.
    async fn exact(&self, id: &str) -> Result<Option<Answer>, PageError> {
        let (store, session, user) = (self.store(), &self.me.session, &self.me.user.id);
        let found = if let Some(id) = OrgId::parse(id) {
            store.find_in_session(session, user, &id).await?.map(|org| (SearchKind::Organization, org.name, None))
        } else if let Some(id) = TenantId::parse(id) {
            store.find_in_session(session, user, &id).await?.map(|tenant| (SearchKind::Tenant, tenant.name, None))
        } else if let Some(id) = ProjectId::parse(id) {
            store.find_in_session(session, user, &id).await?.map(|project| (SearchKind::Project, project.name, None))
        } else if let Some(id) = AppId::parse(id) {
            store.find_in_session(session, user, &id).await?.map(|app| (SearchKind::App, app.name, None))
        } else if let Some(id) = KeyId::parse(id) {
            store.find_in_session(session, user, &id).await?.map(|key| {
                let status = key.status(store.now());
                (SearchKind::Key, key.label, Some(status))
            })
        } else {
            None
        };
        Ok(found.map(|(kind, name, status)| {
            let id = id.to_owned();
            let found =
                SearchHit { kind, id, name, within: Vec::new(), member_of: None, status, due: KeyDue::default() };
            let hit = hit(found, store.now());
            Answer { exact: Some(hit.href()), groups: groups([(title(kind), vec![hit])]), ..Answer::default() }
        }))
    }

    /// The refused request with that id.
    async fn request(&self, id: &RequestId) -> Result<Answer, PageError> {
        let found = match DecisionAccess::find(self.me, self.context, id).await {
            Ok(Some(found)) => found,
            Ok(None) | Err(PageError::StepUp { .. }) => return Ok(Answer::saying(NOT_KEPT)),
            Err(error) => return Err(error),
        };
        let decision = found.kept.decision;
        let (why, label) = (sentence(&refusal(decision.verdict.code())), decision.key.label.to_string());
        let hit = Hit::link(why, label, format!("/requests/{id}"), Icon::Activity);
        let groups = groups([("Refused requests", vec![hit.clone()])]);
        Ok(Answer { exact: Some(hit.href()), groups, ..Answer::default() })
    }

    async fn by_words(&self, words: &str) -> Result<Answer, PageError> {
        if words.chars().count() > LONGEST {
            return Ok(Answer::saying("That is longer than any name. Search for fewer words."));
        }
        let near = self.near.map(|access| &access.org.id);
        let found = self.store().search(&self.me.session, &self.me.user.id, near, words).await?;
        let now = self.store().now();
        let of_kind = |kind| {
            let of_kind = found.iter().filter(|found| found.kind == kind).cloned();
            of_kind.map(|found| hit(found, now)).collect()
        };
        let mut all: Vec<_> = SearchKind::ALL.into_iter().map(|kind| (title(kind), of_kind(kind))).collect();
        let waiting = self.store().search_waiting_requests(&self.me.session, &self.me.user.id, words).await?;
        all.insert(2, ("Waiting for approval", waiting.into_iter().map(waiting_request).collect()));
        let pages =
            places::all(self.store(), self.me, self.near).await?.into_iter().filter(|place| place.matches_words(words));
        all.push(("Pages", pages.take(8).map(Place::hit).collect()));
        let groups = groups(all);
        let said = groups.is_empty().then_some("No results.");
        Ok(Answer { groups, said, repeated: words.to_owned(), ..Answer::default() })
    }
}

fn groups(all: impl IntoIterator<Item = (&'static str, Vec<Hit>)>) -> Vec<Group> {
    let groups = all.into_iter().map(|(title, hits)| Group { title, hits });
    groups.filter(|group| !group.hits.is_empty()).collect()
}

fn title(kind: SearchKind) -> &'static str {
    match kind {
        SearchKind::Organization => "Organizations",
        SearchKind::Tenant => "Tenants",
        SearchKind::Project => "Projects",
        SearchKind::App => "Apps",
        SearchKind::Key => "API keys",
        SearchKind::Person => "People",
    }
}

/// What is due of a key, in a few words.
fn due(status: Status, due: KeyDue, now: Timestamp) -> Option<String> {
    if let Some(at) = due.rotating_until.filter(|_| status == Status::Rotating) {
        return Some(format!("Old key ends {}", ahead(at, now)));
    }
    ends_soon(status, due.expires_at, now).or_else(|| rotation_due(status, due.rotation_due_at, now).map(str::to_owned))
}

/// A request that waits for a decision.
fn waiting_request(found: Approval) -> Hit {
    let within = format!("{} · {}", approvals::title(&found), found.owner_name);
    Hit::link(found.label, within, format!("/approvals/{}", found.id), Icon::Check)
}

fn hit(found: SearchHit, now: Timestamp) -> Hit {
    let (place, icon) = match found.kind {
        SearchKind::Organization => ("orgs", Icon::Building),
        SearchKind::Tenant => ("tenants", Icon::Folder),
        SearchKind::Project => ("projects", Icon::Folder),
        SearchKind::App => ("apps", Icon::App),
        SearchKind::Key => ("keys", Icon::Key),
        SearchKind::Person => ("orgs", Icon::User),
    };
    let mut within = found.within;
    if let Some(status) = found.status {
        let said = due(status, found.due, now);
        let title = (status != Status::Active).then(|| status.title().to_owned());
        within.splice(0..0, title.into_iter().chain(said));
    }
    let href = match found.member_of {
        Some(org) => format!("/{place}/{org}/members#{}", found.id),
        None => format!("/{place}/{}", found.id),
    };
    Hit::link(found.name, within.join(" · "), href, icon)
}
