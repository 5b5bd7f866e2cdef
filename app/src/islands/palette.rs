use leptos::{html::Span, prelude::*};

/// Opens the dialog around it with Ctrl K, ⌘K, `/` or the link in the top bar, and fills it with the results of the
/// search page.
#[island]
pub fn Palette() -> impl IntoView {
    let anchor = NodeRef::<Span>::new();

    #[cfg(feature = "hydrate")]
    anchor.on_load(|anchor| {
        if let Some(palette) = run::Palette::around(&anchor) {
            palette.listen();
        }
    });

    view! { <span hidden node_ref=anchor></span> }
}

#[cfg(feature = "hydrate")]
mod run {
    use std::{cell::Cell, rc::Rc, time::Duration};

    use leptos::prelude::{document, set_timeout, window, window_event_listener};
    use leptos::wasm_bindgen::{JsCast, JsValue};
    use wasm_bindgen_futures::{JsFuture, spawn_local};
    use web_sys::{
        Element, Event, HtmlDialogElement, HtmlElement, HtmlFormElement, HtmlInputElement, KeyboardEvent, MouseEvent,
        RequestInit, Response, ScrollIntoViewOptions, ScrollLogicalPosition,
    };

    use super::super::dom;

    /// Shown without a response.
    const AWAY: &str = "<p class=hits-none data-say='The search did not answer.'>\
        The search did not answer. Press Enter to try again.</p>";

    /// The pause in typing before the server is queried.
    const PAUSE: Duration = Duration::from_millis(120);

    #[derive(Clone)]
    pub(super) struct Palette {
        dialog: HtmlDialogElement,
        form: HtmlFormElement,
        field: HtmlInputElement,
        results: Element,
        status: Element,
        /// Counts inputs: the response to an older one is discarded.
        asked: Rc<Cell<u32>>,
        /// The results belong to an older input.
        stale: Rc<Cell<bool>>,
        /// Enter was pressed while waiting: open the first result as soon as it arrives.
        hurried: Rc<Cell<bool>>,
    }

    impl Palette {
        pub(super) fn around(anchor: &Element) -> Option<Self> {
            let dialog = dom::around(anchor, "dialog")?;
            let part = |selector| dialog.query_selector(selector).ok().flatten();
            Some(Self {
                form: part("form")?.dyn_into().ok()?,
                field: part("[role=combobox]")?.dyn_into().ok()?,
                results: part(".palette-results")?,
                status: part("[role=status]")?,
                asked: Rc::default(),
                stale: Rc::default(),
                hurried: Rc::default(),
                dialog: dialog.dyn_into().ok()?,
            })
        }

        pub(super) fn listen(self) {
            let palette = self.clone();
            window_event_listener(leptos::ev::keydown, move |event| palette.shortcut(&event));
            if let Some(link) = document().get_element_by_id("search-link") {
                if window().navigator().platform().is_ok_and(|platform| platform.starts_with("Mac"))
                    && let Ok(Some(hint)) = link.query_selector("kbd")
                {
                    hint.set_text_content(Some("⌘K"));
                }
                let palette = self.clone();
                dom::listen(&link, "click", move |event| palette.clicked(&event));
            }
            let palette = self.clone();
            dom::listen(&self.field, "input", move |_| palette.typed());
            let palette = self.clone();
            dom::listen(&self.field, "keydown", move |event| palette.pressed(event.unchecked_ref()));
            let palette = self.clone();
            // A pasted key must not remain.
            dom::listen(&self.dialog, "close", move |_| palette.clear());
        }

        fn shortcut(&self, event: &KeyboardEvent) {
            if event.is_composing() || event.alt_key() || event.default_prevented() {
                return;
            }
            let command = event.ctrl_key() || event.meta_key();
            match event.key().as_str() {
                "k" | "K" if command && !event.shift_key() => {
                    event.prevent_default();
                    if self.dialog.open() { self.dialog.close() } else { self.open() }
                }
                "/" if !command && !self.dialog.open() && !dom::is_typing() => {
                    event.prevent_default();
                    let field = document().query_selector("main [type=search]").ok().flatten();
                    match field.and_then(|field| field.dyn_into::<HtmlElement>().ok()) {
                        Some(field) => {
                            let _ = field.focus();
                        }
                        None => self.open(),
                    }
                }
                _ => {}
            }
        }

