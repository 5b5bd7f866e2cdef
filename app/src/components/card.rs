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

/// A surface with a form: what it is about at the left, its fields at the right. On a phone one above the other.
#[component]
pub fn Setting(#[prop(into)] title: String, #[prop(into)] about: ViewFnOnce, children: Children) -> impl IntoView {
    view! {
        <section class="card setting">
            <div><h2>{title}</h2><div class="muted">{about.run()}</div></div>
            <div>{children()}</div>
        </section>
    }
}

/// A card of settings that are changed elsewhere, in groups; its children are `SettingGroup`s.
#[component]
pub fn Settings(children: Children) -> impl IntoView {
    view! { <section class="card groups">{children()}</section> }
}

/// What it is about, how it is set, and the button that changes it.
#[component]
pub fn SettingGroup(
    #[prop(into)] title: String,
    #[prop(into)] about: String,
    #[prop(optional, into)] action: ViewFnOnce,
    children: Children,
) -> impl IntoView {
    view! {
        <div>
            <div><h2>{title}</h2><p class="muted">{about}</p></div>
            <div class="stack">{children()}</div>
            <div class="actions">{action.run()}</div>
        </div>
    }
}

/// A group that is set on a page of its own: what is set there, and the button that leads to it.
#[component]
pub fn SettingLink(
    title: &'static str,
    about: &'static str,
    href: String,
    button: &'static str,
    text: &'static str,
) -> impl IntoView {
    view! {
        <SettingGroup
            title about action=move || view! { <form method="get" action=href><button class="btn">{button}</button></form> }
        >
            <p>{text}</p>
        </SettingGroup>
    }
}

/// Above the title of a page that only says something.
#[component]
pub fn LeadIcon(icon: Icon) -> impl IntoView {
    view! { <p class="empty-icon"><IconView icon/></p> }
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

/// In place of the rows of a list: there are none yet or, if it is narrowed, none that match.
#[component]
pub fn EmptyList(
    icon: Icon,
    #[prop(into)] title: String,
    #[prop(into)] text: String,
    /// The address of the list without its filters, if it has some.
    clear: Option<String>,
) -> impl IntoView {
    view! {
        <Empty
            icon title text
            action=move || clear.map(|href| view! { <a class="btn" href=href>"Clear filters"</a> })
        />
    }
}

/// A list of properties; its children are `Fact`s.
#[component]
pub fn Facts(children: Children) -> impl IntoView {
    view! { <dl class="facts">{children()}</dl> }
}

/// The same, each in a row: its name at the left, its value at the right.
#[component]
pub fn FactRows(children: Children) -> impl IntoView {
    view! { <dl class="rows">{children()}</dl> }
}

/// One property.
#[component]
pub fn Fact(#[prop(into)] label: String, children: Children) -> impl IntoView {
    view! { <div><dt>{label}</dt><dd>{children()}</dd></div> }
}
