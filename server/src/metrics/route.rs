//! The route of a request, such as `/apps/{app_id}/keys`: a label with few values, whatever clients ask for.

use std::sync::{Arc, OnceLock};

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};

/// Where the router leaves the route that it found. Also found if the handler fails.
#[derive(Clone, Default)]
pub struct MatchedRoute(Arc<OnceLock<MatchedPath>>);

impl MatchedRoute {
    /// `None` if nobody wants to know it.
    pub fn unless(unwanted: bool) -> Option<Self> {
        (!unwanted).then(Self::default)
    }

    /// `None` if no route has that path.
    pub fn get(&self) -> Option<&str> {
        self.0.get().map(MatchedPath::as_str)
    }
}

/// A layer of the router.
pub async fn note(request: Request, next: Next) -> Response {
    let extensions = request.extensions();
    if let (Some(wanted), Some(found)) = (extensions.get::<MatchedRoute>(), extensions.get::<MatchedPath>()) {
        let _ = wanted.0.set(found.clone());
    }
    next.run(request).await
}
