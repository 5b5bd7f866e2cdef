//! What the lists of the console have in common: the search, the pages, and the counts.

use leptos::prelude::*;
use sallyport::store::{COUNTED, ConsolePage, ConsoleQuery};
use serde::Deserialize;

use crate::{
    components::{Choice, Empty, FilterBar, FilterSelect, FilterText, Pager},
    form::FormState,
    icons::Icon,
    words::{count, digits},
};

/// The view in the URL.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ListQuery {
    pub q: String,
    pub status: String,
    pub before: Option<String>,
    pub after: Option<String>,
    /// What was done just now.
    pub done: String,
}

impl From<&ListQuery> for ConsoleQuery {
    fn from(query: &ListQuery) -> Self {
        let ListQuery { q, status, before, after, .. } = query.clone();
        Self { words: q, status, before, after }
    }
}

impl ListQuery {
    /// Whether there may be rows that are not shown.
    pub(super) fn is_narrowed(&self) -> bool {
        !self.q.is_empty() || !self.status.is_empty() || self.before.is_some() || self.after.is_some()
    }

    fn href(&self, path: &str, edge: &str, cursor: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let set = [("q", &self.q), ("status", &self.status)].into_iter().filter(|(_, value)| !value.is_empty());
        query.extend_pairs(set).append_pair(edge, cursor);
        format!("{path}?{}", query.finish())
    }
}

/// The search above a list.
#[component]
pub(super) fn ListSearch(
    path: &'static str,
    #[prop(into)] label: String,
    query: ListQuery,
    /// The statuses to which the list can be narrowed, and their titles.
    #[prop(optional)]
    statuses: &'static [(&'static str, &'static str)],
) -> impl IntoView {
    let form = FormState::typed([("q", query.q), ("status", query.status)]);
    let status = (!statuses.is_empty()).then(|| {
        let choices = statuses.iter().map(|(value, title)| Choice::new(*value, *title));
        let options = std::iter::once(Choice::new("", "Any")).chain(choices).collect();
        view! { <FilterSelect form=&form name="status" label="Status" options/> }
    });
    view! {
        <FilterBar action=path>
            <FilterText form=&form name="q" label kind="search"/>
            {status}
        </FilterBar>
    }
}

/// How many rows there are, and the links to the neighbouring pages.
#[component]
pub(super) fn ListPages(path: &'static str, query: ListQuery, noun: &'static str, edges: Edges) -> impl IntoView {
    let Edges { total, newer, older } = edges;
    let total = match total {
        0 => String::new(),
        1..=COUNTED => count(total, noun),
        _ => format!("{} {noun}s", counted(total)),
    };
    let newer = newer.map(|cursor| query.href(path, "after", &cursor));
    let older = older.map(|cursor| query.href(path, "before", &cursor));
    view! { <div class="table-foot"><p>{total}</p><Pager newer older/></div> }
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
    let narrowed = query.is_narrowed();
    let (title, text) =
        if narrowed { ("No results", "Search for a part of the name, or for an ID.") } else { (title, text) };
    view! {
        <Empty
            icon title text
            action=move || narrowed.then(|| view! { <a class="btn" href=path>"Show all"</a> })
        />
    }
}

/// The length of a list, and the cursors of the pages beside one.
pub(super) struct Edges {
    total: i64,
    newer: Option<String>,
    older: Option<String>,
}

impl<T> From<&ConsolePage<T>> for Edges {
    fn from(page: &ConsolePage<T>) -> Self {
        Self { total: page.total.unwrap_or_default(), newer: page.newer.clone(), older: page.older.clone() }
    }
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
        let query = ListQuery { q: "a & b".to_owned(), status: "active".to_owned(), ..ListQuery::default() };
        let href = query.href("/admin/users", "before", "usr_1.7");
        assert_eq!(href, "/admin/users?q=a+%26+b&status=active&before=usr_1.7");
    }
}
