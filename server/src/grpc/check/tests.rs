use std::collections::HashMap;

use super::*;
use crate::grpc::message::{AttributeContext, HeaderMap as RawHeaders, Request as Asked};

fn check(headers: &[(&str, &str)], required: &[(&str, &str)]) -> CheckRequest {
    let map = |pairs: &[(&str, &str)]| -> HashMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let http = HttpRequest {
        method: "DELETE".to_owned(),
        path: "/notes/1?x=%2F".to_owned(),
        headers: map(headers),
        raw_body: b"a \xff body".to_vec(),
        ..HttpRequest::default()
    };
    let source = SocketAddress { address: "198.51.100.7".to_owned() };
    let attributes = AttributeContext {
        source: Some(Peer { address: Some(Address { socket_address: Some(source) }) }),
        request: Some(Asked { http: Some(http) }),
        context_extensions: map(required),
    };
    CheckRequest { attributes: Some(attributes) }
}

fn asked(headers: &[(&str, &str)], required: &[(&str, &str)]) -> Request<Bytes> {
    question(&check(headers, required)).expect("enough to ask by")
}

fn values<'a>(request: &'a Request<Bytes>, name: &str) -> Vec<&'a str> {
    request.headers().get_all(name).iter().map(|value| value.to_str().expect("text")).collect()
}

#[test]
fn envoys_word_stands_and_the_clients_does_not() {
    let headers = [
        (":method", "GET"),
        ("x-api-key", "sk_live_x"),
        ("x-original-method", "GET"),
        ("x-original-uri", "/public"),
        ("x-forwarded-method", "GET"),
        ("x-forwarded-uri", "/public"),
        ("x-original-url", "https://x/public"),
        ("x-forwarded-for", "203.0.113.9"),
        ("content-length", "9999999"),
    ];
    let request = asked(&headers, &[("mode", "live & test"), ("scope", "read,write")]);
    assert_eq!(request.uri().path(), "/v1/auth");
    let mut query: Vec<_> = request.uri().query().unwrap_or_default().split('&').collect();
    query.sort_unstable();
    assert_eq!(query, ["mode=live+%26+test", "scope=read%2Cwrite"]);
    assert_eq!(values(&request, "x-original-method"), ["DELETE"]);
    assert_eq!(values(&request, "x-original-uri"), ["/notes/1?x=%2F"]);
    assert_eq!(values(&request, "x-api-key"), ["sk_live_x"]);
    assert_eq!(values(&request, "x-forwarded-for"), ["203.0.113.9", "198.51.100.7"], "whoever is connected comes last");
    for name in ["x-forwarded-method", "x-forwarded-uri", "x-original-url", "content-length", ":method"] {
        assert_eq!(request.headers().get_all(name).iter().count(), 0, "{name}");
    }
}

#[test]
fn raw_headers_are_heard_too() {
    let mut check = check(&[], &[]);
    let http = check.attributes.as_mut().and_then(|it| it.request.as_mut()?.http.as_mut()).expect("a request");
    let pair = |key: &str, raw: &[u8]| Pair { key: key.to_owned(), value: String::new(), raw_value: raw.to_vec() };
    http.header_map = Some(RawHeaders {
        headers: vec![pair("x-api-key", b"a"), pair("x-api-key", b"b"), pair("X_Auth_Mode", b"live")],
    });
    let request = question(&check).expect("enough");
    assert_eq!(values(&request, "x-api-key"), ["a", "b"]);
    let Some(HttpResponse::Ok(ok)) = allowed(&HeaderMap::new(), &check).http_response else { panic!("not allowed") };
    assert_eq!(ok.headers_to_remove, ["X_Auth_Mode"]);
}

#[test]
fn what_cant_be_told_is_not_asked() {
    assert!(question(&CheckRequest::default()).is_none());
    for headers in [[("x api key", "sk_live_x")], [("x-api-key", "sk_live_\nx")]] {
        assert!(question(&check(&headers, &[])).is_none(), "{headers:?}");
    }
    let Some(HttpResponse::Denied(denied)) = unavailable().http_response else { panic!("not denied") };
    assert_eq!(denied.status, Some(HttpStatus { code: 503 }));
}

