use leptos::{html::Span, prelude::*};

/// Sends the form around it to the act in its `data-act`, and shows the content of the page anew, without leaving it.
/// Where the act did nothing, the form is sent as without scripts: the page that answers says why.
#[island]
pub fn ActInPlace() -> impl IntoView {
    let anchor = NodeRef::<Span>::new();

    #[cfg(feature = "hydrate")]
    anchor.on_load(|anchor| {
        use super::{dom, live};
        use wasm_bindgen_futures::spawn_local;

        let Some(form) = dom::form_around(&anchor) else { return };
        let sent = form.clone();
        dom::listen(&form, "submit", move |event| {
            event.prevent_default();
            let form = sent.clone();
            // Twice is once. A button that is disabled would lose the focus.
            if form.has_attribute("data-running") {
                return;
            }
            let _ = form.set_attribute("data-running", "");
            spawn_local(async move {
                let live::Answer::Done(said) = live::run(&form).await else {
                    let _ = form.submit();
                    return;
                };
                live::refresh().await;
                dom::announce(&said.as_string().unwrap_or_default());
            });
        });
    });

    view! { <span hidden node_ref=anchor></span> }
}
