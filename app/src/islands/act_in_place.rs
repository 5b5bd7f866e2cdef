use leptos::{html::Span, prelude::*};

/// Sends each form with a `data-act` to that act, and refreshes the content without leaving the page. If the act
/// fails, the form is sent as without scripts: the page of the response says why.
#[island]
pub fn ActInPlace() -> impl IntoView {
    let anchor = NodeRef::<Span>::new();

    #[cfg(feature = "hydrate")]
    anchor.on_load(|_| {
        use super::{dom, live};
        use leptos::wasm_bindgen::JsCast;
        use wasm_bindgen_futures::spawn_local;

        dom::listen_for("submit", "form[data-act]", |event, form| {
            event.prevent_default();
            // Ignores a second click. Disabling the button would lose the focus.
            if form.has_attribute("data-running") {
                return;
            }
            let _ = form.set_attribute("data-running", "");
            let form = form.unchecked_into();
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
