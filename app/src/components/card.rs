use leptos::prelude::*;

use crate::icons::{Icon, IconView};

/// A surface with an optional heading.
#[component]
pub fn Card(
    #[prop(optional, into)] title: String,
    /// Shown at the right of the heading.
    #[prop(optional, into)]
    actions: ViewFnOnce,
    children: Children,
) -> impl IntoView {
    let head = (!title.is_empty())
        .then(|| view! { <div class="card-head"><h2>{title}</h2><div class="actions">{actions.run()}</div></div> });
    view! { <section class="card">{head}{children()}</section> }
}

/// An empty list: what belongs there, and how to create the first one.
#[component]
pub fn Empty(
    icon: Icon,
    #[prop(into)] title: String,
    #[prop(into)] text: String,
    /// The button that creates the first one.
    #[prop(optional, into)]
    action: ViewFnOnce,
    /// For instance the `curl` call for a key.
    #[prop(optional, into)]
    below: ViewFnOnce,
) -> impl IntoView {
    view! {
        <div class="empty">
            <span class="empty-icon"><IconView icon=icon/></span>
            <h2>{title}</h2>
            <p>{text}</p>
            <div class="actions">{action.run()}</div>
            {below.run()}
        </div>
    }
}

/// Cards of figures in a row; its children are `Stat`s.
#[component]
pub fn Stats(children: Children) -> impl IntoView {
    view! { <dl class="stats">{children()}</dl> }
}

/// One figure.
#[component]
pub fn Stat(
    #[prop(into)] label: String,
    #[prop(into)] value: String,
    #[prop(optional, into)] note: String,
    /// A link to the explanation.
    #[prop(optional, into)]
    href: String,
) -> impl IntoView {
    let note = (!note.is_empty()).then(|| view! { <dd class="stat-note">{note}</dd> });
    let label = if href.is_empty() { label.into_any() } else { view! { <a href=href>{label}</a> }.into_any() };
    view! { <div class="stat"><dt>{label}</dt><dd>{value}</dd>{note}</div> }
}

/// A list of properties; its children are `Fact`s.
#[component]
pub fn Facts(children: Children) -> impl IntoView {
    view! { <dl class="facts">{children()}</dl> }
}

/// One property.
#[component]
pub fn Fact(#[prop(into)] label: String, children: Children) -> impl IntoView {
    view! { <div><dt>{label}</dt><dd>{children()}</dd></div> }
}
