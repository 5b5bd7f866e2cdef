//! A key in a list, and the small words for its state.

use leptos::prelude::*;
use sallyport::{
    Timestamp,
    key::{ListedKey, Status},
    profile::{Mode, Owner, Profile},
    store::{SOON_DAYS, UNUSED_DAYS},
};

use crate::{
    components::{Badge, Chip, IdChip, Tone},
    words::{Ago, ahead},
};

/// Real data stands out.
pub fn environment_tone(mode: Mode) -> Tone {
    match mode {
        Mode::Live => Tone::Good,
        Mode::Test => Tone::Neutral,
    }
}

pub fn environment_title(profile: &Profile, name: &str) -> String {
    profile.environment(name).map_or_else(|| name.to_owned(), |environment| environment.title.clone())
}

#[component]
pub fn StatusBadge(status: Status) -> impl IntoView {
    let tone = match status {
        Status::Active => Tone::Good,
        Status::Paused | Status::Suspended | Status::Expired => Tone::Warning,
        Status::Revoked => Tone::Danger,
    };
    view! { <Badge tone text=status.title()/> }
}

/// When it was last good for a request; never, for one that was not.
#[component]
pub fn LastUsed(at: Option<Timestamp>, now: Timestamp) -> impl IntoView {
    match at {
        Some(at) => view! { <Ago at now/> }.into_any(),
        None => "never used".into_any(),
    }
}

/// Ends soon: within two weeks.
pub fn ends_soon(status: Status, expires_at: Option<Timestamp>, now: Timestamp) -> Option<String> {
    let at = expires_at.filter(|_| status == Status::Active)?;
    (at.since(now).as_secs() < SOON_DAYS * 86_400).then(|| format!("Expires {}", ahead(at, now)))
}

/// A hint, not a status: nobody seems to need it. `since` is when it was last used, or made.
pub fn unused(status: Status, since: Timestamp, now: Timestamp) -> Option<String> {
    let days = now.since(since).as_secs() / 86_400;
    (status == Status::Active && days >= UNUSED_DAYS).then(|| format!("Unused {days} days"))
}

/// The same in a word or two, where there is little room.
fn short_hint(key: &ListedKey, now: Timestamp) -> Option<String> {
    let ends = key.expires_at.filter(|_| ends_soon(key.status, key.expires_at, now).is_some());
    let days = ends.map(|at| match at.since(now).as_secs() / 86_400 {
        0 => "Ends today".to_owned(),
        1 => "1 day left".to_owned(),
        days => format!("{days} days left"),
    });
    let since = key.last_used_at.unwrap_or(key.created_at);
    days.or_else(|| unused(key.status, since, now).map(|_| "Unused".to_owned()))
}

/// Whom a key speaks for, where a list holds those of several.
pub fn owner(owner: Owner, name: &str) -> String {
    match owner {
        Owner::App | Owner::Member => name.to_owned(),
        Owner::Organization => "The organization".to_owned(),
    }
}

#[component]
pub fn KeyRow(
    key: ListedKey,
    /// Where the list holds the keys of several.
    owner: Option<String>,
    environment: String,
    /// Whether there is a column for them.
    scopes: bool,
    now: Timestamp,
) -> impl IntoView {
    let href = format!("/keys/{}", key.id);
    let off = key.status != Status::Active;
    let soon = short_hint(&key, now).map(|text| view! { <Badge tone=Tone::Warning text/> });
    let chips = key.scopes.into_iter().map(|scope| view! { <Chip text=scope/> }).collect_view();
    view! {
        <tr class:row-off=off>
            <td class="cell-main">
                <a href=href>{key.label}</a>
                {owner.map(|owner| view! { <span class="cell-sub">{owner}</span> })}
            </td>
            <td data-label="Key" class="cell-mono">
                <IdChip id=key.id.to_string() shown=key.shown name="Copy key id"/>
            </td>
            <td data-label="Environment"><Badge tone=environment_tone(key.mode) text=environment/></td>
            {scopes.then(|| view! { <td data-label="Scopes" class="cell-chips">{chips}</td> })}
            <td data-label="Created" class="cell-muted"><Ago at=key.created_at now/></td>
            <td data-label="Last used" class="cell-muted"><LastUsed at=key.last_used_at now/></td>
            <td data-label="Status" class="cell-end"><StatusBadge status=key.status/>" "{soon}</td>
        </tr>
    }
}
