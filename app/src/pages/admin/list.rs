//! What the lists of the console have in common: the search, the pages, and the counts.

use leptos::prelude::*;
use sallyport::store::{COUNTED, ConsolePage, ConsoleQuery};
use serde::Deserialize;

use crate::{
    components::{Empty, FilterBar, FilterText, Pager},
    form::FormState,
    icons::Icon,
    words::digits,
};

/// The view in the URL.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ListQuery {
    pub q: String,
    pub before: Option<String>,
    pub after: Option<String>,
    /// What was done just now.
    pub done: String,
}

impl From<&ListQuery> for ConsoleQuery {
    fn from(query: &ListQuery) -> Self {
        let ListQuery { q, before, after, .. } = query.clone();
        Self { words: q, before, after }
    }
}

impl ListQuery {
    fn href(&self, path: &str, edge: &str, cursor: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs((!self.q.is_empty()).then_some(("q", &self.q))).append_pair(edge, cursor);
        format!("{path}?{}", query.finish())
    }
}

/// The search above a list.
#[component]
pub(super) fn ListSearch(
    path: &'static str,
    #[prop(into)] label: String,
    query: ListQuery,
    /// Shown at the right.
    #[prop(optional, into)]
    side: ViewFnOnce,
) -> impl IntoView {
    let form = FormState::typed([("q", query.q)]);
    view! {
        <FilterBar action=path side>
            <FilterText form=&form name="q" label kind="search"/>
        </FilterBar>
    }
}

/// The links to the neighbouring pages.
#[component]
pub(super) fn ListPages(path: &'static str, query: ListQuery, edges: [Option<String>; 2]) -> impl IntoView {
    let [newer, older] = edges;
    let newer = newer.map(|cursor| query.href(path, "after", &cursor));
    let older = older.map(|cursor| query.href(path, "before", &cursor));
    view! { <div class="table-foot"><p></p><Pager newer older/></div> }
}

/// In place of the rows of an empty page.
#[component]
pub(super) fn NoRows(
    path: &'static str,
    query: ListQuery,
    icon: Icon,
    title: &'static str,
    text: &'static str,
) -> impl IntoView {
    let narrowed = !query.q.is_empty() || query.before.is_some() || query.after.is_some();
    let (title, text) =
        if narrowed { ("Nothing matches", "Search for a part of the name, or for an ID.") } else { (title, text) };
    view! {
        <Empty
            icon title text
            action=move || narrowed.then(|| view! { <a class="btn" href=path>"Show all"</a> })
        />
    }
}

/// The cursors of a page.
pub(super) fn edges<T>(page: &ConsolePage<T>) -> [Option<String>; 2] {
    [page.newer.clone(), page.older.clone()]
}

/// "1,000+" beyond what is counted.
pub(super) fn counted(n: i64) -> String {
    if n > COUNTED { format!("{}+", digits(COUNTED)) } else { digits(n) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_end_at_a_thousand() {
        assert_eq!([0, 12, 1_000, 1_001].map(counted), ["0", "12", "1,000", "1,000+"]);
    }

    #[test]
    fn links_keep_the_search() {
        let query = ListQuery { q: "a & b".to_owned(), ..ListQuery::default() };
        assert_eq!(query.href("/admin/users", "before", "usr_1.7"), "/admin/users?q=a+%26+b&before=usr_1.7");
    }
}
