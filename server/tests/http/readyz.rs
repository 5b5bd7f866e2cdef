//! Ready while keys can be verified and changes written; otherwise it soon says why.

use std::time::{Duration, Instant};

use axum::{
    body::Body,
    http::{Method, header},
};
use sallyport::{store::Location, testing::TestStore};
use serde_json::{Value, json};

use crate::{
    client::{Answer, Client},
    portal::TestPortal,
};

crate::on_both_portals!(
    each_check_is_named,
    not_ready_while_nothing_is_heard_of_revocations,
    not_ready_while_writes_fail,
);

async fn as_json(portal: &TestPortal) -> Answer {
    let request = Client::request(Method::GET, "/readyz").header(header::ACCEPT, "application/json");
    portal.send(request.body(Body::empty()).expect("a request")).await
}

fn check(answer: &Answer, name: &str) -> Value {
    let answer = answer.json();
    let checks = answer["checks"].as_array().expect("checks");
    checks.iter().find(|check| check["name"] == name).expect("a check of that name").clone()
}

async fn each_check_is_named(portal: &TestPortal) {
    assert_eq!(portal.get("/readyz").await.body, "ready\n");
    let answer = as_json(portal).await;
    let ok = |name: &str| json!({ "name": name, "ok": true, "detail": "ok" });
    let checks = [ok("database"), ok("revocations"), ok("writes")];
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({ "ready": true, "checks": checks })));
    portal.store.close().await;
    let answer = as_json(portal).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["ready"]), (503, &json!(false)));
    assert_eq!(check(&answer, "database")["ok"], false);
}

async fn not_ready_while_nothing_is_heard_of_revocations(portal: &TestPortal) {
    portal.wait(2);
    let answer = portal.get("/readyz").await;
    assert_eq!(answer.status, 503);
    assert!(answer.body.contains("revocations: the last poll"), "{}", answer.body);
    portal.state.verifier.poll().await.expect("polled");
    assert_eq!(portal.get("/readyz").await.status, 200);
}

async fn not_ready_while_writes_fail(portal: &TestPortal) {
    portal.set_up().await;
    portal.store.break_writes("events", "INSERT").await;
    portal.store.break_writes("server_lease", "UPDATE").await;
    let form = [("name", "Focus"), ("description", ""), ("plan", "pro"), ("tenant", "Development")];
    assert_eq!(portal.post("/orgs/new", &form).await.status, 503);
    let mut answer = as_json(portal).await;
    // The connection is tested when it is returned, a moment after the response.
    while answer.status == 200 {
        answer = as_json(portal).await;
    }
    assert_eq!((check(&answer, "writes")["ok"].as_bool(), answer.status.as_u16()), (Some(false), 503));
    assert_eq!(check(&answer, "database")["ok"], true);
    portal.store.repair_writes("events").await;
    portal.store.repair_writes("server_lease").await;
    assert_eq!(portal.get("/readyz").await.status, 200);
    assert_eq!(portal.post("/orgs/new", &form).await.status, 303);
}

mod postgres_stops {
    mod postgres {
        use sallyport::testing::Proxy;

        use super::super::*;

        /// Two seconds, and the overhead of a slow machine.
        const SOON: Duration = Duration::from_secs(3);

        #[tokio::test]
        async fn it_and_look_ups_are_answered_503_soon() {
            let first = TestPortal::new(TestStore::postgres().await).await;
            first.set_up().await;
            let app = first.app().await;
            let (_, cached) = first.key(&app).await;
            let (_, other) = first.key(&app).await;
            let Location::Postgres(url) = first.store.location().clone() else { panic!("PostgreSQL") };
            let (proxy, url) = Proxy::before(&url);
            let portal = first.at_database(url).await;
            assert_eq!(portal.auth("", &[("x-api-key", &cached)]).await.status, 200);
            proxy.stop();
            let began = Instant::now();
            assert_eq!(portal.get("/readyz").await.status, 503);
            assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
            let began = Instant::now();
            let asked = (0..50).map(|_| {
                let (client, other) = (portal.client.clone(), other.clone());
                tokio::spawn(async move { client.auth("", &[("x-api-key", &other)]).await.status.as_u16() })
            });
            for answer in asked.collect::<Vec<_>>() {
                assert_eq!(answer.await.expect("no panic"), 503);
            }
            assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
            assert_eq!(portal.auth("", &[("x-api-key", &cached)]).await.status, 200, "for as long as its lease");
            proxy.go_on();
            portal.state.verifier.poll().await.expect("polled");
            assert_eq!(portal.auth("", &[("x-api-key", &other)]).await.status, 200);
            assert_eq!(portal.get("/readyz").await.status, 200);
            portal.store.close().await;
            first.end().await;
        }
    }
}
