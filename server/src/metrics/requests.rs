//! Counts requests by route, method and status, and how long their answers took.

use std::{
    array,
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use axum::http::{Method, StatusCode};
use sallyport::metrics::{Counter, FAST, Histogram, Kind, SLOW, Sharded, Snapshot, Text};

use crate::api::fast_path::FastPath;

const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"];
/// Those that this server answers with; others are counted by their class.
const STATUSES: [(u16, &str); 33] = [
    (200, "200"),
    (201, "201"),
    (202, "202"),
    (204, "204"),
    (206, "206"),
    (301, "301"),
    (302, "302"),
    (303, "303"),
    (304, "304"),
    (307, "307"),
    (308, "308"),
    (400, "400"),
    (401, "401"),
    (403, "403"),
    (404, "404"),
    (405, "405"),
    (406, "406"),
    (408, "408"),
    (409, "409"),
    (410, "410"),
    (412, "412"),
    (413, "413"),
    (415, "415"),
    (421, "421"),
    (422, "422"),
    (429, "429"),
    (500, "500"),
    (502, "502"),
    (503, "503"),
    (504, "504"),
    (2, "2xx"),
    (4, "4xx"),
    (5, "5xx"),
];
/// Requests whose path no route has.
const UNMATCHED: &str = "unmatched";
/// There are fewer routes. A limit, in case that a label is not bounded one day.
const MOST_ROUTES: usize = 1_000;

struct OfRoute {
    requests: [[Counter; STATUSES.len()]; METHODS.len()],
    took: Histogram,
}

impl OfRoute {
    fn new(bounds: &'static [u64]) -> Self {
        Self { requests: array::from_fn(|_| array::from_fn(|_| Counter::default())), took: Histogram::new(bounds) }
    }

    fn count(&self, method: usize, status: usize, took: Duration) {
        self.requests[method][status].increment();
        self.took.observe(took);
    }
}

/// The requests of a server. Those of the fast path are counted without a lock.
pub struct Requests {
    fast: Sharded<[OfRoute; FastPath::ALL.len()]>,
    others: RwLock<HashMap<String, Arc<OfRoute>>>,
}

impl Default for Requests {
    fn default() -> Self {
        Self { fast: Sharded::new(|| array::from_fn(|_| OfRoute::new(FAST))), others: RwLock::default() }
    }
}

/// The name of the method in that place.
pub const fn method_name(method: usize) -> &'static str {
    METHODS[method]
}

/// The place of a method in `METHODS`.
pub fn method_number(method: &Method) -> usize {
    match *method {
        Method::POST => 2,
        Method::GET => 0,
        Method::HEAD => 1,
        Method::PUT => 3,
        Method::PATCH => 4,
        Method::DELETE => 5,
        Method::OPTIONS => 6,
        _ => 7,
    }
}

fn status_number(status: StatusCode) -> usize {
    let status = status.as_u16();
    let found = |wanted: u16| STATUSES.iter().position(|(known, _)| *known == wanted);
    found(status).or_else(|| found(status / 100)).unwrap_or(STATUSES.len() - 1)
}

impl Requests {
    pub fn count_fast(&self, path: FastPath, method: usize, status: StatusCode, took: Duration) {
        self.fast.own()[path as usize].count(method, status_number(status), took);
    }

    pub fn count(&self, route: Option<&str>, method: usize, status: StatusCode, took: Duration) {
        let route = route.unwrap_or(UNMATCHED);
        let known = self.others.read().unwrap_or_else(PoisonError::into_inner).get(route).cloned();
        let counts = known.unwrap_or_else(|| {
            let mut others = self.others.write().unwrap_or_else(PoisonError::into_inner);
            let route = if others.len() < MOST_ROUTES { route } else { UNMATCHED };
            Arc::clone(others.entry(route.to_owned()).or_insert_with(|| Arc::new(OfRoute::new(SLOW))))
        });
        counts.count(method, status_number(status), took);
    }

    pub(super) fn write(&self, text: &mut Text) {
        let mut routes = Vec::new();
        for path in FastPath::ALL {
            let mut took = Snapshot::empty(FAST);
            let mut requests = [[0; STATUSES.len()]; METHODS.len()];
            for counts in self.fast.all().map(|own| &own[path as usize]) {
                took.add(&counts.took);
                add(&mut requests, counts);
            }
            routes.push((path.route().to_owned(), requests, took));
        }
        for (route, counts) in &*self.others.read().unwrap_or_else(PoisonError::into_inner) {
            let mut requests = [[0; STATUSES.len()]; METHODS.len()];
            add(&mut requests, counts);
            routes.push((route.clone(), requests, counts.took.snapshot()));
        }
        routes.retain(|(.., took)| took.count() > 0);
        routes.sort_unstable_by(|(a, ..), (b, ..)| a.cmp(b));

        text.begin("sallyport_http_requests_total", Kind::Counter, "Requests that were answered.");
        for (route, requests, _) in &routes {
            for (method, of_method) in METHODS.iter().zip(requests) {
                for ((_, status), n) in STATUSES.iter().zip(of_method).filter(|(_, n)| **n > 0) {
                    text.sample(&[("route", route), ("method", method), ("status", status)], n);
                }
            }
        }
        let help = "From the head of a request until the head of its answer.";
        text.begin("sallyport_http_request_duration_seconds", Kind::Histogram, help);
        for (route, _, took) in &routes {
            text.histogram(&[("route", route)], took);
        }
    }
}

fn add(sums: &mut [[u64; STATUSES.len()]; METHODS.len()], counts: &OfRoute) {
    for (sums, counts) in sums.iter_mut().zip(&counts.requests) {
        for (sum, count) in sums.iter_mut().zip(counts) {
            *sum += count.get();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_and_statuses_have_their_names() {
        for (n, name) in METHODS.iter().enumerate().take(7) {
            assert_eq!(method_number(&Method::from_bytes(name.as_bytes()).expect("a method")), n);
        }
        assert_eq!(method_number(&Method::TRACE), 7);
        let name = |status: u16| STATUSES[status_number(StatusCode::from_u16(status).expect("a status"))].1;
        assert_eq!([200, 429, 503, 207, 418, 507, 600].map(name), ["200", "429", "503", "2xx", "4xx", "5xx", "5xx"]);
    }

    #[test]
    fn paths_of_clients_are_no_labels() {
        let requests = Requests::default();
        requests.count(None, 0, StatusCode::NOT_FOUND, Duration::from_millis(3));
        requests.count_fast(FastPath::Verify, 2, StatusCode::OK, Duration::from_micros(30));
        let mut text = Text::default();
        requests.write(&mut text);
        let text = text.finish();
        for line in [
            "sallyport_http_requests_total{route=\"unmatched\",method=\"GET\",status=\"404\"} 1",
            "sallyport_http_requests_total{route=\"/v1/keys/verify\",method=\"POST\",status=\"200\"} 1",
            "sallyport_http_request_duration_seconds_bucket{route=\"/v1/keys/verify\",le=\"0.00005\"} 1",
        ] {
            assert!(text.contains(line), "{text}");
        }
        assert!(!text.contains("/v1/auth"), "nobody asked: {text}");
    }
}
