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
) -> impl IntoView {
    view! { <div><dt>{label}</dt><dd>{value.run()}" "<small>{note.run()}</small></dd></div> }
}
