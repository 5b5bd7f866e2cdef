use leptos::{html::Span, prelude::*};

/// Replaces the button around it by a link to a file built in the browser: `data-text`, with the values of the fields
/// that it names. The button's form requests the same file from the server.
///
/// The link is a `blob:`, because browsers record the addresses of downloads, and a `data:` address contains the
/// secrets.
#[island]
pub fn SaveAsFile() -> impl IntoView {
    let anchor = NodeRef::<Span>::new();

    #[cfg(feature = "hydrate")]
    anchor.on_load(|anchor| {
        use super::dom;
        use leptos::wasm_bindgen::JsCast;
        use std::time::Duration;
        use web_sys::HtmlAnchorElement;

        let Some(button) = dom::around(&anchor, "button") else { return };
        let attribute = |name| button.get_attribute(name).unwrap_or_default();
        let text = dom::with_secrets(&attribute("data-text"));
        let Ok(link) = document().create_element("a").map(|link| link.unchecked_into::<HtmlAnchorElement>()) else {
            return;
        };
        let Some(href) = dom::blob(&text) else { return };
        link.set_href(&href);
        link.set_class_name("btn");
        link.set_download(&attribute("data-name"));
        link.set_text_content(button.text_content().as_deref());
        let focused = document().active_element().as_ref() == Some(&button);
        let _ = button.replace_with_with_node_1(&link);
        if focused {
            let _ = link.focus();
        }
        let used = link.clone();
        dom::listen(&link, "click", move |_| {
            let (link, text) = (used.clone(), text.clone());
            let renew = move || {
                let _ = web_sys::Url::revoke_object_url(&link.href());
                link.set_href(&dom::blob(&text).unwrap_or_default());
            };
            // By then the browser has started to read it.
            set_timeout(renew, Duration::from_secs(1));
        });
    });

    view! { <span hidden node_ref=anchor></span> }
}