        fn clicked(&self, event: &Event) {
            let Some(mouse) = event.dyn_ref::<MouseEvent>() else { return };
            // The person wants another tab.
            if mouse.ctrl_key() || mouse.meta_key() || mouse.shift_key() {
                return;
            }
            event.prevent_default();
            self.open();
        }

        fn open(&self) {
            // A dialog over the page keeps the keyboard: it may show something that can't be shown again.
            if matches!(document().query_selector(".backdrop"), Ok(Some(_))) {
                return;
            }
            if self.dialog.show_modal().is_ok() {
                let _ = self.field.focus();
                self.ask();
            }
        }

        fn clear(&self) {
            self.asked.set(self.asked.get() + 1);
            self.hurried.set(false);
            self.field.set_value("");
            self.show("");
        }

        fn typed(&self) {
            let typed = self.asked.get() + 1;
            self.asked.set(typed);
            self.stale.set(true);
            let palette = self.clone();
            let ask = move || {
                if palette.asked.get() == typed {
                    palette.ask();
                }
            };
            set_timeout(ask, PAUSE);
        }

        fn ask(&self) {
            let asked = self.asked.get() + 1;
            self.asked.set(asked);
            let palette = self.clone();
            spawn_local(async move {
                let answer = palette.answer().await;
                if palette.asked.get() != asked {
                    return;
                }
                // Without a response (signed out, or the server is down) Enter sends the form, whose page says why.
                palette.show(answer.as_deref().unwrap_or(AWAY));
            });
        }

        /// Any other response (a redirect to the sign-in, an error) counts as none.
        async fn answer(&self) -> Option<String> {
            let request = RequestInit::new();
            request.set_method("POST");
            request.set_body(dom::fields(&self.form)?.as_ref());
            let headers = js_sys::Object::new();
            js_sys::Reflect::set(&headers, &JsValue::from_str("x-fragment"), &JsValue::TRUE).ok()?;
            request.set_headers(&headers);
            let sent = window().fetch_with_str_and_init(&self.form.action(), &request);
            let response: Response = JsFuture::from(sent).await.ok()?.dyn_into().ok()?;
            if !response.ok() || response.redirected() {
                return None;
            }
            JsFuture::from(response.text().ok()?).await.ok()?.as_string()
        }

        /// The server rendered this HTML, and escaped all input.
        fn show(&self, html: &str) {
            self.results.set_inner_html(html);
            let say = self.results.first_element_child().and_then(|first| first.get_attribute("data-say"));
            self.status.set_text_content(say.as_deref());
            let _ = self.field.set_attribute("aria-expanded", if self.options().is_empty() { "false" } else { "true" });
            self.choose(0);
            self.stale.set(false);
            if self.hurried.take()
                && let Some(first) = self.options().first()
            {
                go(first);
            }
        }

        fn options(&self) -> Vec<Element> {
            dom::all("#palette-list [role=option]")
        }

        /// The selected option.
        fn chosen(&self, options: &[Element]) -> Option<usize> {
            let id = self.field.get_attribute("aria-activedescendant")?;
            options.iter().position(|option| option.id() == id)
        }

        fn choose(&self, index: usize) {
            let options = self.options();
            let _ = self.field.remove_attribute("aria-activedescendant");
            for (at, option) in options.iter().enumerate() {
                let _ = option.set_attribute("aria-selected", if at == index { "true" } else { "false" });
                if at == index {
                    let _ = self.field.set_attribute("aria-activedescendant", &option.id());
                    let near = ScrollIntoViewOptions::new();
                    near.set_block(ScrollLogicalPosition::Nearest);
                    option.scroll_into_view_with_scroll_into_view_options(&near);
                }
            }
        }

        fn pressed(&self, event: &KeyboardEvent) {
            let options = self.options();
            if event.is_composing() {
                return;
            }
            if self.stale.get() && event.key() == "Enter" {
                event.prevent_default();
                self.hurried.set(true);
                return;
            }
            if options.is_empty() {
                return;
            }
            let (at, last) = (self.chosen(&options).unwrap_or(0), options.len() - 1);
            let next = match event.key().as_str() {
                "ArrowDown" => (at + 1) % options.len(),
                "ArrowUp" => at.checked_sub(1).unwrap_or(last),
                "Home" => 0,
                "End" => last,
                "Enter" => {
                    event.prevent_default();
                    go(&options[at]);
                    return;
                }
                _ => return,
            };
            event.prevent_default();
            self.choose(next);
        }
    }

    fn go(option: &Element) {
        if let Some(option) = option.dyn_ref::<HtmlElement>() {
            option.click();
        }
    }
}
