use leptos::prelude::*;

use super::{
    badge::{Notice, Tone},
    brand::{Brand, BrandLink},
    chrome::{Archived, Chrome},
    sidebar::Sidebar,
    topbar::{ThemeSwitch, Topbar},
};
use crate::{
    islands::{ActInPlace, CopyOnClick, LocalTimes},
    theme::Theme,
};

/// A part of a page that is rendered once.
pub type Body = Box<dyn FnOnce() -> AnyView + Send>;

/// A centred card under the logo.
#[component]
pub fn BareFrame(body: Body, brand: Brand) -> impl IntoView {
    view! {
        <main id="content" class="bare" tabindex="-1">
            <BrandLink brand/>
            <div class="bare-card">{body()}</div>
        </main>
    }
}

/// The body under a bar with the logo, the theme and the way into the portal.
#[component]
pub fn OpenFrame(body: Body, brand: Brand, theme: Theme, here: String) -> impl IntoView {
    view! {
        <header class="topbar">
            <BrandLink brand/>
            <ThemeSwitch theme here/>
            <a class="btn btn-small" href="/">"Open the portal"</a>
        </header>
        <main id="content" class="open" tabindex="-1">
            {body()}
            <CopyOnClick/>
        </main>
    }
}

/// Sidebar, top bar and the body.
#[component]
pub fn ChromeFrame(chrome: Chrome, theme: Theme, body: Body, brand: Brand) -> impl IntoView {
    let (archived, suspended) = (chrome.archived.clone(), chrome.suspended.clone());
    let sheet = [Some(brand.name.clone()), chrome.org.as_ref().map(|org| org.name.clone())];
    let sheet = sheet.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    view! {
        <div class="chrome">
            <Sidebar chrome=chrome.clone() brand=brand/>
            <div class="chrome-main">
                <Topbar chrome=chrome theme=theme/>
                <main id="content" class="content" tabindex="-1" data-sheet=sheet>
                    {suspended.map(|reason| view! { <SuspendedNotice reason/> })}
                    {archived.map(|archived| view! { <ArchivedNotice archived/> })}
                    {body()}
                </main>
                <LocalTimes/>
                <CopyOnClick/>
                <ActInPlace/>
            </div>
        </div>
    }
}

#[component]
fn SuspendedNotice(reason: String) -> impl IntoView {
    view! {
        <Notice tone=Tone::Danger>
            "An operator of this portal suspended this organization: every request with one of its keys is refused (403). Reason: "
            {reason}
        </Notice>
    }
}

#[component]
fn ArchivedNotice(archived: Archived) -> impl IntoView {
    let Archived { noun, name, restore } = archived;
    let says = format!("The {noun} {name} is archived: every request with a key of it is refused (403).");
    view! {
        <Notice tone=Tone::Warning>
            <div class="notice-line">
                <span>{says}</span>
                {restore.map(|action| view! {
                    <form method="post" action=action><button class="btn btn-small">"Restore"</button></form>
                })}
            </div>
        </Notice>
    }
}
