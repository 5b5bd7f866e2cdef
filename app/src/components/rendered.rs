use leptos::{
    prelude::*,
    tachys::{html::InertElement, view::Position},
};

/// A view as HTML. Where the type of a view is erased (`into_any`, `Children`), each of its attributes is copied into an
/// allocation of its own; text is moved. So the bulk of a page is rendered first.
pub fn rendered(view: impl IntoView) -> InertElement {
    InertElement::new(html_of(view))
}

/// The HTML of a view. Leptos reserves a little less than it writes, and would double a long page's buffer at its end.
pub fn html_of(view: impl IntoView) -> String {
    let view = view.into_view();
    let length = view.html_len();
    let mut html = String::with_capacity(length + length / 4);
    view.to_html_with_buf(&mut html, &mut Position::FirstChild, true, false, Vec::new());
    html
}
