//! The access log: one line for each request.

use std::time::Instant;

use axum::{
    body::Body,
    http::{Method, Request},
    response::Response,
};
use sallyport::{decision::sanitized, profile::Profile, request::Client};
use sallyport_app::secret_path;

use super::trace::Trace;
use crate::probes::is_probe;

/// The maximum length of the path; ours are shorter.
const PATH: usize = 300;
/// The maximum length of the method, which can be any text.
const METHOD: usize = 20;

/// Only the path, because a query may contain private data; secrets in the path are masked.
pub struct AccessLog {
    started: Instant,
    method: Method,
    path: String,
    quiet: bool,
    trace: Option<Trace>,
}

impl AccessLog {
    /// Frequent requests of machines are not logged: they would hide others, and a full pipe would delay responses.
    pub fn of(request: &Request<Body>, of_api: bool, trace: Option<Trace>) -> Option<Self> {
        let path = request.uri().path();
        let quiet = of_api || is_probe(path);
        let wanted = !quiet || tracing::enabled!(tracing::Level::DEBUG);
        let begun = || {
            let (started, path) = (Instant::now(), secret_path::masked(path).into_owned());
            Self { started, method: request.method().clone(), path, quiet, trace }
        };
        wanted.then(begun)
    }

    pub fn write(self, response: &Response, client: &Client, profile: &Profile) {
        let Self { started, method, path, quiet, trace } = self;
        let trace_id = trace.map(tracing::field::display);
        let (method, path) = (&*sanitized(method.as_str(), METHOD, profile), &*sanitized(&path, PATH, profile));
        let (status, ms) = (response.status().as_u16(), started.elapsed().as_millis());
        let (request_id, address) = (&client.request_id, client.ip);
        if quiet {
            tracing::debug!(%request_id, trace_id, %method, path, status, ms, %address, "answered");
        } else {
            tracing::info!(%request_id, trace_id, %method, path, status, ms, %address, "answered");
        }
    }
}
