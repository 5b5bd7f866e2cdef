use leptos::{html::Span, prelude::*};

/// Makes the button around it copy its `data-copy`, or the field whose id is its `data-copy-from`.
#[island]
pub fn CopyOnClick() -> impl IntoView {
    let anchor = NodeRef::<Span>::new();

    #[cfg(feature = "hydrate")]
    anchor.on_load(|anchor| {
        use super::dom;
        use std::time::Duration;

        let Some(button) = dom::around(&anchor, "button") else {
            return;
        };
        let clicked = button.clone();
        dom::listen(&button, "click", move |_| {
            let text = match clicked.get_attribute("data-copy-from") {
                Some(field) => dom::field_value(&field),
                None => clicked.get_attribute("data-copy").unwrap_or_default(),
            };
            dom::copy(text);
            dom::announce("Copied");
            let _ = clicked.set_attribute("data-copied", "");

            let button = clicked.clone();
            let calm = move || {
                let _ = button.remove_attribute("data-copied");
                dom::announce("");
            };
            set_timeout(calm, Duration::from_secs(2));
        });
    });

    view! { <span hidden node_ref=anchor></span> }
}
