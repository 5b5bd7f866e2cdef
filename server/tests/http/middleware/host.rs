//! The names under which the portal answers.

use axum::{
    body::Body,
    http::{Request, Version, header},
};
use sallyport::testing::TestStore;

use crate::{client::Answer, portal::TestPortal};

crate::on_both_portals!(
    pages_of_this_machine_are_not_for_other_names,
    a_request_has_one_host,
    backends_ask_by_any_name,
);

async fn asked(portal: &TestPortal, path: &str, hosts: &[&str], version: Version) -> Answer {
    let mut request = Request::builder().uri(path).version(version);
    for host in hosts {
        request = request.header(header::HOST, *host);
    }
    portal.send(request.body(Body::empty()).expect("a request")).await
}

async fn pages_of_this_machine_are_not_for_other_names(portal: &TestPortal) {
    for host in ["localhost:3000", "127.0.0.1:3000", "[::1]:3000"] {
        assert_ne!(asked(portal, "/sign-in", &[host], Version::HTTP_11).await.status, 421, "{host}");
    }
    for path in ["/", "/sign-in", "/setup", "/docs", "/openapi", "/pkg/x/y.css"] {
        let answer = asked(portal, path, &["rebound.example:3000"], Version::HTTP_11).await;
        assert_eq!(answer.status, 421, "{path}");
        assert!(answer.body.contains("--public-url") && !answer.header("x-request-id").is_empty(), "{}", answer.body);
    }
    assert_eq!(asked(portal, "/sign-in", &[], Version::HTTP_10).await.status, 421, "without a name at all");
}

async fn a_request_has_one_host(portal: &TestPortal) {
    for path in ["/sign-in", "/healthz", "/v1/auth", "/v1/apps"] {
        for hosts in [&[][..], &["localhost", "localhost"]] {
            let answer = asked(portal, path, hosts, Version::HTTP_11).await;
            assert_eq!(answer.status, 400, "{path} {hosts:?}");
            assert!(answer.body.contains("one header Host"), "{}", answer.body);
        }
    }
    let answer = asked(portal, "/healthz", &[], Version::HTTP_10).await;
    assert_eq!(answer.status, 200, "HTTP/1.0 knows no Host");
}

async fn backends_ask_by_any_name(portal: &TestPortal) {
    for host in ["keys.internal:3000", "sallyport", ""] {
        assert_eq!(asked(portal, "/v1/auth", &[host], Version::HTTP_11).await.status, 401, "{host}");
        assert_eq!(asked(portal, "/healthz", &[host], Version::HTTP_11).await.status, 200, "{host}");
    }
}

#[tokio::test]
async fn a_public_portal_goes_by_its_proxy() {
    let portal = TestPortal::at(TestStore::sqlite().await, "https://keys.example.com").await;
    assert_ne!(asked(&portal, "/sign-in", &["upstream"], Version::HTTP_11).await.status, 421);
    portal.end().await;
}
