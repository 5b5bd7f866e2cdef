//! `ANY /v1/auth`

use axum::{
    body::Body,
    http::{HeaderValue, Method, header},
};
use serde_json::json;

use crate::{client::Client, portal::TestPortal};

crate::on_both_portals!(
    a_good_key_is_named_to_the_upstream,
    the_key_travels_in_either_header,
    the_profile_names_the_header,
    refusals_have_the_status_a_gateway_needs,
    two_keys_are_ambiguous,
    a_users_own_token_is_no_second_key,
    an_unreadable_header_is_named,
    forwarding_headers_are_believed_from_proxies_only,
    an_unknown_requirement_is_refused,
    the_clients_method_is_checked_and_not_the_gateways,
    nginx_gets_in_headers_what_it_does_not_know_as_status,
    envoys_requirement_has_a_name,
);

async fn a_good_key_is_named_to_the_upstream(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, secret) = portal.key(&app).await;
    for method in ["GET", "POST", "DELETE", "OPTIONS", "PATCH"] {
        let request = Client::request(Method::from_bytes(method.as_bytes()).expect("a method"), "/v1/auth?scope=read")
            .header("x-api-key", &secret)
            .body(Body::empty());
        let answer = portal.send(request.expect("a request")).await;
        assert_eq!(answer.status, 200, "{method}");
        assert_eq!(answer.header("x-auth-key-id"), key);
        assert_eq!(answer.header("x-auth-app-id"), app.as_str());
        assert!(answer.header("x-auth-org-id").starts_with("org_focus_labs_"));
        assert!(answer.header("x-auth-tenant-id").starts_with("ten_"));
        assert!(answer.header("x-auth-project-id").starts_with("prj_"));
        assert_eq!(answer.header("x-auth-scopes"), "read");
        assert_eq!(answer.header("x-auth-environment"), "production");
        assert_eq!(answer.header("x-auth-mode"), "live");
        assert_eq!(answer.body, "");
    }
}

async fn the_key_travels_in_either_header(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    for value in [format!("Bearer {secret}"), format!("bearer  {secret}")] {
        assert_eq!(portal.auth("", &[("authorization", &value)]).await.status, 200);
    }
    let bearer = format!("Bearer {secret}");
    assert_eq!(portal.auth("", &[("authorization", &bearer), ("x-api-key", &secret)]).await.status, 200);
    assert_eq!(portal.auth(&format!("?key={secret}"), &[]).await.status, 400, "never in a URL");
    assert_eq!(portal.auth("", &[("authorization", &format!("Basic {secret}"))]).await.status, 401);
}

async fn the_profile_names_the_header(portal: &TestPortal) {
    let file = include_str!("../../../../examples/profiles/default.toml");
    let file = file.replace("[\"x-api-key\"]", "[\"x-focus-key\"]").replace("bearer = true", "");
    let portal = portal.with_profile(&file).await;
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    assert_eq!(portal.auth("", &[("x-focus-key", &secret)]).await.status, 200);
    assert_eq!(portal.auth("", &[("x-api-key", &secret)]).await.status, 401);
    assert_eq!(portal.auth("", &[("authorization", &format!("Bearer {secret}"))]).await.status, 401);
    portal.end().await;
}

async fn refusals_have_the_status_a_gateway_needs(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, secret) = portal.key(&app).await;
    let secret = secret.as_str();
    let status = |query: &'static str, key: &str| {
        let key = key.to_owned();
        async move {
            let answer = portal.auth(query, &[("x-api-key", &key)]).await;
            assert_eq!(answer.header("content-type"), "application/problem+json");
            assert_eq!(answer.status == 401, answer.header("www-authenticate").starts_with("Bearer"));
            answer.status.as_u16()
        }
    };
    assert_eq!(portal.auth("", &[]).await.status, 401);
    assert_eq!(status("", "junk").await, 401);
    assert_eq!(status("", "").await, 401);
    assert_eq!(status("?scope=write", secret).await, 403);
    assert_eq!(status("?app_id=app_x_000000", secret).await, 403);
    assert_eq!(status("?mode=test", secret).await, 403);
    assert_eq!(status("?ingestion=1", secret).await, 403);
    portal.revoke(&key).await;
    assert_eq!(status("?scope=read", secret).await, 401);
}

async fn two_keys_are_ambiguous(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    for headers in [
        [("x-api-key", secret.as_str()), ("x-api-key", "another")],
        [("x-api-key", secret.as_str()), ("x-api-key", secret.as_str())],
        [("x-api-key", secret.as_str()), ("authorization", "Bearer sk_live_another")],
        [("authorization", "Bearer a"), ("authorization", "Bearer b")],
    ] {
        assert_eq!(portal.auth("", &headers).await.status, 400, "{headers:?}");
    }
}

async fn a_users_own_token_is_no_second_key(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    let key = ("x-api-key", secret.as_str());
    let (jwt, with_key) = ("Bearer eyJhbGciOiJFUzI1NiJ9.e30.c2ln", format!("Bearer {secret}"));
    for (headers, status) in [
        (vec![key, ("authorization", jwt)], 200),
        (vec![key, ("authorization", "Basic dXNlcjpwYXNz")], 200),
        (vec![key, ("authorization", "Bearer")], 200),
        (vec![key, ("authorization", &with_key)], 200),
        (vec![("authorization", jwt)], 401),
        (vec![("x-api-key", "junk"), ("authorization", jwt)], 401),
        (vec![("x-api-key", "junk"), ("authorization", &with_key)], 400),
    ] {
        assert_eq!(portal.auth("", &headers).await.status, status, "{headers:?}");
    }
}

