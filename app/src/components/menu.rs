use leptos::prelude::*;

/// A button that opens a menu beside it, with scripts or without: Escape, a click elsewhere and what is chosen close it.
/// Its children are `.menu-item`s. The button's id is that of the menu with `-button` behind it.
#[component]
pub fn Menu(
    #[prop(into)] id: String,
    /// The accessible name of the button.
    #[prop(into)]
    name: String,
    /// Where it is one of a row's.
    #[prop(optional)]
    small: bool,
    children: Children,
) -> impl IntoView {
    let button = format!("{id}-button");
    view! {
        <button
            type="button" id=button.clone() class=if small { "more" } else { "more btn" } popovertarget=id.clone()
            aria-label=name.clone() title=name
        ></button>
        <div id=id class="menu menu-at" data-opener=button popover>{children()}</div>
    }
}
