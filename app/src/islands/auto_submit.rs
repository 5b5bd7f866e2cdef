use leptos::{html::Span, prelude::*};

/// Submits the form around it whenever one of its fields changes.
#[island]
pub fn AutoSubmit() -> impl IntoView {
    let anchor = NodeRef::<Span>::new();

    #[cfg(feature = "hydrate")]
    anchor.on_load(|anchor| {
        use super::dom;
        if let Some(form) = dom::form_around(&anchor) {
            let target = form.clone();
            dom::listen(&form, "change", move |_| {
                let _ = target.request_submit();
            });
        }
    });

    view! { <span hidden node_ref=anchor></span> }
}
