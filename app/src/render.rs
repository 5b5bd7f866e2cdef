//! From a page to the text of its document.

use std::sync::Arc;

use axum::http::StatusCode;
use hydration_context::SsrSharedContext;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;

use crate::portal::{Page, Portal, Site};

/// The document, and the status that a part of the page asked for.
///
/// Nothing in a page waits: what it shows was loaded before. So it is rendered at once, and not as the stream with the
/// scripts of resources that `leptos_axum::render_app_async` makes; that costs more, and the policy forbids the scripts.
pub fn document(page: Page, site: Site) -> (Option<StatusCode>, String) {
    let options = ResponseOptions::default();
    let owner = Owner::new_root(Some(Arc::new(SsrSharedContext::new())));
    let html = owner.with(|| {
        provide_context(options.clone());
        view! { <Portal page site/> }.to_html()
    });
    owner.cleanup();
    let status = options.0.read().ok().and_then(|parts| parts.status);
    (status, html)
}
