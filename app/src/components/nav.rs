use leptos::prelude::*;

/// One tab of a page.
#[derive(Clone, Debug)]
pub struct Tab {
    pub label: String,
    pub href: String,
}

impl Tab {
    pub fn new(label: impl Into<String>, href: impl Into<String>) -> Self {
        Self { label: label.into(), href: href.into() }
    }
}

/// Tabs that are pages of their own; `current` is the label of the one that is shown.
#[component]
pub fn Tabs(items: Vec<Tab>, #[prop(into)] current: String) -> impl IntoView {
    let tabs = items.into_iter().map(|Tab { label, href }| {
        let here = (label == current).then_some("page");
        view! { <a class="tab" href=href aria-current=here>{label}</a> }
    });
    view! { <nav class="tabs" aria-label="Page">{tabs.collect_view()}</nav> }
}

/// Links to the previous and next pages of a list.
#[component]
pub fn Pager(newer: Option<String>, older: Option<String>) -> impl IntoView {
    (newer.is_some() || older.is_some()).then(|| {
        view! {
            <nav class="pager" aria-label="Pages">
                {newer.map(|href| view! { <a class="btn btn-small" rel="prev" href=href>"Newer"</a> })}
                {older.map(|href| view! { <a class="btn btn-small" rel="next" href=href>"Older"</a> })}
            </nav>
        }
    })
}

/// Links between the views of a tab or a page, as buttons.
#[component]
pub fn Views(
    /// Their accessible name together.
    label: &'static str,
    links: Vec<(&'static str, String)>,
    current: &'static str,
) -> impl IntoView {
    let links = links.into_iter().map(|(name, href)| {
        view! { <a class="btn btn-small" href=href aria-current=(name == current).then_some("page")>{name}</a> }
    });
    view! { <nav class="views" aria-label=label>{links.collect_view()}</nav> }
}