async fn an_unreadable_header_is_named(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    let ask = async |method: Method, path: &str, headers: &[(&str, &[u8])]| {
        let mut request = Client::request(method, path);
        for (name, value) in headers {
            request = request.header(*name, HeaderValue::from_bytes(value).expect("a value"));
        }
        portal.send(request.body(Body::empty()).expect("a request")).await
    };
    let (key, unreadable) = (secret.as_bytes(), b"Bearer x\xe9");
    for (headers, named) in [
        (vec![("authorization", &unreadable[..])], "authorization"),
        (vec![("x-api-key", key), ("authorization", &unreadable[..])], "authorization"),
        (vec![("x-api-key", &b"\xff"[..])], "x-api-key"),
    ] {
        let refused = ask(Method::GET, "/v1/auth", &headers).await;
        assert_eq!(refused.status, 400, "{headers:?}");
        assert!(refused.json()["detail"].as_str().is_some_and(|detail| detail.contains(named)), "{}", refused.body);
    }
    for (method, path) in [(Method::POST, "/v1/keys/verify"), (Method::GET, "/v1/orgs")] {
        let refused = ask(method, path, &[(header::AUTHORIZATION.as_str(), unreadable)]).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (400, &json!("bad_request")), "{path}");
        assert!(refused.body.contains("header authorization"), "{}", refused.body);
    }
    let other = ask(Method::GET, "/v1/auth", &[("x-api-key", key), ("authorization", b"Basic \xe9")]).await;
    assert_eq!(other.status, 200, "no bearer, so no key");
}

async fn forwarding_headers_are_believed_from_proxies_only(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    let headers = [("x-api-key", secret.as_str()), ("x-original-method", "GET"), ("x-original-uri", "/entities/7")];
    assert_eq!(portal.auth("", &headers).await.status, 200, "from loopback");
    let elsewhere = portal.from("203.0.113.9");
    assert_eq!(elsewhere.auth("", &headers).await.status, 403);
    assert_eq!(elsewhere.auth("", &headers[..1]).await.status, 200);
}

async fn an_unknown_requirement_is_refused(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    for query in ["?scopes=read", "?mode=moon", "?scope=read&admin=0"] {
        assert_eq!(portal.auth(query, &[("x-api-key", &secret)]).await.status, 400, "{query}");
    }
}

async fn the_clients_method_is_checked_and_not_the_gateways(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    let key = ("x-api-key", secret.as_str());
    for method in ["x-original-method", "x-forwarded-method"] {
        for (value, status) in
            [("GET", 200), ("HEAD", 200), ("POST", 403), ("DELETE", 403), ("OPTIONS", 403), ("", 403)]
        {
            assert_eq!(portal.auth("", &[key, (method, value)]).await.status, status, "{method}: {value}");
        }
    }
    let smuggled = [key, ("x-forwarded-method", "DELETE"), ("x-original-method", "GET")];
    assert_eq!(portal.auth("", &smuggled).await.status, 400, "a client that adds the other gateway's header");
    for path in ["//leads", "/x/../leads", "/x%2Fleads", "/leads;v=1", "/leads#", "/x#/../admin/x", "/leads%23"] {
        for header in ["x-forwarded-uri", "x-original-uri"] {
            let unclear = [key, ("x-forwarded-method", "GET"), (header, path)];
            assert_eq!(portal.auth("", &unclear).await.status, 400, "{path}");
            assert_eq!(portal.auth("?any_path=1", &unclear).await.status, 200, "{path}");
        }
    }
    assert_eq!(portal.auth("", &[key, ("x-original-uri", "/leads")]).await.status, 400, "half of it is told");
    let twice = [key, ("x-forwarded-uri", "/a"), ("x-forwarded-uri", "/b")];
    assert_eq!(portal.auth("", &twice).await.status, 400);
}

async fn nginx_gets_in_headers_what_it_does_not_know_as_status(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    assert_eq!(portal.auth("?gateway=nginx", &[("x-api-key", &secret)]).await.status, 200);
    for (query, key, real) in [
        ("?gateway=nginx", "junk", "401"),
        ("?gateway=nginx&scope=write", secret.as_str(), "403"),
        ("?gateway=nginx&scopes=write", secret.as_str(), "400"),
        ("?scopes=write&gateway=nginx", secret.as_str(), "400"),
    ] {
        let answer = portal.auth(query, &[("x-api-key", key)]).await;
        assert_eq!((answer.status.as_u16(), answer.header("x-auth-status")), (403, real), "{query}");
        assert_eq!(answer.header("www-authenticate").starts_with("Bearer"), real == "401");
        assert_eq!(answer.header("x-auth-content-type"), "application/problem+json");
        let body: serde_json::Value = serde_json::from_str(answer.header("x-auth-body")).expect("JSON");
        assert_eq!(body["status"].to_string(), real);
        assert_eq!(answer.body, "");
    }
}

async fn envoys_requirement_has_a_name(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let reader = portal.generate(&app, "Reader", &["read"], false).await.secret;
    let admin = portal.generate(&app, "Admin", &["admin"], false).await.secret;
    let ask = |key: &str, method: &'static str, path: &'static str| {
        let request = Client::request(Method::from_bytes(method.as_bytes()).expect("a method"), path);
        portal.send(request.header("x-api-key", key).body(Body::empty()).expect("a request"))
    };
    assert_eq!(ask(&admin, "POST", "/v1/auth/envoy/write/leads/7?scope=nothing").await.status, 200);
    assert_eq!(ask(&admin, "POST", "/v1/auth/envoy/write").await.status, 200);
    assert_eq!(ask(&reader, "GET", "/v1/auth/envoy/write/leads").await.status, 403, "the named scope");
    for path in ["/v1/auth/envoy/unknown/leads", "/v1/auth/envoy/wr%69te/leads"] {
        assert_eq!(ask(&admin, "GET", path).await.status, 403, "{path}");
    }
}
