//! Pages that change in place: acts that are sent by `fetch`, the content shown anew, questions asked again and again.

use leptos::prelude::{document, window};
use leptos::wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Document, DomParser, Element, Event, HtmlElement, HtmlFormElement, RequestInit, Response, SupportedType,
};

use super::dom;

/// Says that the content was shown anew: `boot.js` starts the islands in it, others look at it again.
pub(super) const SHOWN: &str = "shown-anew";

/// The id of what is to have the focus on the page that follows, in the session's storage.
pub(super) const FOCUSED: &str = "filter-focus";

/// What an act answered.
pub(super) enum Answer {
    Done(JsValue),
    /// It did nothing: a status that says why.
    Refused(u16),
    /// Nobody can tell.
    Lost,
}

/// Runs the act that the form names by its `data-act`, with the fields of the form.
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

/// Shows this page's own content anew, or loads it where that fails.
pub(super) async fn refresh() {
    let shown = match page(&window().location().href().unwrap_or_default()).await {
        Some(page) => show(&page).is_some(),
        None => false,
    };
    if !shown {
        let _ = window().location().reload();
    }
}

/// The page at an address; none where something else is answered.
pub(super) async fn page(href: &str) -> Option<Document> {
    let response: Response = JsFuture::from(window().fetch_with_str(href)).await.ok()?.dyn_into().ok()?;
    if !response.ok() || response.redirected() {
        return None;
    }
    let html = JsFuture::from(response.text().ok()?).await.ok()?.as_string()?;
    DomParser::new().ok()?.parse_from_string(&html, SupportedType::TextHtml).ok()
}

/// Puts the content of a page in place of the one that is here, with the focus where it was.
pub(super) fn show(page: &Document) -> Option<()> {
    let (new, old) = (page.get_element_by_id("content")?, document().get_element_by_id("content")?);
    // What was in a menu is closed in the new content: the focus goes to the button that opens it.
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

/// The first pause; each is half as long again, up to the longest.
const FIRST: i32 = 3_000;
const LONGEST: i32 = 60_000;
/// A page that was left open must not keep its session alive for ever.
const AT_MOST: u32 = 100;

/// Asks again and again, ever less often, while the page is seen and the element is in it. Asking says whether to go on.
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

/// Until the page is seen.
async fn seen() {
    while document().hidden() {
        let changed = js_sys::Promise::new(&mut |change, _| {
            let _ = document().add_event_listener_with_callback("visibilitychange", &change);
        });
        let _ = JsFuture::from(changed).await;
    }
}
