use leptos::{html::Span, prelude::*};

/// Shows newer numbers of the page's requests, as long as the page is visible.
#[island]
pub fn RefreshUsage() -> impl IntoView {
    let anchor = NodeRef::<Span>::new();

    #[cfg(feature = "hydrate")]
    anchor.on_load(|anchor| {
        use super::live;
        use leptos::wasm_bindgen::JsCast;
        use wasm_bindgen_futures::spawn_local;

        spawn_local(async move {
            let ask = async || {
                let href = window().location().href().unwrap_or_default();
                match live::page(&href).await {
                    Some(page) => live::show_part(&page, "usage").is_some(),
                    None => false,
                }
            };
            live::poll(anchor.unchecked_ref(), ask).await;
        });
    });

    view! { <span hidden node_ref=anchor></span> }
}
