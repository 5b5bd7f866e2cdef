use leptos::prelude::*;

/// A button that opens a menu, with or without scripts: Escape, a click elsewhere and a choice close it. Its children
/// are `.menu-item`s. The button's id is the menu's with `-button` appended.
#[component]
pub fn Menu<C: IntoView + 'static>(
    #[prop(into)] id: String,
    /// The accessible name of the button.
    #[prop(into)]
    name: String,
    /// Set for a menu of a table's row.
    #[prop(optional)]
    small: bool,
    children: TypedChildren<C>,
) -> impl IntoView {
    let button = [&id, "-button"].concat();
    let title = (!small).then(|| name.clone());
    view! {
        <button
            type="button" id=button class=if small { "more" } else { "more btn" } popovertarget=id.clone()
            aria-label=name title=title
        ></button>
        <div id=id class="menu menu-at" popover>{children.into_inner()()}</div>
    }
}
