use leptos::prelude::*;

use super::{chrome::Chrome, sidebar::Sidebar, topbar::Topbar};
use crate::{
    icons::Logo,
    islands::LocalTimes,
    portal::{Body, Theme},
};

/// A centred card under the logo.
#[component]
pub fn BareFrame(body: Body) -> impl IntoView {
    view! {
        <main id="content" class="bare" tabindex="-1">
            <a class="logo" href="/"><Logo/>"Sallyport"</a>
            <div class="bare-card">{body()}</div>
        </main>
    }
}

/// Sidebar, top bar and the body.
#[component]
pub fn ChromeFrame(chrome: Chrome, theme: Theme, body: Body) -> impl IntoView {
    view! {
        <div class="chrome">
            <Sidebar chrome=chrome.clone()/>
            <div class="chrome-main">
                <Topbar chrome=chrome theme=theme/>
                <main id="content" class="content" tabindex="-1">{body()}</main>
                <LocalTimes/>
            </div>
        </div>
    }
}
