//! A summary of the keys of an organization or an app: expiring soon, unused, new.

use leptos::{either::Either, prelude::*};
use sallyport::{
    Result, Timestamp,
    id::{AppId, OrgId, UserId},
    key::ListedKey,
    store::{KeyFilter, KeyPage, KeySort, KeyStatus, Store},
};

use crate::{
    components::{Badge, Card, Strip, StripItem, Tone},
    pages::keys::row::{StatusBadge, ends_soon, owner, paused_soon, rotation_due, unused},
    words::{Ago, digits},
};

/// Rows in a card.
const SHOWN: usize = 5;

/// The keys of a place that its page shows.
#[derive(Clone)]
pub struct Highlights {
    expiring: KeyPage,
    /// Whose secret is due to be replaced.
    due: KeyPage,
    /// Which are paused soon, as nobody uses them.
    idle: KeyPage,
    unused: KeyPage,
    newest: KeyPage,
}

impl Highlights {
    /// Of an app of the organization, or of what `place` narrows its keys to.
    pub async fn of(store: &Store, org: &OrgId, app: Option<&AppId>, place: &KeyFilter) -> Result<Self> {
        let narrowed = |status, sort| KeyFilter { status: Some(status), sort, ..place.clone() };
        let rules = store.key_deadlines(org).await?;
        // Without a rule nothing is due.
        let due = async |rule: Option<u32>, status| match rule {
            Some(_) => store.listed_keys(org, app, &narrowed(status, KeySort::Oldest)).await,
            None => Ok(KeyPage::default()),
        };
        Ok(Self {
            expiring: store.listed_keys(org, app, &narrowed(KeyStatus::Expiring, KeySort::Expires)).await?,
            due: due(rules.rotate_every_days, KeyStatus::RotationDue).await?,
            idle: due(rules.pause_unused_days, KeyStatus::PausedSoon).await?,
            unused: store.listed_keys(org, app, &narrowed(KeyStatus::Unused, KeySort::Oldest)).await?,
            newest: store.listed_keys(org, app, place).await?,
        })
    }

    /// There is no key yet.
    pub fn is_empty(&self) -> bool {
        self.newest.keys.is_empty()
    }
}

#[derive(Clone)]
pub struct Attention {
    /// The path of the list: `/orgs/{org_id}/keys`.
    pub path: String,
    /// The usable ones: with those that are rotated.
    active: i64,
    rotating: i64,
    paused: i64,
    suspended: i64,
    /// Requests that wait for a decision, of those that the reader sees.
    waiting: i64,
    pub highlights: Highlights,
}

impl Attention {
    /// Of an app of the organization, or of what `place` narrows its keys to.
    pub async fn of(
        store: &Store,
        path: String,
        org: &OrgId,
        app: Option<&AppId>,
        place: &KeyFilter,
        reader: &UserId,
    ) -> Result<Self> {
        let count = |status| {
            let filter = KeyFilter { status: Some(status), ..place.clone() };
            async move { store.count_keys(org, app, &filter).await }
        };
        let rotating = count(KeyStatus::Rotating).await?;
        Ok(Self {
            path,
            active: count(KeyStatus::Active).await? + rotating,
            rotating,
            paused: count(KeyStatus::Paused).await?,
            suspended: count(KeyStatus::Suspended).await?,
            waiting: store.count_waiting_requests(org, app, reader).await?,
            highlights: Highlights::of(store, org, app, place).await?,
        })
    }

    /// There is no key yet.
    pub fn is_empty(&self) -> bool {
        self.highlights.is_empty()
    }
}

/// "7", "1,000+".
pub fn counted(n: i64) -> String {
    if n > KeyPage::COUNTED { format!("{}+", digits(KeyPage::COUNTED)) } else { digits(n) }
}

