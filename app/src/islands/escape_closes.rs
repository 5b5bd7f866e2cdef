use leptos::{html::Span, prelude::*};

/// Escape follows the `data-close` of the dialog around it, to the page below.
#[island]
pub fn EscapeCloses() -> impl IntoView {
    let anchor = NodeRef::<Span>::new();

    #[cfg(feature = "hydrate")]
    anchor.on_load(|anchor| {
        use super::dom;

        let Some(href) = dom::around(&anchor, "[data-close]").and_then(|dialog| dialog.get_attribute("data-close"))
        else {
            return;
        };
        window_event_listener(leptos::ev::keydown, move |event| {
            // During text composition, Escape belongs to the input method.
            if event.key() == "Escape" && !event.default_prevented() && !event.is_composing() {
                let _ = window().location().set_href(&href);
            }
        });
    });

    view! { <span hidden node_ref=anchor></span> }
}
