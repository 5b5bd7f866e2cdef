use leptos::{html::Span, prelude::*};

/// Goes to what the filters of the form around it ask for, as soon as one changes. Empty ones are left out of the
/// address, and with none left its `?` too.
#[island]
pub fn AutoSubmit() -> impl IntoView {
    let anchor = NodeRef::<Span>::new();

    #[cfg(feature = "hydrate")]
    anchor.on_load(|anchor| {
        use super::dom;
        if let Some(form) = dom::form_around(&anchor) {
            for event in ["change", "submit"] {
                let target = form.clone();
                dom::listen(&form, event, move |event| {
                    if let Some(href) = dom::address(&target) {
                        event.prevent_default();
                        let _ = window().location().set_href(&href);
                    }
                });
            }
        }
    });

    view! { <span hidden node_ref=anchor></span> }
}
