use leptos::prelude::*;

/// A button that opens a menu, with or without scripts: Escape, a click elsewhere and a choice close it. Its children
/// are `.menu-item`s. The button's id is the menu's with `-button` appended.
#[component]
pub fn Menu(
    #[prop(into)] id: String,
    /// The accessible name of the button.
    #[prop(into)]
    name: String,
    /// Set for a menu of a table's row.
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
