use leptos::prelude::*;

use super::html::{Html, written};

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
    written(|html| {
        put_menu(html, &id, &name, small, |html| {
            html.view(children.into_inner()());
        });
    })
}

pub fn put_menu(html: &mut Html, id: &str, name: &str, small: bool, children: impl FnOnce(&mut Html)) {
    html.tags("<button type=\"button\"").attribute_of("id", &[id, "-button"]);
    html.attribute("class", if small { "more" } else { "more btn" }).attribute("popovertarget", id);
    html.attribute("aria-label", name);
    if !small {
        html.attribute("title", name);
    }
    html.tags("></button><div").attribute("id", id).tags(" class=\"menu menu-at\" popover>");
    children(html);
    html.tags("</div>");
}
