use leptos::prelude::*;

use super::select::Choice;
use crate::{
    form::FormState,
    icons::{Icon, IconView},
    islands::AutoSubmit,
};

/// The filters of a list: a GET form. With scripts it also submits itself, but never while a field is being used.
#[component]
pub fn FilterBar(
    /// The list's own path.
    #[prop(into)]
    action: String,
    /// Shown at the left: a `SearchForm`.
    #[prop(optional, into)]
    search: ViewFnOnce,
    /// Shown at the right: a count, exports, a button; and a `Menu` of these, which replaces them on a phone.
    #[prop(optional, into)]
    side: ViewFnOnce,
    /// Collapses the filters on a phone, unless one of them is set.
    #[prop(optional)]
    fold: Option<bool>,
    children: Children,
) -> impl IntoView {
    // The form is next to the collapsed element and not in it, so that CSS can open it if there is room.
    let fold = fold.map(
        |open| view! { <details class="fold" open=open><summary class="btn btn-small">"Filters"</summary></details> },
    );
    view! {
        <div class="filter-bar">
            {search.run()}
            {fold}
            <form class="filters" method="get" action=action>
                {children()}
                <button id="filter-apply" class="btn btn-small apply">"Apply"</button>
                <AutoSubmit/>
            </form>
            <div class="filter-side">{side.run()}</div>
        </div>
    }
}

/// Not the name alone: a panel over the list may have a field with the same name.
fn id_of(name: &str) -> String {
    format!("filter-{name}")
}

fn invalid(error: &Option<String>) -> Option<&'static str> {
    error.is_some().then_some("true")
}

fn described_by(id: &str, error: &Option<String>) -> Option<String> {
    error.is_some().then(|| format!("{id}-error"))
}

/// Why a filter is invalid, next to it.
#[component]
fn FilterError(id: String, error: Option<String>) -> impl IntoView {
    error.map(|error| view! { <span id=format!("{id}-error") class="filter-error" role="alert">{error}</span> })
}

/// A choice among a `FilterBar`'s children.
#[component]
pub fn FilterSelect(
    #[prop(into)] form: FormState,
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    options: Vec<Choice>,
) -> impl IntoView {
    let (id, chosen, mut options) = (id_of(&name), form.value(&name), options);
    // The value in the address is shown, even if it is unknown.
    if !options.iter().any(|choice| choice.value == chosen) {
        options.push(Choice::new(chosen.clone(), chosen.clone()));
    }
    let error = form.error(&name);
    let options = options.into_iter().map(|choice| {
        let selected = choice.value == chosen;
        view! { <option value=choice.value selected=selected>{choice.label}</option> }
    });
    view! {
        <div class="filter-field">
            <label for=id.clone()>{label}</label>
            <select id=id.clone() name=name aria-invalid=invalid(&error) aria-describedby=described_by(&id, &error)>
                {options.collect_view()}
            </select>
            <FilterError id error/>
        </div>
    }
}

/// A text or a date among a `FilterBar`'s children.
#[component]
pub fn FilterText(
    #[prop(into)] form: FormState,
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    #[prop(default = "text")] kind: &'static str,
    #[prop(optional, into)] placeholder: String,
) -> impl IntoView {
    let (id, value, error) = (id_of(&name), form.value(&name), form.error(&name));
    let icon = (kind == "search").then(|| view! { <IconView icon=Icon::Search/> });
    view! {
        <div class="filter-field">
            {icon}
            <label for=id.clone()>{label}</label>
            <input
                id=id.clone() name=name type=kind value=value placeholder=placeholder autocomplete="off"
                aria-invalid=invalid(&error) aria-describedby=described_by(&id, &error)
            />
            <FilterError id error/>
        </div>
    }
}

/// A checkbox among a `FilterBar`'s children.
#[component]
pub fn FilterCheck(
    #[prop(into)] form: FormState,
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    #[prop(default = "1")] value: &'static str,
) -> impl IntoView {
    let (id, checked) = (id_of(&name), form.has(&name, value));
    view! { <label class="check"><input id=id type="checkbox" name=name value=value checked=checked/>{label}</label> }
}

/// A search field. It posts, so that a pasted key never appears in a URL.
#[component]
pub fn SearchForm(
    #[prop(into)] action: String,
    /// The accessible name of the field, and its placeholder.
    #[prop(into)]
    label: String,
    #[prop(default = "q")] name: &'static str,
    #[prop(optional, into)] value: String,
) -> impl IntoView {
    view! {
        <form class="search" method="post" action=action role="search">
            <input
                type="search"
                class="input"
                name=name
                value=value
                aria-label=label.clone()
                placeholder=label
                autocomplete="off"
                spellcheck="false"
            />
            <button aria-label="Search"><IconView icon=Icon::Search/></button>
        </form>
    }
}
