use leptos::{html::Span, prelude::*};

/// Applies the filters of the form around it: on Enter, when a field is left, and when something is chosen with the
/// mouse; never while a field is changed with the keyboard (WCAG 3.2.2). The focused field is focused again on the
/// next page. Empty filters are omitted from the address, and without any its `?` too.
#[island]
pub fn AutoSubmit() -> impl IntoView {
    let anchor = NodeRef::<Span>::new();

    #[cfg(feature = "hydrate")]
    anchor.on_load(|anchor| {
        use super::dom;
        if let Some(form) = dom::form_around(&anchor) {
            run::Filters::new(form).listen();
        }
    });

    view! { <span hidden node_ref=anchor></span> }
}

#[cfg(feature = "hydrate")]
mod run {
    use std::{cell::Cell, rc::Rc, time::Duration};

    use leptos::prelude::{document, set_timeout, window};
    use leptos::wasm_bindgen::{JsCast, JsValue};
    use wasm_bindgen_futures::spawn_local;
    use web_sys::{Element, FocusEvent, HtmlElement, HtmlFormElement, Node};

    use super::super::{dom, live};

    /// A person who moves from field to field and continues typing has not finished.
    const PAUSE: Duration = Duration::from_millis(400);

    #[derive(Clone)]
    pub(super) struct Filters {
        form: HtmlFormElement,
        /// The values that the page shows.
        shown: Option<String>,
        /// Whether the last field was changed with the keyboard.
        keyed: Rc<Cell<bool>>,
        /// Counts interactions: the filters apply after a pause since the last one.
        done: Rc<Cell<u32>>,
    }

    impl Filters {
        pub(super) fn new(form: HtmlFormElement) -> Self {
            Self { shown: dom::address(&form), form, keyed: Rc::default(), done: Rc::default() }
        }

        pub(super) fn listen(self) {
            self.take_focus();
            for (event, keyed) in [("keydown", true), ("pointerdown", false)] {
                let filters = self.clone();
                dom::listen(&self.form, event, move |_| {
                    filters.keyed.set(keyed);
                    filters.again();
                });
            }
            let filters = self.clone();
            dom::listen(&self.form, "input", move |_| {
                filters.again();
                // *Apply* appears once there is something to apply.
                let _ = filters.form.toggle_attribute_with_force("data-changed", filters.is_changed());
            });
            let filters = self.clone();
            dom::listen(&self.form, "change", move |event| {
                let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
                let chosen = target.is_some_and(|field| field.matches("select, [type=checkbox]").unwrap_or(false));
                if chosen && !filters.keyed.get() && filters.is_changed() {
                    filters.go_in_place();
                }
            });
            let filters = self.clone();
            dom::listen(&self.form, "submit", move |event| {
                event.prevent_default();
                filters.go();
            });
            let filters = self.clone();
            dom::listen(&self.form, "focusout", move |event| {
                let to = event.dyn_ref::<FocusEvent>().and_then(FocusEvent::related_target);
                filters.left(to.and_then(|to| to.dyn_into().ok()));
            });
        }

        /// Counts an interaction, which cancels pending ones.
        fn again(&self) -> u32 {
            let now = self.done.get() + 1;
            self.done.set(now);
            now
        }

        /// If the focus moves to a link or button, that is not disturbed; within the form more changes may follow.
        fn left(&self, to: Option<Element>) {
            let presses = to.as_ref().is_some_and(|to| to.matches("a, button, summary").unwrap_or(false));
            let within = to.as_ref().is_some_and(|to| self.form.contains(Some(to.unchecked_ref::<Node>())));
            if presses {
                return;
            }
            let (now, filters) = (self.again(), self.clone());
            let apply = move || {
                if filters.done.get() == now {
                    filters.apply();
                }
            };
            set_timeout(apply, if within { PAUSE } else { Duration::ZERO });
        }

        fn is_changed(&self) -> bool {
            dom::address(&self.form) != self.shown
        }

        fn apply(&self) {
            // A form that was replaced loses its focus, and must not submit any more.
            if self.form.is_connected() && self.is_changed() {
                self.go();
            }
        }

        fn go(&self) {
            let Some(href) = dom::address(&self.form) else { return };
            let focused = document().active_element().map(|focused| focused.id()).unwrap_or_default();
            if let Ok(Some(storage)) = window().session_storage() {
                let _ = storage.set_item(live::FOCUSED, &focused);
            }
            let _ = window().location().set_href(&href);
        }

        /// Replaces the list in place, with an entry in the history; loads the page if that fails.
        fn go_in_place(&self) {
            let Some(href) = dom::address(&self.form) else { return };
            let (now, filters) = (self.again(), self.clone());
            spawn_local(async move {
                let page = live::page(&href).await;
                if filters.done.get() != now {
                    return;
                }
                let (Some(page), Ok(history)) = (page, window().history()) else { return filters.go() };
                // Going back to either of them reloads it, in `boot.js`.
                let state = JsValue::from_str(live::SHOWN);
                let _ = history.replace_state(&state, "");
                let _ = history.push_state_with_url(&state, "", Some(&href));
                if live::show(&page).is_none() {
                    let _ = window().location().reload();
                }
            });
        }

        fn take_focus(&self) {
            let Ok(Some(storage)) = window().session_storage() else { return };
            let Ok(Some(id)) = storage.get_item(live::FOCUSED) else { return };
            let _ = storage.remove_item(live::FOCUSED);
            let field = document().get_element_by_id(&id).and_then(|field| field.dyn_into::<HtmlElement>().ok());
            if let Some(field) = field {
                let _ = field.focus();
            }
        }
    }
}
