//! `/pkg/{hash}/{file}`: the site inside the binary.

use axum::{
    body::Body,
    http::{Method, header},
};
use sallyport::testing::TestStore;

use crate::{client::Client, portal::TestPortal};

#[tokio::test]
async fn what_the_page_names_is_there_and_immutable() {
    let portal = TestPortal::new(TestStore::sqlite().await).await;
    let page = portal.get("/setup").await;
    let stylesheet = page.after("rel=\"stylesheet\" href=\"", '"');
    let base = stylesheet.rsplit_once('/').expect("a folder").0.to_owned();
    for (file, kind) in [
        ("sallyport.css", "text/css; charset=utf-8"),
        ("sallyport.js", "text/javascript; charset=utf-8"),
        ("sallyport.wasm", "application/wasm"),
        ("boot.js", "text/javascript; charset=utf-8"),
    ] {
        let path = format!("{base}/{file}");
        assert!(page.body.contains(&path), "{path}");
        let answer = portal.get(&path).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, kind));
        assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
        let again = Client::request(Method::GET, &path).header(header::IF_NONE_MATCH, answer.header("etag"));
        let again = portal.send(again.body(Body::empty()).expect("a request")).await;
        assert_eq!((again.status.as_u16(), again.body.as_str()), (304, ""));
        assert_eq!(again.header("etag"), answer.header("etag"));
    }
    portal.end().await;
}

#[tokio::test]
async fn each_encoding_has_its_own_tag() {
    let portal = TestPortal::new(TestStore::sqlite().await).await;
    let path = portal.get("/setup").await.after("rel=\"stylesheet\" href=\"", '"');
    let mut tags = Vec::new();
    for (accepted, given) in [("br, gzip", "br"), ("gzip", "gzip"), ("br;q=0, gzip;q=0", ""), ("", "")] {
        let request = Client::request(Method::GET, &path).header(header::ACCEPT_ENCODING, accepted);
        let answer = portal.send(request.body(Body::empty()).expect("a request")).await;
        assert_eq!(answer.header("content-encoding"), given, "{accepted}");
        assert_eq!(answer.header("vary"), "accept-encoding");
        tags.push(answer.header("etag").to_owned());
    }
    assert_eq!(tags[2], tags[3]);
    tags.dedup();
    assert_eq!(tags.len(), 3);
    portal.end().await;
}

#[tokio::test]
async fn nothing_else_is_there() {
    let portal = TestPortal::new(TestStore::sqlite().await).await;
    for path in ["/pkg/x/none.css", "/pkg/x/..%2f..%2fCargo.toml", "/pkg/x/", "/pkg/"] {
        assert_eq!(portal.get(path).await.status, 404, "{path}");
    }
    portal.end().await;
}
