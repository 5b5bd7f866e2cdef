//! The head, the strip and the tabs of every page of a key.

use leptos::prelude::*;
use sallyport::{
    Timestamp,
    decision::Decision,
    key::{Key, Status, Verdict},
    key_policy::Deadlines,
    profile::HolderKind,
};

use super::{
    change::button::{is_changeable, title},
    generate::another,
    leaked::{Leaked, LeakedNotice},
    rotate::notice::{OldKeyButtons, OldSecret, RotationNotice},
    row::{LastUsed, StatusBadge, ends_soon, environment_title, owner, paused_soon, rotation_due, unused},
    turn::TurnKey,
};
use crate::{
    access::KeyAccess,
    components::{Menu, Notice, PageHead, Strip, StripItem, Tab, Tabs, Tone},
    context::Context,
    error::PageError,
    pages::usage::card::{Report, last_day},
    words::{Ago, Ahead, digits},
};

/// What the head shows.
#[derive(Clone)]
pub struct KeyHead {
    pub key: Key,
    /// The requests of the last 24 hours.
    pub requests: Report,
    status: Status,
    environment: String,
    may_change: bool,
    /// Whether the person may resume it, if it is paused.
    may_resume: bool,
    /// Whether a new secret may be shown to the person: one of a personal key only to whose it is.
    may_rotate: bool,
    /// The name of what changes its scopes and expiry, where that can be.
    change: Option<&'static str>,
    /// Whether keys may have signing secrets here.
    signing: bool,
    /// The address of the panel that begins with what this key has.
    another: String,
    /// Refused requests of the last 24 hours, and where they are listed.
    refused: u64,
    refused_href: String,
    /// Its person can't use the organization; what is archived is said above the page already.
    left: bool,
    /// Whether its revocation may be missing in the journal.
    unjournaled: bool,
    /// That it leaked, if it did.
    leaked: Option<Leaked>,
    /// The old secret, while the key is being rotated.
    old: Option<OldSecret>,
    /// The rules of its organization that have a deadline.
    rules: Deadlines,
    now: Timestamp,
}

impl KeyHead {
    pub async fn of(context: &Context, access: &KeyAccess) -> Result<Self, PageError> {
        let (key, profile, now) = (access.key.clone(), context.store.profile(), context.store.now());
        let kept = context.verifier.decisions().of_org(&key.org_id, now);
        // The chart tells those over a limit apart.
        let is_refused = |of: &Decision| of.key.key_id == key.id && of.verdict != Verdict::RateLimited;
        let refused = kept.iter().filter(|kept| is_refused(&kept.decision)).map(|kept| 1 + kept.left_out);
        let recent: u64 = refused.sum();
        let requests = last_day(&context.store, key.id.as_str(), &key.org_id, now).await?;
        Ok(Self {
            status: key.status(now),
            environment: environment_title(profile, &key.environment),
            may_change: access.may_change() && key.trust_rule.is_none(),
            may_resume: access.may_resume(),
            may_rotate: key.owner_id.as_ref().is_none_or(|owner| *owner == access.within.org().me.user.id),
            change: is_changeable(key.status(now)).then(|| title(profile)),
            signing: profile.keys.signing_secret || key.has_signing_secret,
            leaked: Leaked::of(context, access, &another(profile, &key)).await?,
            another: another(profile, &key),
            // Those of the last seconds are not written yet, and a server that has just started knows no others.
            refused: recent.max(requests.refused()),
            requests,
            refused_href: format!("/orgs/{}/activity/refused?key={}", key.org_id, key.id),
            old: OldSecret::of(context, access).await?,
            rules: Deadlines::from(&context.store.key_policy(&key.org_id).await?.policy),
            unjournaled: key.revoked.as_ref().is_some_and(|revoked| context.store.waits_for_journal(revoked.at)),
            left: key.suspended && key.owner_id.is_some() && !access.within.is_archived(),
            key,
            now,
        })
    }
}

