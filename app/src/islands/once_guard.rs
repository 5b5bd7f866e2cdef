use leptos::{html::Span, prelude::*};

/// Keeps the one-time dialog open: Escape does nothing, and leaving before *Done* asks first. *Done* removes it from
/// the history.
#[island]
pub fn OnceGuard() -> impl IntoView {
    let anchor = NodeRef::<Span>::new();

    #[cfg(feature = "hydrate")]
    anchor.on_load(|anchor| {
        use super::dom;
        use std::{cell::Cell, rc::Rc};

        let done = Rc::new(Cell::new(false));
        if let Some(form) = dom::form_around(&anchor) {
            // The browser submits only once the box is ticked.
            let done = Rc::clone(&done);
            let target = form.clone();
            dom::listen(&form, "submit", move |event| {
                done.set(true);
                if let Some(href) = dom::address(&target) {
                    event.prevent_default();
                    // The list shows it for the new key.
                    if let Ok(Some(storage)) = window().session_storage() {
                        let _ = storage.set_item(super::live::FOCUSED, "new-key");
                    }
                    // Replaces this page, so that Back does not ask whether to send the form again.
                    let _ = window().location().replace(&href);
                }
            });
        }
        dom::listen(&window(), "beforeunload", move |event| {
            if !done.get() {
                event.prevent_default();
            }
        });
        window_event_listener(leptos::ev::keydown, |event| {
            if event.key() == "Escape" {
                event.prevent_default();
            }
        });
    });

    view! { <span hidden node_ref=anchor></span> }
}
