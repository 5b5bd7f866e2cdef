use leptos::{html::Span, prelude::*};

/// Waits, with the form around it, for the first request of a key, and announces it.
#[island]
pub fn FirstRequest() -> impl IntoView {
    let anchor = NodeRef::<Span>::new();

    #[cfg(feature = "hydrate")]
    anchor.on_load(|anchor| {
        use super::{dom, live};
        use leptos::wasm_bindgen::JsCast;
        use wasm_bindgen_futures::spawn_local;

        let Some(form) = dom::form_around(&anchor) else { return };
        spawn_local(async move {
            let asked = form.clone();
            let ask = async || {
                let came = match live::run(&asked).await {
                    live::Answer::Done(used) => used.is_truthy(),
                    live::Answer::Refused(status) => return status >= 500,
                    live::Answer::Lost => false,
                };
                if !came {
                    return true;
                }
                let said = asked.get_attribute("data-came").unwrap_or_default();
                let _ = asked.set_attribute("data-used", "");
                if let Ok(Some(text)) = asked.query_selector("output") {
                    // It is a live region.
                    text.set_text_content(Some(&said));
                }
                false
            };
            live::poll(form.unchecked_ref(), ask).await;
        });
    });

    view! { <span hidden node_ref=anchor></span> }
}