#[component]
pub fn KeyHeadView(head: KeyHead, current: &'static str) -> impl IntoView {
    let KeyHead { key, status, environment, may_resume, left, unjournaled, leaked, rules, now, .. } = head.clone();
    // The page of the rotation says more.
    let old = head.old.clone().filter(|_| current != "Rotation");
    let ends = head.old.as_ref().map(|old| old.until);
    let hint = ends_soon(status, key.expires_at, now)
        .or_else(|| paused_soon(status, rules.paused_soon(key.idle_since(), now), now))
        .or_else(|| unused(status, key.last_used_at.unwrap_or(key.created_at), now));
    let due = rotation_due(status, rules.rotation_due_at(key.secret_since), now);
    let base = format!("/keys/{}", key.id);
    let tabs = vec![
        Tab::new("Overview", &base),
        Tab::new("Usage", format!("{base}/usage")),
        Tab::new("Activity", format!("{base}/activity")),
        Tab::new("Settings", format!("{base}/settings")),
    ];
    let (shown, whose, at) = (key.shown.clone(), owner(key.owner, &key.owner_name), holder_href(&key));
    let of_rule = key.trust_rule.as_ref().and(key.app_id.as_ref()).map(|app| format!("/apps/{app}/trust-rules"));
    let left = left.then(|| {
        format!(
            "{} can’t use this organization at present: every request with this key is refused (403).",
            key.owner_name
        )
    });
    view! {
        {of_rule.map(|href| view! {
            <Notice tone=Tone::Neutral>
                "A "<a href=href>"trust rule"</a>" gave this short-lived key to a CI job. It can be revoked, but not changed."
            </Notice>
        })}
        {unjournaled.then(|| view! {
            <Notice tone=Tone::Warning>
                "This key is refused, but its revocation is not in the revocation journal yet: if a backup were restored, the key would be \
                 valid again. Tell an operator."
            </Notice>
        })}
        {left.map(|text| view! { <Notice tone=Tone::Warning>{text}</Notice> })}
        {leaked.map(|leaked| view! { <LeakedNotice leaked now/> })}
        {is_paused(&key, status).then(|| view! { <PausedNotice key=key.clone() status may_resume now/> })}
        {old.map(|old| view! { <RotationNotice old now/> })}
        <PageHead
            title=key.label.clone()
            sub=move || view! {
                <span><code>{shown}</code></span>
                <span><StatusBadge status/></span>
                {ends.map(|at| view! { <span class="soon">"Old key ends "<Ahead at now/></span> })}
                {hint.map(|text| view! { <span class="soon">{text}</span> })}
                {due.map(|text| view! { <span class="soon">{text}</span> })}
                <span><a href=at>{whose}</a>" · "{environment}</span>
            }
            actions={let head = head.clone(); move || view! { <Actions head current/> }}
        />
        {(current == "Overview").then(|| view! { <KeyStrip head/> })}
        // The page of the rotation is below the overview.
        <Tabs items=tabs current=if current == "Rotation" { "Overview" } else { current }/>
    }
}

/// Whether it is paused, and would work again if it were resumed.
const fn is_paused(key: &Key, status: Status) -> bool {
    key.paused.is_some() && matches!(status, Status::Paused | Status::Suspended)
}

/// Who paused it and when, with the button that resumes it.
#[component]
fn PausedNotice(key: Key, status: Status, may_resume: bool, now: Timestamp) -> impl IntoView {
    let id = key.id;
    let for_leak = key.paused.as_ref().is_some_and(|pause| pause.for_leak);
    let until = match (may_resume, for_leak) {
        (true, _) => "you resume it",
        (false, true) => "an owner or admin resumes it",
        (false, false) => "it is resumed",
    };
    let refused = format!(". Requests with this key are refused (403) until {until}.");
    key.paused.map(|pause| {
        view! {
            <div class="notice warning notice-line">
                <p><b>{format!("Paused by {} ", pause.by)}<Ago at=pause.at now/></b>{refused}</p>
                {may_resume.then(|| view! { <TurnKey key=id status paused=true class="btn btn-small btn-primary"/> })}
            </div>
        }
    })
}

