//! A key in a list, and the small words for its state.

use leptos::{either::Either, prelude::*};
use sallyport::{
    Timestamp,
    key::{ListedKey, Status},
    profile::{HolderKind, Mode, Profile},
    store::{SOON_DAYS, UNUSED_DAYS},
};

use super::turn::TurnKey;
use crate::{
    components::{Badge, Chip, IdChip, Menu, Tone},
    pages::usage::sparkline::{Days, Sparkline},
    words::{Ago, ahead},
};

/// Real data stands out.
pub fn environment_tone(mode: Mode) -> Tone {
    match mode {
        Mode::Live => Tone::Accent,
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
        Status::Rotating | Status::Paused | Status::Suspended => Tone::Warning,
        Status::Expired => Tone::Neutral,
        Status::Revoked => Tone::Danger,
    };
    view! { <Badge tone text=status.title()/> }
}

/// When it was last good for a request; never, for one that was not.
#[component]
pub fn LastUsed(at: Option<Timestamp>, now: Timestamp) -> impl IntoView {
    match at {
        Some(at) => Either::Left(view! { <Ago at now/> }),
        None => Either::Right("never used"),
    }
}

/// Ends soon: within two weeks.
pub fn ends_soon(status: Status, expires_at: Option<Timestamp>, now: Timestamp) -> Option<String> {
    let at = expires_at.filter(|_| status.is_usable())?;
    (at.since(now).as_secs() < SOON_DAYS * 86_400).then(|| format!("Expires {}", ahead(at, now)))
}

/// Its old secret ends: while the key is rotated.
fn old_ends(key: &ListedKey, now: Timestamp) -> Option<String> {
    let at = key.rotating_until.filter(|_| key.status.is_usable())?;
    Some(format!("Old key ends {}", ahead(at, now)))
}

/// A hint, not a status: by the rules of the organization, its secret is due to be replaced.
pub fn rotation_due(status: Status, due_at: Option<Timestamp>, now: Timestamp) -> Option<&'static str> {
    due_at.is_some_and(|at| at <= now && status.is_usable()).then_some("Rotation due")
}

/// A hint, not a status: by the rules of the organization it is paused soon, unless it is used.
pub fn paused_soon(status: Status, paused_from: Option<Timestamp>, now: Timestamp) -> Option<String> {
    let at = paused_from.filter(|_| status.is_usable())?;
    let when = if at <= now { "soon".to_owned() } else { ahead(at, now) };
    Some(format!("Paused {when} if unused"))
}

/// A hint, not a status: nobody seems to need it. `since` is when it was last used, or made.
pub fn unused(status: Status, since: Timestamp, now: Timestamp) -> Option<String> {
    let days = now.since(since).as_secs() / 86_400;
    (status.is_usable() && days >= UNUSED_DAYS).then(|| format!("Unused {days} days"))
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
    days.or_else(|| old_ends(key, now))
        .or_else(|| rotation_due(key.status, key.rotation_due_at, now).map(str::to_owned))
        .or_else(|| paused_soon(key.status, key.paused_from, now))
        .or_else(|| unused(key.status, since, now).map(|_| "Unused".to_owned()))
}

/// Whom a key speaks for, where a list holds those of several.
pub fn owner(owner: HolderKind, name: &str) -> String {
    match owner {
        HolderKind::App | HolderKind::Member => name.to_owned(),
        HolderKind::Organization => "The organization".to_owned(),
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
    /// Whether there is a column for who created them.
    creators: bool,
    /// Where the person may change it: the address of the list.
    turn: Option<String>,
    /// Whether it can be selected, where any of the list can.
    chosen: Option<bool>,
    /// What is done to the keys of this list: the name of the button, and the last part of its address.
    remedy: Option<(&'static str, &'static str)>,
    now: Timestamp,
) -> impl IntoView {
    let creator = key.created_by.as_ref().map_or_else(|| "–".to_owned(), |person| person.name.clone());
    let off = !key.status.is_usable();
    let soon = short_hint(&key, now).map(|text| view! { <small>{text}</small> });
    let has_button = remedy.is_some();
    let remedy = remedy.map(|(name, tail)| {
        let button = turn.is_some().then(|| {
            let href = ["/keys/", key.id.as_str(), "/", tail].concat();
            view! { <a class="btn btn-small" href=href aria-label=[name, " ", &key.label].concat()>{name}</a> }
        });
        view! { <td>{button}</td> }
    });
    let chips = key.scopes.iter().map(|scope| view! { <Chip text=scope.clone()/> }).collect_view();
    let choose = chosen.map(|can| {
        let input = can.then(|| {
            view! {
                <label>
                    <input
                        type="checkbox" name="key" value=key.id.to_string() form="choose" autocomplete="off"
                        aria-label=["Select ", &key.label].concat()
                    />
                </label>
            }
        });
        view! { <td class="cell-choose">{input}</td> }
    });
    view! {
        <tr class=off.then_some("row-off")>
            {choose}
            <td class="cell-main">
                <a href=["/keys/", key.id.as_str()].concat()>{key.label.clone()}</a>
                {owner.map(|owner| view! { <span class="cell-sub">{owner}</span> })}
            </td>
            <td data-label="Key" class="cell-mono cell-less">
                {key.shown.clone()}{key.is_imported.then(|| view! { <span class="cell-sub">"Imported"</span> })}
            </td>
            <td data-label="Environment"><Badge tone=environment_tone(key.mode) text=environment/></td>
            {scopes.then(|| view! { <td data-label="Scopes" class="cell-chips" class:cell-less=has_button>{chips}</td> })}
            <td data-label="Created" class="cell-muted cell-less cell-least"><Ago at=key.created_at now/></td>
            {creators.then(|| view! { <td data-label="Created by" class="cell-muted cell-wide">{creator}</td> })}
            <td data-label="Last used" class="cell-muted">
                <LastUsed at=key.last_used_at now/>
                {Days::of_key(&key).map(|days| view! { <Sparkline days/> })}
            </td>
            <td class="cell-end"><StatusBadge status=key.status/>" "{soon}</td>
            {remedy}
            <td class="cell-act"><RowMenu key turn/></td>
        </tr>
    }
}

/// What can be done to a key without opening it.
#[component]
fn RowMenu(key: ListedKey, turn: Option<String>) -> impl IntoView {
    let ListedKey { id, label, status, paused, .. } = key;
    let (href, menu) = (["/keys/", id.as_str()].concat(), ["menu-", id.as_str()].concat());
    let (name, test) = (["Actions for ", &label].concat(), [&href, "/test"].concat());
    view! {
        <Menu id=menu.clone() name small=true>
            <IdChip id=id.to_string() name="Copy key id"/>
            <a class="menu-item" href=test>"Test a request"</a>
            {turn.map(|list| view! {
                // Without scripts the button that opened the menu has the focus again.
                <TurnKey key=id status paused label back=[&list, "#", &menu, "-button"].concat() class="menu-item"/>
                {(!matches!(status, Status::Expired | Status::Revoked))
                    .then(|| view! { <a class="menu-item" href=[&href, "/rotate"].concat()>"Rotate"</a> })}
                {(status != Status::Revoked).then(|| view! { <a class="menu-item menu-danger" href=[&href, "/revoke"].concat()>"Revoke"</a> })}
            })}
        </Menu>
    }
}
