use leptos::prelude::*;

use super::{
    chrome::{Chrome, Crumb, Viewer, initials},
    palette::{PaletteDialog, SearchLink},
};
use crate::{
    icons::{Icon, IconView},
    theme::Theme,
};

/// Breadcrumbs, the theme and the person's own menu.
#[component]
pub fn Topbar(chrome: Chrome, theme: Theme) -> impl IntoView {
    let org = chrome.org.map(|org| org.id);
    view! {
        <header class="topbar">
            <button type="button" class="icon-btn menu-btn" popovertarget="sidebar" aria-label="Menu">
                <IconView icon=Icon::Menu/>
            </button>
            <Breadcrumbs crumbs=chrome.crumbs/>
            <SearchLink org=org.clone()/>
            <ThemeSwitch theme=theme here=chrome.here/>
            <UserMenu viewer=chrome.viewer/>
        </header>
        <PaletteDialog org/>
        <Shortcuts/>
    }
}

/// The keyboard shortcuts. `boot.js` opens it on `?`.
#[component]
fn Shortcuts() -> impl IntoView {
    let keys = [
        ("Ctrl K", "Search everything"),
        ("/", "Search this list"),
        ("?", "Show these shortcuts"),
        ("Esc", "Close a panel or a menu"),
    ];
    let keys = keys.into_iter().map(|(key, does)| view! { <div><dt><kbd>{key}</kbd></dt><dd>{does}</dd></div> });
    view! {
        <div id="shortcuts" class="menu menu-middle shortcuts" role="dialog" aria-labelledby="shortcuts-title" popover>
            <h2 id="shortcuts-title">"Keyboard shortcuts"</h2>
            <dl>{keys.collect_view()}</dl>
        </div>
    }
}

#[component]
fn Breadcrumbs(crumbs: Vec<Crumb>) -> impl IntoView {
    let items = crumbs.into_iter().map(|Crumb { label, href }| match href {
        Some(href) => view! { <li><a href=href>{label}</a></li> }.into_any(),
        None => view! { <li aria-current="page">{label}</li> }.into_any(),
    });
    view! { <nav class="crumbs" aria-label="Breadcrumb"><ol>{items.collect_view()}</ol></nav> }
}

/// A button that goes through the themes, and back to the page at `here`.
#[component]
pub fn ThemeSwitch(theme: Theme, here: String) -> impl IntoView {
    let (next, label, icon) = match theme {
        Theme::System => (Theme::Light, "Theme: system. Switch to light", Icon::System),
        Theme::Light => (Theme::Dark, "Theme: light. Switch to dark", Icon::Sun),
        Theme::Dark => (Theme::System, "Theme: dark. Switch to system", Icon::Moon),
    };
    view! {
        <form id="theme-form" method="post" action="/theme">
            <input type="hidden" name="back" value=here/>
            <button class="icon-btn" name="theme" value=next.name() aria-label=label title=label><IconView icon=icon/></button>
        </form>
    }
}

#[component]
fn UserMenu(viewer: Viewer) -> impl IntoView {
    let Viewer { name, email, operator } = viewer;
    view! {
        <button
            type="button"
            class="avatar avatar-user"
            popovertarget="user-menu"
            aria-label="Your account"
            data-initials=initials(&name)
        ></button>
        <div id="user-menu" class="menu user-menu" popover>
            <div class="menu-head">
                <b>{name}</b>
                <small>{email}</small>
                {operator.then(|| view! { <small>"Operator of this portal"</small> })}
            </div>
            <a class="menu-item" href="/account"><IconView icon=Icon::Users/>"Your account"</a>
            <a class="menu-item" href="/docs"><IconView icon=Icon::Key/>"API reference"</a>
            <form method="post" action="/sign-out">
                <button class="menu-item"><IconView icon=Icon::SignOut/>"Sign out"</button>
            </form>
            {operator.then(|| view! { <a class="menu-item" href="/admin"><IconView icon=Icon::Gear/>"Admin"</a> })}
        </div>
    }
}
