use leptos::{html::Span, prelude::*};

/// Lets the buttons around it tick the scopes of their bundle at once, without the server.
#[island]
pub fn TickBundle() -> impl IntoView {
    let anchor = NodeRef::<Span>::new();

    #[cfg(feature = "hydrate")]
    anchor.on_load(|anchor| {
        use super::dom;
        use leptos::wasm_bindgen::JsCast;
        use web_sys::{Element, HtmlInputElement};

        let Some(buttons) = dom::around(&anchor, ".bundles") else {
            return;
        };
        dom::listen(&buttons, "click", |event| {
            let button = event.target().and_then(|target| target.dyn_into::<Element>().ok());
            let scopes = button.and_then(|button| button.get_attribute("data-scopes"));
            let Some(scopes) = scopes else {
                return;
            };
            event.prevent_default();
            let scopes: Vec<&str> = scopes.split_whitespace().collect();
            for field in dom::all("input[name=scopes]") {
                let field: HtmlInputElement = field.unchecked_into();
                field.set_checked(scopes.contains(&field.value().as_str()));
            }
            dom::announce(&format!("{} scopes are ticked.", scopes.len()));
        });
    });

    view! { <span hidden node_ref=anchor></span> }
}