/// The figures, each with a link to its list.
#[component]
pub fn KeyFigures(attention: Attention) -> impl IntoView {
    let Attention { path, active, rotating, paused, suspended, waiting, highlights } = attention;
    let Highlights { expiring, unused: idle, .. } = highlights;
    // No status stands for both.
    let usable = if rotating > 0 { path.clone() } else { format!("{path}?status={}", KeyStatus::Active.as_str()) };
    let rotating = if rotating > 0 { format!("{} rotating", counted(rotating)) } else { "none rotating".to_owned() };
    let figure = move |label: &'static str, n: i64, status: KeyStatus, note: &'static str| {
        let href = Some(format!("{path}?status={}", status.as_str()));
        view! { <StripItem label href value=move || counted(n) note=move || note/> }
    };
    view! {
        <Strip>
            <StripItem label="Active keys" href=Some(usable) value=move || counted(active) note=move || rotating/>
            {figure("Expiring soon", expiring.total, KeyStatus::Expiring, "within 14 days")}
            {figure("Unused", idle.total, KeyStatus::Unused, "for 30 days or more")}
            {figure("Paused", paused, KeyStatus::Paused, "refused until resumed")}
            {(suspended > 0).then(|| figure("Suspended", suspended, KeyStatus::Suspended, "app or owner suspended"))}
            {(waiting > 0).then(|| figure("Waiting for approval", waiting, KeyStatus::WaitingForApproval, "for another person"))}
        </Strip>
    }
}

/// The keys that need attention.
#[component]
pub fn AttentionCard(
    highlights: Highlights,
    now: Timestamp,
    /// Says of each key which app it belongs to, or whose it is.
    of_several: bool,
) -> impl IntoView {
    let Highlights { expiring, due, idle, unused: quiet, .. } = highlights;
    let mut attending: Vec<ListedKey> = Vec::new();
    for key in [expiring, due, idle, quiet].iter().flat_map(|page| &page.keys) {
        if attending.len() < SHOWN && !attending.iter().any(|one| one.id == key.id) {
            attending.push(key.clone());
        }
    }
    let calm = attending.is_empty();
    let attend = attending.into_iter().map(|key| {
        let why = ends_soon(key.status, key.expires_at, now)
            .or_else(|| rotation_due(key.status, key.rotation_due_at, now).map(str::to_owned))
            .or_else(|| paused_soon(key.status, key.paused_from, now))
            .or_else(|| unused(key.status, key.last_used_at.unwrap_or(key.created_at), now))
            .unwrap_or_default();
        let about = about(&key, of_several);
        view! { <KeyLine key about=move || about><Badge tone=Tone::Warning text=why/></KeyLine> }
    });
    let attend = attend.collect_view();
    view! {
        <Card title="Needs attention">
            {if calm {
                view! { <p class="muted">"Nothing. No key expires soon, and every key is in use."</p> }.into_any()
            } else {
                view! { <ul class="list">{attend}</ul> }.into_any()
            }}
        </Card>
    }
}

/// The newest keys.
#[component]
pub fn NewestKeys(
    highlights: Highlights,
    /// Where all keys are listed.
    all: Option<String>,
    now: Timestamp,
    of_several: bool,
) -> impl IntoView {
    let recent: Vec<_> = highlights.newest.keys.into_iter().take(SHOWN).collect();
    let recent = recent.into_iter().map(|key| {
        let (about, at, status) = (about(&key, of_several), key.created_at, key.status);
        view! {
            <KeyLine key about=move || about>
                <span class="muted"><Ago at now/></span>
                <StatusBadge status/>
            </KeyLine>
        }
    });
    let recent = recent.collect_view();
    view! {
        <Card title="Newest keys" actions=move || all.map(|href| view! { <a href=href>"All keys"</a> })>
            <ul class="list">{recent}</ul>
        </Card>
    }
}

/// The key's holder or, if that is known, its shortened secret.
fn about(key: &ListedKey, of_several: bool) -> impl IntoView + use<> {
    if of_several {
        Either::Left(owner(key.owner, &key.owner_name))
    } else {
        Either::Right(view! { <code>{key.shown.clone()}</code> })
    }
}

#[component]
fn KeyLine(key: ListedKey, #[prop(into)] about: ViewFnOnce, children: Children) -> impl IntoView {
    view! {
        <li>
            <a href=format!("/keys/{}", key.id)>{key.label}</a>
            <span class="muted">{about.run()}</span>
            {children()}
        </li>
    }
}
