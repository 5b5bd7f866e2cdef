use leptos::{html::Span, prelude::*};

/// Makes every button copy its `data-copy`, or the field whose id is its `data-copy-from`, and confirm what it
/// copied. Where it has both, the text has the secrets of the dialog filled in, of which that field is one. If the browser refuses, it says so and selects the text, so that the reader can copy it.
#[island]
pub fn CopyOnClick() -> impl IntoView {
    let anchor = NodeRef::<Span>::new();

    #[cfg(feature = "hydrate")]
    anchor.on_load(|_| {
        use super::dom;

        dom::listen_for("click", "[data-copy],[data-copy-from]", |_, button| {
            let field = button.get_attribute("data-copy-from");
            let text = match (&field, button.get_attribute("data-copy")) {
                (Some(_), Some(text)) => dom::with_secrets(&text).into(),
                (Some(field), None) => dom::field_value(field),
                (None, text) => text.unwrap_or_default(),
            };
            dom::copy(text, move |copied| say(&button, copied, field.as_deref()));
        });
    });

    view! { <span hidden node_ref=anchor></span> }
}

/// "Copy key ID" becomes "Key ID copied" for a moment.
#[cfg(feature = "hydrate")]
fn say(button: &web_sys::Element, copied: bool, field: Option<&str>) {
    use super::dom;
    use std::time::Duration;

    let title = button.get_attribute("title").unwrap_or_default();
    let (state, said) = if copied {
        let mut said = title.strip_prefix("Copy ").unwrap_or(&title).to_owned() + " copied";
        if let Some(first) = said.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        ("data-copied", said)
    } else {
        dom::select(button, field);
        ("data-not-copied", "Not copied. It is selected: press Ctrl C or ⌘C".to_owned())
    };
    dom::announce(&said);
    let _ = button.set_attribute(state, &said);

    let button = button.clone();
    let calm = move || {
        let _ = button.remove_attribute(state);
        dom::announce("");
    };
    set_timeout(calm, Duration::from_secs(if copied { 2 } else { 8 }));
}