#[test]
fn a_body_counts_when_all_of_it_is_there() {
    let body = [("body", "1")];
    let whole = asked(&[("x-envoy-auth-partial-body", "false"), ("content-length", "8")], &body);
    assert_eq!((whole.uri().query(), &whole.body()[..]), (Some("body=1"), &b"a \xff body"[..]));
    for headers in [
        &[][..],
        &[("x-envoy-auth-partial-body", "true")],
        &[("x-envoy-auth-partial-body", "false,false")],
        &[("x-envoy-auth-partial-body", "false"), ("content-length", "9")],
    ] {
        let request = asked(headers, &body);
        assert_eq!((request.uri().query(), request.body().len()), (Some(""), 0), "{headers:?}");
    }
}

/// A client may send that header too; Envoy appends its own.
#[test]
fn the_word_of_envoy_about_the_body_is_the_last_one() {
    let whole = |words: &[&str]| {
        let mut headers = HeaderMap::new();
        for word in words {
            headers.append(PARTIAL_BODY, HeaderValue::from_str(word).expect("a header"));
        }
        is_whole(&headers)
    };
    assert!(whole(&["false"]) && whole(&["true", "false"]));
    assert!(!whole(&["false", "true"]) && !whole(&["false, true"]) && !whole(&["true, false"]) && !whole(&[]));
}

#[test]
fn what_passes_is_named_and_nobody_else_is() {
    let check =
        check(&[("x-auth-mode", "live"), ("x-auth-org-id", "org_x"), ("x.auth.mode", "live"), ("x-own", "1")], &[]);
    let (mut head, ()) = axum::http::Response::new(()).into_parts();
    for (name, value) in [("x-auth-mode", "test"), ("x-ratelimit-limit", "9"), ("set-cookie", "a=b")] {
        head.headers.insert(name, HeaderValue::from_static(value));
    }
    let Some(HttpResponse::Ok(ok)) = answer(&head, b"", &check).http_response else { panic!("not allowed") };
    let pairs = |options: &[HeaderValueOption]| -> Vec<_> {
        assert!(options.iter().all(|option| option.append_action == 2), "overwrites");
        options.iter().filter_map(|option| option.header.clone()).map(|pair| (pair.key, pair.value)).collect()
    };
    assert_eq!(pairs(&ok.headers), [("x-auth-mode".to_owned(), "test".to_owned())]);
    assert_eq!(pairs(&ok.response_headers_to_add), [("x-ratelimit-limit".to_owned(), "9".to_owned())]);
    let mut removed = ok.headers_to_remove;
    removed.sort_unstable();
    assert_eq!(removed, ["x-auth-org-id", "x.auth.mode"]);
}

#[test]
fn only_200_passes_and_only_4xx_is_told_as_it_is() {
    for (status, told, code) in
        [(401, 401, 16), (403, 403, 7), (429, 429, 8), (400, 400, 3), (500, 503, 14), (503, 503, 14), (204, 503, 14)]
    {
        let (mut head, ()) = axum::http::Response::new(()).into_parts();
        head.status = StatusCode::from_u16(status).expect("a status");
        head.headers.insert(header::RETRY_AFTER, HeaderValue::from_static("7"));
        head.headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("2"));
        let response = answer(&head, b"{}", &CheckRequest::default());
        assert_eq!(response.status, Some(Status { code }), "{status}");
        let Some(HttpResponse::Denied(denied)) = response.http_response else { panic!("{status} passes") };
        assert_eq!((denied.status, denied.body.as_str()), (Some(HttpStatus { code: told }), "{}"));
        let names: Vec<_> = denied.headers.iter().filter_map(|option| Some(&option.header.as_ref()?.key)).collect();
        assert_eq!(names, ["retry-after"], "{status}");
    }
}
