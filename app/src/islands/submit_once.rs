use leptos::{html::Span, prelude::*};

/// Disables the buttons of the form around it once it is submitted, so that nothing is created twice.
#[island]
pub fn SubmitOnce() -> impl IntoView {
    let anchor = NodeRef::<Span>::new();

    #[cfg(feature = "hydrate")]
    anchor.on_load(|anchor| {
        use super::dom;
        use std::time::Duration;

        let Some(form) = dom::form_around(&anchor) else {
            return;
        };
        let submitted = form.clone();
        dom::listen(&form, "submit", move |_| {
            let form = submitted.clone();
            // A button that is disabled at once would not send its own name and value.
            set_timeout(move || dom::disable_buttons(&form, true), Duration::ZERO);
        });
        // A page restored from the history must not stay disabled.
        dom::listen(&window(), "pageshow", move |_| dom::disable_buttons(&form, false));
    });

    view! { <span hidden node_ref=anchor></span> }
}
