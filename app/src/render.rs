//! Renders a page to the text of its document.

use std::sync::Arc;

use axum::http::StatusCode;
use hydration_context::SsrSharedContext;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;

use crate::{
    components::html_of,
    portal::{Page, Portal, Site},
};

/// The document, and the status that a part of the page set.
///
/// Pages do no asynchronous work: what they show was loaded before. So they are rendered at once, not as the stream
/// with resource scripts that `leptos_axum::render_app_async` produces; that costs more, and the policy forbids those
/// scripts.
pub fn document(page: Page, site: Site) -> (Option<StatusCode>, String) {
    let options = ResponseOptions::default();
    let owner = Owner::new_root(Some(Arc::new(SsrSharedContext::new())));
    let html = owner.with(|| {
        provide_context(options.clone());
        html_of(view! { <Portal page site/> })
    });
    owner.cleanup();
    let status = options.0.read().ok().and_then(|parts| parts.status);
    (status, html)
}
