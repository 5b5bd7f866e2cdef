//! A key in a list, and the small words for its state.

use leptos::prelude::*;
use sallyport::{
    Timestamp,
    key::{ListedKey, Status},
    profile::{HolderKind, Mode, Profile},
    store::{SOON_DAYS, UNUSED_DAYS},
};

use super::turn::put_turn_key;
use crate::{
    components::{Badge, Html, Tone, cut_middle, put_badge, put_chip, put_id_chip, put_menu, written},
    pages::usage::sparkline::{Days, put_sparkline},
    words::{ahead, put_ago},
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
    view! { <Badge tone=status_tone(status) text=status.title()/> }
}

fn status_tone(status: Status) -> Tone {
    match status {
        Status::Active => Tone::Good,
        Status::Rotating | Status::Paused | Status::Suspended => Tone::Warning,
        Status::Expired => Tone::Neutral,
        Status::Revoked => Tone::Danger,
    }
}

/// When it was last good for a request; never, for one that was not.
#[component]
pub fn LastUsed(at: Option<Timestamp>, now: Timestamp) -> impl IntoView {
    written(|html| put_last_used(html, at, now))
}

fn put_last_used(html: &mut Html, at: Option<Timestamp>, now: Timestamp) {
    match at {
        Some(at) => put_ago(html, at, now),
        None => {
            html.text("never used");
        }
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

/// A row of a list.
pub struct KeyRow<'a> {
    pub key: &'a ListedKey,
    /// Where the list holds the keys of several.
    pub owner: Option<String>,
    pub environment: String,
    /// Whether there is a column for them.
    pub scopes: bool,
    /// Whether there is a column for who created them.
    pub creators: bool,
    /// Where the person may change it: the address of the list.
    pub turn: Option<&'a str>,
    /// Whether it can be selected, where any of the list can.
    pub chosen: Option<bool>,
    /// What is done to the keys of this list: the name of the button, and the last part of its address.
    pub remedy: Option<(&'static str, &'static str)>,
    pub now: Timestamp,
}

impl KeyRow<'_> {
    pub fn put(&self, html: &mut Html) {
        let Self { key, now, .. } = *self;
        html.tags(if key.status.is_usable() { "<tr>" } else { "<tr class=\"row-off\">" });
        self.put_choice(html);
        html.tags("<td class=\"cell-main\"><a").attribute_of("href", &["/keys/", key.id.as_str()]).tags(">");
        html.text(&key.label).tags("</a>");
        if let Some(owner) = &self.owner {
            put_below(html, owner);
        }
        html.tags("</td><td data-label=\"Key\" class=\"cell-mono cell-less\">").text(&key.shown);
        if key.is_imported {
            put_below(html, "Imported");
        }
        html.tags("</td><td data-label=\"Environment\">");
        put_badge(html, environment_tone(key.mode), &self.environment);
        html.tags("</td>");
        if self.scopes {
            let class = if self.remedy.is_some() { "cell-chips cell-less" } else { "cell-chips" };
            html.tags("<td data-label=\"Scopes\"").attribute("class", class).tags(">");
            key.scopes.iter().for_each(|scope| put_chip(html, scope));
            html.tags("</td>");
        }
        html.tags("<td data-label=\"Created\" class=\"cell-muted cell-less cell-least\">");
        put_ago(html, key.created_at, now);
        html.tags("</td>");
        if self.creators {
            let creator = key.created_by.as_ref().map_or("–", |person| &person.name);
            html.tags("<td data-label=\"Created by\" class=\"cell-muted cell-wide\">").text(creator).tags("</td>");
        }
        html.tags("<td data-label=\"Last used\" class=\"cell-muted\">");
        put_last_used(html, key.last_used_at, now);
        if let Some(days) = Days::of_key(key) {
            put_sparkline(html, days);
        }
        html.tags("</td><td class=\"cell-end\">");
        put_badge(html, status_tone(key.status), key.status.title());
        html.tags(" ");
        if let Some(soon) = short_hint(key, now) {
            html.tags("<small>").text(&soon).tags("</small>");
        }
        html.tags("</td>");
        self.put_remedy(html);
        html.tags("<td class=\"cell-act\">");
        self.put_actions(html);
        html.tags("</td></tr>");
    }

    fn put_choice(&self, html: &mut Html) {
        let Some(can) = self.chosen else { return };
        html.tags("<td class=\"cell-choose\">");
        if can {
            html.tags("<label><input type=\"checkbox\" name=\"key\"").attribute("value", self.key.id.as_str());
            html.tags(" form=\"choose\" autocomplete=\"off\"");
            html.attribute_of("aria-label", &["Select ", &self.key.label]).tags("></label>");
        }
        html.tags("</td>");
    }

    fn put_remedy(&self, html: &mut Html) {
        let Some((name, tail)) = self.remedy else { return };
        html.tags("<td>");
        if self.turn.is_some() {
            html.tags("<a class=\"btn btn-small\"").attribute_of("href", &["/keys/", self.key.id.as_str(), "/", tail]);
            html.attribute_of("aria-label", &[name, " ", &self.key.label]).tags(">").text(name).tags("</a>");
        }
        html.tags("</td>");
    }

    /// What can be done to a key without opening it.
    fn put_actions(&self, html: &mut Html) {
        let ListedKey { id, label, status, paused, .. } = self.key;
        let menu = ["menu-", id.as_str()].concat();
        let page = |html: &mut Html, class, tail, name| {
            html.tags("<a").attribute("class", class).attribute_of("href", &["/keys/", id.as_str(), tail]);
            html.tags(">").text(name).tags("</a>");
        };
        put_menu(html, &menu, &["Actions for ", label].concat(), true, |html| {
            put_id_chip(html, id.as_str(), "Copy key id", &cut_middle(id.as_str()));
            page(html, "menu-item", "/test", "Test a request");
            let Some(list) = self.turn else { return };
            // Without scripts the button that opened the menu has the focus again.
            let back = [list, "#", &menu, "-button"].concat();
            put_turn_key(html, id, (*status, *paused), "menu-item", Some((label, &back)));
            if !matches!(status, Status::Expired | Status::Revoked) {
                page(html, "menu-item", "/rotate", "Rotate");
            }
            if *status != Status::Revoked {
                page(html, "menu-item menu-danger", "/revoke", "Revoke");
            }
        });
    }
}

/// A second line in a cell.
fn put_below(html: &mut Html, text: &str) {
    html.tags("<span class=\"cell-sub\">").text(text).tags("</span>");
}