/// The page of its holder.
fn holder_href(key: &Key) -> String {
    match (key.owner, &key.app_id) {
        (HolderKind::App, Some(app)) => format!("/apps/{app}"),
        (HolderKind::Member, _) => format!("/orgs/{}/members", key.org_id),
        _ => format!("/orgs/{}", key.org_id),
    }
}

#[component]
fn KeyStrip(head: KeyHead) -> impl IntoView {
    let KeyHead { key, refused, refused_href, now, .. } = head;
    let Key { last_used_at, created_at, created_by, expires_at, .. } = key;
    let listed = match refused {
        0 => "none".into_any(),
        _ => view! { <a class="link" href=refused_href>"See why"</a> }.into_any(),
    };
    let made_by = created_by.map(|name| format!("by {name}"));
    let until = expires_at.map_or_else(|| "no expiry".to_owned(), |at| at.to_chrono().format("%-d %b %Y").to_string());
    let used = if last_used_at.is_some() { "by an accepted request" } else { "no accepted request yet" };
    view! {
        <Strip>
            <StripItem label="Last used" value=move || view! { <LastUsed at=last_used_at now/> } note=move || used/>
            <StripItem
                label="Refused, 24 h" value=move || digits(refused) note=move || listed
            />
            <StripItem label="Created" value=move || view! { <Ago at=created_at now/> } note=move || made_by/>
            <StripItem label="Expires" value=move || view! { <Expires at=expires_at now/> } note=move || until/>
        </Strip>
    }
}

#[component]
pub fn Expires(at: Option<Timestamp>, now: Timestamp) -> impl IntoView {
    match at {
        None => "Never".into_any(),
        Some(at) if at <= now => view! { <Ago at now/> }.into_any(),
        Some(at) => view! { <Ahead at now/> }.into_any(),
    }
}

/// The main action as a primary button, pausing next to it, and the rest in a menu.
#[component]
fn Actions(head: KeyHead, current: &'static str) -> impl IntoView {
    // What the page of the rotation is for.
    if let Some(old) = head.old.clone().filter(|old| current == "Rotation" && old.may_change) {
        return view! { <OldKeyButtons key=old.key may_extend=old.may_extend large=true/> }.into_any();
    }
    let KeyHead { key, status, may_change, may_rotate, change, signing, another, .. } = head;
    let path = format!("/keys/{}", key.id);
    let to = move |tail: &str| format!("{path}/{tail}");
    let ended = matches!(status, Status::Expired | Status::Revoked);
    let class = move |first: bool| if first { "btn btn-primary" } else { "btn" };
    let rotate = if key.has_signing_secret { "Rotate signing secret" } else { "Generate signing secret" };
    let (first, test) = (may_change && (ended || is_paused(&key, status)), to("test"));
    view! {
        <a class=class(!first) href=test>"Test a request"</a>
        {may_change.then(|| view! {
            {(!ended && may_rotate).then(|| view! {
                <form method="get" action=to("rotate")><button class="btn">"Rotate"</button></form>
            })}
            {(!is_paused(&key, status)).then(|| view! { <TurnKey key=key.id.clone() status paused=false/> })}
            {ended.then(|| view! { <a class=class(true) href=another.clone()>"Generate like this one"</a> })}
            <Menu id="more" name="More actions">
                {(!ended).then(|| view! { <a class="menu-item" href=another>"Generate like this one"</a> })}
                <a class="menu-item" href=to("edit")>"Edit"</a>
                {change.map(|title| view! { <a class="menu-item" href=to("change")>{title}</a> })}
                {(!ended).then(|| view! { <a class="menu-item" href=to("restrictions")>"Change restrictions"</a> })}
                {(status != Status::Revoked).then(|| view! {
                    {signing.then(|| view! { <a class="menu-item" href=to("signing-secret")>{rotate}</a> })}
                    <a class="menu-item menu-danger" href=to("revoke")>"Revoke"</a>
                })}
            </Menu>
        })}
    }
    .into_any()
}
