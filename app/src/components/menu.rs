use leptos::prelude::*;

/// A button that opens a menu beside it, with scripts or without: Escape, a click elsewhere and what is chosen close it.
/// Its children are `.menu-item`s. The button's id is that of the menu with `-button` behind it.
#[component]
pub fn Menu<C: IntoView + 'static>(
    #[prop(into)] id: String,
    /// The accessible name of the button.
    #[prop(into)]
    name: String,
    /// Where it is one of a row's.
    #[prop(optional)]
    small: bool,
    children: TypedChildren<C>,
) -> impl IntoView {
    let button = format!("{id}-button");
    let title = (!small).then(|| name.clone());
    view! {
        <button
            type="button" id=button class=if small { "more" } else { "more btn" } popovertarget=id.clone()
            aria-label=name title=title
        ></button>
        <div id=id class="menu menu-at" popover>{children.into_inner()()}</div>
    }
}
