//! DOM helpers for islands, small to keep the download small.

use leptos::prelude::{document, window};
use leptos::wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    Blob, BlobPropertyBag, Element, Event, EventTarget, FormData, HtmlDocument, HtmlFormElement, HtmlInputElement,
    HtmlTextAreaElement, Url, UrlSearchParams,
};

/// Adds a listener for the lifetime of the page.
pub(super) fn listen(target: &EventTarget, event: &str, handler: impl FnMut(Event) + 'static) {
    let handler = Closure::<dyn FnMut(Event)>::new(handler);
    let _ = target.add_event_listener_with_callback(event, handler.as_ref().unchecked_ref());
    handler.forget();
}

/// Listens to an event on all elements that match, including those in content that is refreshed later.
pub(super) fn listen_for(event: &str, selector: &'static str, handler: impl Fn(Event, Element) + 'static) {
    listen(&document(), event, move |event| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        if let Some(found) = target.and_then(|target| around(&target, selector)) {
            handler(event, found);
        }
    });
}

pub(super) fn around(anchor: &Element, selector: &str) -> Option<Element> {
    anchor.closest(selector).ok().flatten()
}

pub(super) fn form_around(anchor: &Element) -> Option<HtmlFormElement> {
    around(anchor, "form")?.dyn_into().ok()
}

pub(super) fn disable_buttons(form: &HtmlFormElement, disabled: bool) {
    let Ok(buttons) = form.query_selector_all("button:not([type=button])") else {
        return;
    };
    for index in 0..buttons.length() {
        if let Some(button) = buttons.item(index).and_then(|node| node.dyn_into::<Element>().ok()) {
            let _ = button.toggle_attribute_with_force("disabled", disabled);
        }
    }
}

pub(super) fn field_value(id: &str) -> String {
    document()
        .get_element_by_id(id)
        .and_then(|field| field.dyn_into::<HtmlInputElement>().ok())
        .map(|field| field.value())
        .unwrap_or_default()
}

/// The text with the secrets of the one-time dialog in place of the names of their fields: `{secret-key}`. They are in the
/// page once, as the values of these fields.
pub(super) fn with_secrets(text: &str) -> js_sys::JsString {
    // The browser's own replace: Rust's would be much larger.
    let fill = |text: js_sys::JsString, id: &str| text.replace(&("{".to_owned() + id + "}"), &field_value(id));
    ["secret-key", "signing-secret"].into_iter().fold(js_sys::JsString::from(text), fill)
}

/// Announces a text to screen readers, in the page's one live region.
pub(super) fn announce(text: &str) {
    if let Some(region) = document().get_element_by_id("announcer") {
        region.set_text_content(Some(text));
    }
}

/// Copies a text, and reports whether that succeeded.
pub(super) fn copy(text: String, told: impl Fn(bool) + 'static) {
    let clipboard = window().navigator().clipboard();
    // Not available if the portal is opened over plain HTTP.
    if clipboard.is_undefined() {
        return told(copy_by_selection(&text));
    }
    let promise = clipboard.write_text(&text);
    spawn_local(async move {
        let copied = JsFuture::from(promise).await.is_ok() || copy_by_selection(&text);
        told(copied);
    });
}

fn copy_by_selection(text: &str) -> bool {
    let document = document();
    let Some(body) = document.body() else { return false };
    let Ok(field) = document.create_element("textarea").map(JsCast::unchecked_into::<HtmlTextAreaElement>) else {
        return false;
    };
    field.set_value(text);
    field.set_class_name("sr-only");
    let _ = body.append_child(&field);
    field.select();
    let copied = document.unchecked_ref::<HtmlDocument>().exec_command("copy").unwrap_or(false);
    field.remove();
    copied
}

/// Selects what a button copies: the field with that id, or the text before the button, which is replaced by the
/// whole text if it was shortened.
pub(super) fn select(button: &Element, field: Option<&str>) {
    if let Some(field) = field.and_then(|id| document().get_element_by_id(id)) {
        if let Ok(field) = field.dyn_into::<HtmlInputElement>() {
            let _ = field.focus();
            field.select();
        }
        return;
    }
    let (Some(shown), Ok(Some(selection))) = (button.previous_element_sibling(), window().get_selection()) else {
        return;
    };
    let text = button.get_attribute("data-copy").unwrap_or_default();
    if shown.text_content().as_ref() != Some(&text) {
        shown.set_text_content(Some(&text));
    }
    let _ = selection.select_all_children(&shown);
}

pub(super) fn all(selector: &str) -> Vec<Element> {
    let Ok(found) = document().query_selector_all(selector) else {
        return Vec::new();
    };
    (0..found.length()).filter_map(|index| found.item(index)?.dyn_into().ok()).collect()
}

/// Whether a pressed letter would go into a field.
pub(super) fn is_typing() -> bool {
    let focused = document().active_element();
    focused.is_some_and(|focused| focused.matches("input, textarea, select, [contenteditable]").unwrap_or(false))
}

/// The address of a JSON file with this text, valid until it is revoked or the page is left.
pub(super) fn blob(json: &JsValue) -> Option<String> {
    let kind = BlobPropertyBag::new();
    kind.set_type("application/json");
    let parts = js_sys::Array::of1(json);
    let blob = Blob::new_with_str_sequence_and_options(&parts, &kind).ok()?;
    Url::create_object_url_with_blob(&blob).ok()
}

/// The fields of a form as it would send them.
pub(super) fn fields(form: &HtmlFormElement) -> Option<UrlSearchParams> {
    UrlSearchParams::new_with_str_sequence_sequence(FormData::new_with_form(form).ok()?.as_ref()).ok()
}

/// The address of a GET form, without its empty fields.
pub(super) fn address(form: &HtmlFormElement) -> Option<String> {
    let fields = fields(form)?;
    let names = form.elements();
    for index in 0..names.length() {
        let name = names.item(index).and_then(|field| field.get_attribute("name")).unwrap_or_default();
        if fields.get(&name).is_some_and(|value| value.is_empty()) {
            fields.delete(&name);
        }
    }
    let query: String = fields.to_string().into();
    // Not `form.action()`: a field called `action` would shadow it.
    let path = form.get_attribute("action")?;
    Some(if query.is_empty() { path } else { format!("{path}?{query}") })
}
