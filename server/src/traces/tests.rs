use std::time::Duration;

use sallyport::testing::SeededEntropy;

use super::*;
use crate::config::collector::{CollectorSettings, Protocol};

const NOW: Timestamp = Timestamp::from_seconds(1_000_000);

fn tracer(ratio: f64) -> (Arc<Tracer>, Exporter) {
    let settings = CollectorSettings {
        protocol: Protocol::Http,
        is_encrypted: false,
        host: "127.0.0.1".to_owned(),
        port: 9,
        path: "/v1/traces".to_owned(),
        authorities: None,
        token: None,
        timeout: Duration::from_secs(1),
    };
    let collector = Collector::new(settings, "", 0).expect("good");
    Tracer::new(ratio, &SeededEntropy::new(1), collector, "here:3000".to_owned())
}

fn traced(is_sampled: bool) -> Option<Trace> {
    Some(Trace { id: 7, parent: 8, is_sampled })
}

#[test]
fn as_many_are_sampled_as_the_ratio_says() {
    for (ratio, least, most) in [(0.0, 0, 0), (0.25, 2_250, 2_750), (1.0, 10_000, 10_000)] {
        let (tracer, _exporter) = tracer(ratio);
        let sampled = (0..10_000).filter(|_| tracer.begin(None, true, || NOW).is_some()).count();
        assert!((least..=most).contains(&sampled), "{ratio}: {sampled}");
    }
}

#[test]
fn a_trusted_proxy_decides_and_a_client_does_not() {
    let (none, _exporter) = tracer(0.0);
    let started = none.begin(traced(true), true, || NOW).expect("sampled");
    assert_eq!((started.trace.id, started.trace.parent), (7, 8));
    assert!(none.begin(traced(true), false, || NOW).is_none());
    let (all, _exporter) = tracer(1.0);
    assert!(all.begin(traced(false), true, || NOW).is_none());
    let started = all.begin(traced(false), false, || NOW).expect("sampled");
    assert_eq!(started.trace.id, 7, "the trace is the client's all the same");
}

#[test]
fn a_full_queue_drops_and_counts() {
    let (tracer, mut exporter) = tracer(1.0);
    let request_id = RequestId::mint(&SeededEntropy::new(2));
    let answered = Answered { method: "GET", route: Some("/keys/{key_id}"), status: 503, request_id: &request_id };
    for _ in 0..QUEUE + 3 {
        tracer.end(tracer.begin(None, false, || NOW).expect("sampled"), &answered);
    }
    assert_eq!(tracer.counts().dropped.get(), 3);
    let span = exporter.queue.try_recv().expect("queued").message();
    assert_eq!((span.name.as_str(), span.trace_id.len(), span.span_id.len()), ("GET /keys/{key_id}", 16, 8));
    assert!(span.parent_span_id.is_empty() && span.status.is_some());
    assert_eq!(span.start_time_unix_nano, 1_000_000_000_000_000);
    assert!(span.end_time_unix_nano >= span.start_time_unix_nano);
}

#[test]
fn what_matches_no_route_has_no_path() {
    let (tracer, mut exporter) = tracer(1.0);
    let request_id = RequestId::mint(&SeededEntropy::new(2));
    let answered = Answered { method: "other", route: None, status: 404, request_id: &request_id };
    tracer.end(tracer.begin(traced(false), false, || NOW).expect("sampled"), &answered);
    let span = exporter.queue.try_recv().expect("queued").message();
    assert_eq!((span.name.as_str(), span.status), ("HTTP", None));
    assert_eq!(span.parent_span_id, 8_u64.to_be_bytes());
    let keys: Vec<_> = span.attributes.iter().map(|attribute| attribute.key.as_str()).collect();
    assert_eq!(keys, ["http.request.method", "http.response.status_code", "sallyport.request_id"]);
}
