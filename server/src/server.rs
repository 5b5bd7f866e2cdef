//! What runs before and after every route, for HTTP and gRPC. Not a layer of the router, which would clone and box it
//! on each request.

use std::{
    convert::Infallible,
    net::IpAddr,
    pin::pin,
    sync::{Arc, LazyLock},
    time::Instant,
};

use axum::{
    Router,
    body::Body,
    http::{HeaderName, HeaderValue, Request},
    middleware::from_fn,
    response::Response,
};
use sallyport::request::Client;
use sallyport_app::{context::Context, routes, secret_path};
use tokio::runtime::Handle;
use tower::ServiceExt;

use crate::{
    api::{self, fast_path::FastPath},
    metrics::{
        MatchedRoute, Requests, note,
        requests::{method_name, method_number},
    },
    middleware::{
        access_log::AccessLog,
        client::{self, Peer},
        guard::run,
        headers, host,
        trace::Trace,
    },
    page_pool::{PagePool, with_whole_body},
    probes::is_probe,
    router::{probes, router},
    state::AppState,
    traces::{Answered, Tracer},
};

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

type MakeRouter = Box<dyn FnOnce() -> Router + Send>;

#[derive(Clone)]
pub struct Server {
    state: AppState,
    probes: Router,
    /// Made at the first request for one of them: a server that only verifies saves the memory.
    routes: Arc<LazyLock<Router, MakeRouter>>,
    /// Where pages are rendered; `None` means on their connections' threads.
    pages: Option<PagePool>,
    /// Where requests are counted; `None` means nowhere.
    requests: Option<Arc<Requests>>,
    /// What makes spans of requests; `None` means that there are none.
    tracer: Option<Arc<Tracer>>,
}

impl Server {
    pub fn new(state: AppState) -> Self {
        Self::with_pages(state, routes::routes)
    }

    /// With other pages: tests add one that fails.
    pub fn with_pages(state: AppState, pages: impl FnOnce() -> Router<Context> + Send + 'static) -> Self {
        let of_routes = state.clone();
        let routes: MakeRouter = Box::new(move || router(&of_routes, pages()));
        let (probes, routes) = (probes(&state), Arc::new(LazyLock::new(routes)));
        Self { probes, routes, state, pages: None, requests: None, tracer: None }
    }

    /// Renders pages on separate threads.
    #[must_use]
    pub fn with_page_pool(self, threads: Handle) -> Self {
        Self { pages: Some(PagePool::new(threads)), ..self }
    }

    /// Counts requests, and traces them.
    #[must_use]
    pub fn observed(self, requests: Option<Arc<Requests>>, tracer: Option<Arc<Tracer>>) -> Self {
        if requests.is_none() && tracer.is_none() {
            return self;
        }
        let routes = self.routes;
        let noted: MakeRouter = Box::new(move || LazyLock::force(&routes).clone().layer(from_fn(note)));
        let (routes, probes) = (Arc::new(LazyLock::new(noted)), self.probes.layer(from_fn(note)));
        Self { requests, tracer, routes, probes, ..self }
    }

    pub fn page_pool(&self) -> Option<&PagePool> {
        self.pages.as_ref()
    }

    pub fn tracer(&self) -> Option<&Arc<Tracer>> {
        self.tracer.as_ref()
    }

    pub fn is_trusted(&self, peer: IpAddr) -> bool {
        client::is_trusted(&self.state.trusted_proxies, peer.to_canonical())
    }

    pub async fn answer(&self, peer: Peer, mut request: Request<Body>) -> Response {
        let state = &self.state;
        let method = method_number(request.method());
        let measured = self.requests.as_ref().map(|requests| (requests, Instant::now()));
        if let Some(within) = state.context.sub_path.without_prefix(request.uri()) {
            *request.uri_mut() = within;
        }
        let path = request.uri().path();
        let (of_api, fast_path, has_secret_path) = (api::has(path), FastPath::of(path), secret_path::has(path));
        let client = client::name(state, peer, request.headers());
        let incoming = Trace::of(request.headers());
        let tracer = self.tracer.as_ref().filter(|_| !is_probe(path));
        let traced = tracer.and_then(|tracer| {
            let started = tracer.begin(incoming, client.proxied, || state.context.store.now())?;
            Some((tracer, started))
        });
        let trace = traced.map(|(_, started)| started.trace).or(incoming);
        let log = AccessLog::of(&request, of_api, trace);
        let matched = MatchedRoute::unless((measured.is_none() && traced.is_none()) || fast_path.is_some());

        let id = &client.request_id;
        let handled = match (host::refusal(state, &request, of_api), fast_path) {
            (Some(refusal), _) => refusal,
            // Pinned where it is made, because it is large: otherwise it would be copied twice. The other is larger still, and
            // would make room for itself in what every connection copies for each request.
            (None, Some(fast_path)) => run(pin!(fast_path.answer(state, &client, request)), (id, trace), of_api).await,
            (None, None) => run(Box::pin(self.route(&client, request, matched.clone())), (id, trace), of_api).await,
        };
        let of_a_gateway = fast_path.is_some_and(FastPath::is_of_a_gateway);
        let mut response = if of_api { api::complete(handled, state, of_a_gateway, &client) } else { handled };

        if let Some((tracer, started)) = traced {
            let route = fast_path.map(FastPath::route).or_else(|| matched.as_ref().and_then(MatchedRoute::get));
            let (method, status) = (method_name(method), response.status().as_u16());
            tracer.end(started, &Answered { method, route, status, request_id: id });
        }
        if let Some((requests, began)) = measured {
            let (status, took) = (response.status(), began.elapsed());
            match fast_path {
                Some(path) => requests.count_fast(path, method, status, took),
                None => requests.count(matched.as_ref().and_then(MatchedRoute::get), method, status, took),
            }
        }
        if let Some(log) = log {
            log.write(&response, &client, state.context.store.profile());
        }
        state.context.sub_path.prefix_location(response.headers_mut());
        headers::secure(state, response.headers_mut(), has_secret_path);
        if let Ok(id) = HeaderValue::from_str(id.as_str()) {
            response.headers_mut().insert(REQUEST_ID.clone(), id);
        }
        response
    }

    async fn route(&self, client: &Client, mut request: Request<Body>, matched: Option<MatchedRoute>) -> Response {
        let of_probes = is_probe(request.uri().path());
        let is_page = !of_probes && !api::has(request.uri().path());
        let pages = self.pages.as_ref().filter(|_| is_page);
        if pages.is_some() {
            request = with_whole_body(request).await;
        }
        request.extensions_mut().insert(client.clone());
        if let Some(matched) = matched {
            request.extensions_mut().insert(matched);
        }
        let (probes, routes) = (self.probes.clone(), self.routes.clone());
        let answered = async move {
            let routes = if of_probes { probes } else { LazyLock::force(&routes).clone() };
            routes.oneshot(request).await.unwrap_or_else(|never: Infallible| match never {})
        };
        match pages {
            Some(pages) => pages.run(answered).await,
            None => answered.await,
        }
    }
}
