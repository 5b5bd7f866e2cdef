use leptos::prelude::*;

/// The key facts of a page in one row; its children are `StripItem`s.
#[component]
pub fn Strip(children: Children) -> impl IntoView {
    view! { <dl class="strip">{children()}</dl> }
}

/// One of them: a name, a value, and details in small print.
#[component]
pub fn StripItem(
    #[prop(into)] label: String,
    #[prop(into)] value: ViewFnOnce,
    #[prop(optional, into)] note: ViewFnOnce,
    /// Where a click on any part of it leads.
    #[prop(optional_no_strip, into)]
    href: Option<String>,
    /// Whether it leads to what the page shows.
    #[prop(optional)]
    current: bool,
    /// Whether it is something to see to.
    #[prop(optional)]
    warns: bool,
) -> impl IntoView {
    let label = match href {
        Some(href) => view! { <a href=href aria-current=current.then_some("page")>{label}</a> }.into_any(),
        None => label.into_any(),
    };
    view! { <div class=warns.then_some("warning")><dt>{label}</dt><dd>{value.run()}" "<small>{note.run()}</small></dd></div> }
}
