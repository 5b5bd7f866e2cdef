use leptos::{html::Span, prelude::*};

/// Polls, with the form around it, how many newer events there are, and shows them when its button is pressed. They
/// are not inserted while the reader reads.
#[island]
pub fn NewerEvents() -> impl IntoView {
    let anchor = NodeRef::<Span>::new();

    #[cfg(feature = "hydrate")]
    anchor.on_load(|anchor| {
        use super::{dom, live};
        use leptos::wasm_bindgen::JsCast;
        use wasm_bindgen_futures::spawn_local;

        let Some(form) = dom::form_around(&anchor) else { return };
        dom::listen(&form, "submit", move |event| {
            event.prevent_default();
            spawn_local(live::refresh());
        });
        spawn_local(async move {
            let asked = form.clone();
            let ask = async || {
                let count = match live::run(&asked).await {
                    // As an integer: formatting fractions would add ten kilobytes to every visit.
                    live::Answer::Done(count) => count.as_f64().unwrap_or_default() as u32,
                    live::Answer::Refused(status) => return status >= 500,
                    live::Answer::Lost => return true,
                };
                if count > 0 && asked.hidden() {
                    asked.set_hidden(false);
                    dom::announce("There are new events.");
                }
                if let Ok(Some(button)) = asked.query_selector("button") {
                    let plural = if count == 1 { "" } else { "s" };
                    button.set_text_content(Some(&format!("Show {count} new event{plural}")));
                }
                true
            };
            live::poll(form.unchecked_ref(), ask).await;
        });
    });

    view! { <span hidden node_ref=anchor></span> }
}
