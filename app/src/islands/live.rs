//! Pages that change in place: acts sent by `fetch`, refreshed content, polling.

use leptos::prelude::{document, window};
use leptos::wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Document, DomParser, Element, Event, HtmlElement, HtmlFormElement, RequestInit, Response, SupportedType,
};

use super::dom;

/// The event after the content was refreshed: `boot.js` starts the islands in it, others update.
pub(super) const SHOWN: &str = "shown-anew";

/// The key in the session storage of the id to be focused on the next page.
pub(super) const FOCUSED: &str = "filter-focus";

/// The response of an act.
pub(super) enum Answer {
    Done(JsValue),
    /// It failed, with this status.
    Refused(u16),
    /// The outcome is unknown.
    Lost,
}

/// Runs the act in the form's `data-act`, with the form's fields.
pub(super) async fn run(form: &HtmlFormElement) -> Answer {
    send(form).await.unwrap_or(Answer::Lost)
}

async fn send(form: &HtmlFormElement) -> Option<Answer> {
    let request = RequestInit::new();
    request.set_method("POST");
    request.set_body(dom::fields(form)?.as_ref());
    let sent = window().fetch_with_str_and_init(&form.get_attribute("data-act")?, &request);
    let response: Response = JsFuture::from(sent).await.ok()?.dyn_into().ok()?;
    if !response.ok() {
        return Some(Answer::Refused(response.status()));
    }
    JsFuture::from(response.json().ok()?).await.ok().map(Answer::Done)
}

/// Refreshes this page's content, or reloads the page if that fails.
pub(super) async fn refresh() {
    let shown = match page(&window().location().href().unwrap_or_default()).await {
        Some(page) => show(&page).is_some(),
        None => false,
    };
    if !shown {
        let _ = window().location().reload();
    }
}

/// The page at an address; `None` for any other response.
pub(super) async fn page(href: &str) -> Option<Document> {
    let response: Response = JsFuture::from(window().fetch_with_str(href)).await.ok()?.dyn_into().ok()?;
    if !response.ok() || response.redirected() {
        return None;
    }
    let html = JsFuture::from(response.text().ok()?).await.ok()?.as_string()?;
    DomParser::new().ok()?.parse_from_string(&html, SupportedType::TextHtml).ok()
}

/// Replaces the content by that of a page, and restores the focus.
pub(super) fn show(page: &Document) -> Option<()> {
    let (new, old) = (page.get_element_by_id("content")?, document().get_element_by_id("content")?);
    // An open menu is closed in the new content: the focus goes to its button.
    let focused = document().active_element().map(|focused| match dom::around(&focused, ".menu-at") {
        Some(menu) => menu.id() + "-button",
        None => focused.id(),
    });
    old.replace_with_with_node_1(&new).ok()?;
    document().set_title(&page.title());
    let _ = document().dispatch_event(&Event::new(SHOWN).ok()?);
    if let Some(field) = document()
        .get_element_by_id(&focused.unwrap_or_default())
        .and_then(|field| field.dyn_into::<HtmlElement>().ok())
    {
        let _ = field.focus();
    }
    Some(())
}

/// The first interval; each is half as long again, up to the longest.
const FIRST: i32 = 3_000;
const LONGEST: i32 = 60_000;
/// A page that was left open must not keep its session alive: these end after less than the least idle time that an organization can
/// set (15 minutes).
const AT_MOST: u32 = 17;

/// Polls with increasing intervals while the page is visible and contains the element. `ask` returns whether to
/// continue.
pub(super) async fn poll(element: &Element, ask: impl AsyncFn() -> bool) {
    let mut pause = FIRST;
    for _ in 0..AT_MOST {
        sleep(pause).await;
        if document().hidden() {
            seen().await;
            pause = FIRST;
        }
        if !element.is_connected() || !ask().await {
            return;
        }
        pause = (pause + pause / 2).min(LONGEST);
    }
}

async fn sleep(millis: i32) {
    let woken = js_sys::Promise::new(&mut |wake, _| {
        let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(&wake, millis);
    });
    let _ = JsFuture::from(woken).await;
}

/// Waits until the page is visible.
async fn seen() {
    while document().hidden() {
        let changed = js_sys::Promise::new(&mut |change, _| {
            let _ = document().add_event_listener_with_callback("visibilitychange", &change);
        });
        let _ = JsFuture::from(changed).await;
    }
}
