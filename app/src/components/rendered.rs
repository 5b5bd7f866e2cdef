use leptos::{prelude::*, tachys::html::InertElement};

/// A view as HTML. Wherever the type of a view is erased (`into_any`, `Children`), each of its attributes is copied into an
/// allocation of its own; text is moved. So what a page has much of is rendered first.
pub fn rendered(view: impl IntoView) -> InertElement {
    InertElement::new(view.into_view().to_html())
}
