use leptos::prelude::*;

/// The head of a page: its name, a line about it, and its buttons. Each part of the line is a `<span>`.
#[component]
pub fn PageHead(
    #[prop(into)] title: String,
    #[prop(optional, into)] sub: ViewFnOnce,
    #[prop(optional, into)] actions: ViewFnOnce,
) -> impl IntoView {
    view! {
        <div class="page-head">
            <div class="page-title"><h1>{title}</h1><div class="page-sub">{sub.run()}</div></div>
            <div class="actions">{actions.run()}</div>
        </div>
    }
}
