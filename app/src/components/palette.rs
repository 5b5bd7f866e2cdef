use leptos::prelude::*;

use crate::{
    icons::{Icon, IconView},
    islands::Palette,
};

/// A link to the search; with scripts it opens the palette over the page.
#[component]
pub fn SearchLink(org: Option<String>) -> impl IntoView {
    let href = org.map_or("/search".to_owned(), |org| format!("/search?org={org}"));
    view! {
        <a id="search-link" class="search-link" href=href aria-keyshortcuts="Control+K Meta+K">
            <IconView icon=Icon::Search/><span>"Search"</span><kbd aria-hidden="true">"Ctrl K"</kbd>
        </a>
    }
}

/// Closed until its island opens it. Its form is the search page's, so that Enter works before there are results.
#[component]
pub fn PaletteDialog(org: Option<String>) -> impl IntoView {
    view! {
        <dialog id="palette" class="palette" closedby="any" aria-label="Search">
            <form class="search" method="post" action="/search" role="search">
                {org.map(|org| view! { <input type="hidden" name="org" value=org/> })}
                <IconView icon=Icon::Search/>
                <input
                    class="palette-field" name="q" role="combobox" aria-label="Search everything"
                    aria-expanded="false" aria-controls="palette-list" aria-autocomplete="list"
                    placeholder="Name, id or key" autocomplete="off" autocapitalize="off" spellcheck="false" enterkeyhint="go"
                />
            </form>
            <div class="palette-results"></div>
            <p class="sr-only" role="status"></p>
            <Palette/>
        </dialog>
    }
}
