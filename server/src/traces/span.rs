//! A span: one request, from its head to the head of its answer. It has the route and never the path, and nothing else that a
//! client sent: no query, header, address or key.

use std::time::Duration;

use sallyport::{Timestamp, id::RequestId};

use super::message::{self, ERROR, KeyValue, REMOTE_PARENT, SAMPLED, SERVER};

/// Enough to describe a request that was answered.
#[derive(Clone, Debug)]
pub(super) struct Span {
    pub(super) trace: u128,
    /// The caller's span; 0 if there is none.
    pub(super) parent: u64,
    pub(super) id: u64,
    pub(super) began: Timestamp,
    pub(super) took: Duration,
    /// `other` if it is none of HTTP's.
    pub(super) method: &'static str,
    /// `None` if no route has the path.
    pub(super) route: Option<Box<str>>,
    pub(super) status: u16,
    pub(super) request_id: RequestId,
}

impl Span {
    /// By OpenTelemetry's semantic conventions for HTTP servers.
    pub(super) fn message(self) -> message::Span {
        let is_known = self.method != "other";
        let (named, method) = if is_known { (self.method, self.method) } else { ("HTTP", "_OTHER") };
        let name = self.route.as_ref().map_or_else(|| named.to_owned(), |route| format!("{named} {route}"));
        let began = u64::try_from(self.began.micros()).unwrap_or(0).saturating_mul(1_000);
        let mut attributes = vec![
            KeyValue::text("http.request.method", method),
            KeyValue::number("http.response.status_code", self.status.into()),
            KeyValue::text("sallyport.request_id", self.request_id.as_str()),
        ];
        if let Some(route) = &self.route {
            attributes.push(KeyValue::text("http.route", route));
        }
        let has_parent = self.parent != 0;
        message::Span {
            trace_id: self.trace.to_be_bytes().to_vec(),
            span_id: self.id.to_be_bytes().to_vec(),
            parent_span_id: if has_parent { self.parent.to_be_bytes().to_vec() } else { Vec::new() },
            name,
            kind: SERVER,
            start_time_unix_nano: began,
            end_time_unix_nano: began.saturating_add(u64::try_from(self.took.as_nanos()).unwrap_or(u64::MAX)),
            attributes,
            status: (self.status >= 500).then_some(message::Status { code: ERROR }),
            flags: SAMPLED | if has_parent { REMOTE_PARENT } else { 0 },
        }
    }
}
