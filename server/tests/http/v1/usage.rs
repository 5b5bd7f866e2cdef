//! `/v1/{keys,apps,projects,orgs}/{id}/usage` and `…/usage.csv`

use std::time::Duration;

use axum::{body::Body, http::Method};
use serde_json::{Value, json};

use crate::{client::Client, portal::TestPortal};

crate::on_both_portals!(
    every_way_to_verify_is_counted_once,
    each_level_has_the_counts_of_its_keys,
    buckets_are_of_the_length_that_is_asked_for,
    a_file_has_the_same_counts_with_scopes,
    a_period_that_is_too_long_is_refused,
    an_answer_without_a_flush_says_how_old_it_is,
    a_managing_key_reads_its_organization,
    requests_of_a_key_are_listed_in_parts,
);

async fn usage(portal: &TestPortal, token: &str, path: &str) -> Value {
    let answer = portal.manage(path, token, None).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.json()
}

async fn file(portal: &TestPortal, token: &str, path: &str) -> Vec<String> {
    let answer = portal.manage(path, token, None).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8; header=present");
    let body = answer.body.strip_prefix('\u{feff}').expect("a byte order mark").to_owned();
    body.lines().map(str::to_owned).collect()
}

/// A new key of an app: its id and its secret.
async fn issue(portal: &TestPortal, token: &str, app: &str, scopes: &[&str]) -> (String, String) {
    let body = json!({ "label": "CI", "environment": "production", "scopes": scopes });
    let issued = portal.json(&format!("/v1/apps/{app}/keys"), token, &body).await.json();
    let text = |name: &str| issued[name].as_str().expect("text").to_owned();
    (text("key_id"), text("secret_key"))
}

async fn every_way_to_verify_is_counted_once(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [.., app] = portal.managed(&token).await;
    let (key, secret) = issue(portal, &token, &app, &["read", "write"]).await;
    portal.json("/v1/keys/verify", &token, &json!({ "key": secret })).await;
    portal.json("/v1/keys/verify", &token, &json!({ "key": secret, "scopes": ["delete"] })).await;
    let header = [("x-api-key", secret.as_str())];
    for query in ["", "?gateway=nginx", "?scope=delete&gateway=nginx", "?unknown=1"] {
        portal.auth(query, &header).await;
    }
    let request =
        Client::request(Method::POST, "/v1/auth/envoy/write/leads/7").header("x-api-key", &secret).body(Body::empty());
    assert_eq!(portal.send(request.expect("a request")).await.status, 200);
    let told = usage(portal, &token, &format!("/v1/keys/{key}/usage")).await;
    assert_eq!((&told["total"], &told["by_code"]), (&json!(6), &json!({ "insufficient_scope": 2, "valid": 4 })));
    assert_eq!((&told["not_counted"], &told["as_of"]), (&json!(0), &json!("2026-11-22T06:00:00Z")));
    assert_eq!(told["by_network"], json!({ "127.0.0.0/24": 4, "unspecified": 2 }));
    assert_eq!(
        told["by_method"].as_object().expect("a map").values().filter_map(serde_json::Value::as_u64).sum::<u64>(),
        6
    );
    // Trying a request out, and reading this, is no use of the key.
    assert_eq!(usage(portal, &token, &format!("/v1/keys/{key}/usage")).await, told);
}

async fn each_level_has_the_counts_of_its_keys(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, tenant, project, app] = portal.managed(&token).await;
    let name = json!({ "name": "Second" });
    let other_app = portal.made(&token, &format!("/v1/projects/{project}/apps"), name.clone(), "app_id").await;
    let other = portal.made(&token, &format!("/v1/tenants/{tenant}/projects"), name.clone(), "project_id").await;
    let third_app = portal.made(&token, &format!("/v1/projects/{other}/apps"), name, "app_id").await;
    let mut keys = Vec::new();
    for (app, times) in [(&app, 1), (&app, 2), (&other_app, 4), (&third_app, 8)] {
        let (key, secret) = issue(portal, &token, app, &["read"]).await;
        for _ in 0..times {
            portal.auth("", &[("x-api-key", &secret)]).await;
        }
        keys.push(key);
    }
    for (path, total) in [
        (format!("keys/{}", keys[0]), 1),
        (format!("keys/{}", keys[1]), 2),
        (format!("apps/{app}"), 3),
        (format!("apps/{other_app}"), 4),
        (format!("projects/{project}"), 7),
        (format!("projects/{other}"), 8),
        (format!("orgs/{org}"), 15),
    ] {
        let told = usage(portal, &token, &format!("/v1/{path}/usage")).await;
        assert_eq!((&told["total"], &told["by_code"]["valid"]), (&json!(total), &json!(total)), "{path}");
    }
}

async fn buckets_are_of_the_length_that_is_asked_for(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [.., app] = portal.managed(&token).await;
    let (key, secret) = issue(portal, &token, &app, &["read"]).await;
    // At 06:00:00, 06:00:59, 06:01:00 and 07:01:00.
    for after in [0, 59, 1, 3_600] {
        portal.store.clock.turn(Duration::from_secs(after));
        portal.state.verifier.poll().await.expect("polled");
        portal.auth("", &[("x-api-key", &secret)]).await;
    }
    let ask = async |query: &str| {
        let told = usage(portal, &token, &format!("/v1/keys/{key}/usage?{query}")).await;
        let buckets = told["buckets"].as_array().expect("a list").clone();
        let bucket = |bucket: &Value| {
            (bucket["at"].as_str().expect("text")[11..16].to_owned(), bucket["by_code"]["valid"].as_u64().unwrap_or(0))
        };
        (told["total"].as_u64().unwrap_or(0), buckets.iter().map(bucket).collect::<Vec<_>>())
    };
    let at = |time: &str, n| (time.to_owned(), n);
    assert_eq!(ask("bucket=hour").await, (4, vec![at("06:00", 3), at("07:00", 1)]));
    assert_eq!(ask("").await, ask("bucket=hour").await);
    assert_eq!(ask("bucket=day").await, (4, vec![at("00:00", 4)]));
    let minutes = "bucket=minute&from=2026-11-22T06:00:30Z&to=2026-11-22T07:00:00Z";
    assert_eq!(ask(minutes).await, (3, vec![at("06:00", 2), at("06:01", 1)]));
    assert_eq!(ask("bucket=minute&to=2026-11-22T07:01:00%2B01:00").await, (2, vec![at("06:00", 2)]));
    assert_eq!(ask("to=2026-11-22T06:00:00Z").await, (0, vec![]));
}

async fn a_file_has_the_same_counts_with_scopes(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, .., app] = portal.managed(&token).await;
    let (key, secret) = issue(portal, &token, &app, &["admin"]).await;
    for body in [
        json!({ "key": secret, "scopes": ["read"] }),
        json!({ "key": secret, "method": "GET" }),
        json!({ "key": secret, "method": "DELETE" }),
        json!({ "key": secret, "scopes": ["read", "write"] }),
        json!({ "key": secret }),
        json!({ "key": secret, "mode": "test" }),
    ] {
        portal.json("/v1/keys/verify", &token, &body).await;
    }
    let lines = file(portal, &token, &format!("/v1/keys/{key}/usage.csv")).await;
    let expected = [
        "at,code,scope,requests",
        "2026-11-22T06:00:00Z,mode_mismatch,,1",
        "2026-11-22T06:00:00Z,valid,,1",
        "2026-11-22T06:00:00Z,valid,delete,1",
        "2026-11-22T06:00:00Z,valid,read,2",
        "2026-11-22T06:00:00Z,valid,read write,1",
    ];
    assert_eq!(lines, expected);
    assert_eq!(file(portal, &token, &format!("/v1/orgs/{org}/usage.csv")).await, expected);
    let told = usage(portal, &token, &format!("/v1/keys/{key}/usage")).await;
    assert_eq!(told["by_code"], json!({ "mode_mismatch": 1, "valid": 5 }));
}

async fn a_period_that_is_too_long_is_refused(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, ..] = portal.managed(&token).await;
    for (query, says) in [
        (
            "bucket=minute&from=2026-11-01T00:00:00Z",
            "an answer has at most 1500. Ask for a shorter period, or a longer bucket.",
        ),
        (
            "bucket=day&from=1970-01-01T00:00:00Z",
            "buckets of a day, and an answer has at most 1500. Ask for a shorter period.",
        ),
        ("from=2027-01-01T00:00:00Z", "from has to be before to"),
        ("from=yesterday", "2027-01-31T12:00:00Z"),
        ("bucket=week", "minute, hour or day"),
        ("buckets=hour", "from and to (RFC 3339) and bucket"),
        ("bucket=hour&bucket=day", "each once"),
    ] {
        for path in ["usage", "usage.csv"] {
            let answer = portal.manage(&format!("/v1/orgs/{org}/{path}?{query}"), &token, None).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (400, &json!("bad_request")), "{query}");
            assert!(answer.body.contains(says), "{query}: {}", answer.body);
        }
    }
}

async fn an_answer_without_a_flush_says_how_old_it_is(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [.., app] = portal.managed(&token).await;
    let (key, secret) = issue(portal, &token, &app, &["read"]).await;
    let path = format!("/v1/keys/{key}/usage");
    portal.auth("", &[("x-api-key", &secret)]).await;
    assert_eq!(usage(portal, &token, &path).await["total"], 1);
    portal.store.break_writes("usage_counts", "INSERT").await;
    portal.auth("", &[("x-api-key", &secret)]).await;
    portal.store.clock.turn(Duration::from_secs(90));
    portal.state.verifier.poll().await.expect("polled");
    let told = usage(portal, &token, &path).await;
    assert_eq!((&told["total"], &told["as_of"]), (&json!(1), &json!("2026-11-22T06:00:00Z")));
    portal.store.repair_writes("usage_counts").await;
    let told = usage(portal, &token, &path).await;
    assert_eq!((&told["total"], &told["as_of"]), (&json!(2), &json!("2026-11-22T06:01:30Z")));
}

async fn a_managing_key_reads_its_organization(portal: &TestPortal) {
    let profile = include_str!("../../../../examples/profiles/synaptiq.toml");
    let portal = &portal.with_profile(profile).await;
    let token = portal.token(true, None).await;
    let org = portal.made(&token, "/v1/orgs", json!({ "name": "Focus", "plan": "pro" }), "org_id").await;
    let other = portal.made(&token, "/v1/orgs", json!({ "name": "Other", "plan": "pro" }), "org_id").await;
    let scope = portal.store.profile().managing_scope().expect("one").to_owned();
    let environment = portal.store.profile().environments[0].name.clone();
    let body = json!({ "label": "CI", "environment": environment, "scopes": [scope] });
    let issued = portal.json(&format!("/v1/orgs/{org}/keys"), &token, &body).await;
    assert_eq!(issued.status, 201, "{}", issued.body);
    let secret = issued.json()["secret_key"].as_str().expect("text").to_owned();
    let read = async |org: &str| {
        let request = Client::request(Method::GET, &format!("/v1/orgs/{org}/usage"))
            .header("authorization", format!("Bearer {secret}"))
            .header("x-forwarded-proto", "https");
        portal.send(request.body(Body::empty()).expect("a request")).await
    };
    let answer = read(&org).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    // This request itself.
    assert_eq!(answer.json()["by_code"], json!({ "valid": 1 }));
    assert_eq!(read(&other).await.status, 404);
}

async fn requests_of_a_key_are_listed_in_parts(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [.., app] = portal.managed(&token).await;
    let (key, secret) = issue(portal, &token, &app, &["read"]).await;
    portal.json("/v1/keys/verify", &token, &json!({ "key": secret, "scopes": ["delete"], "ip": "203.0.113.9" })).await;
    portal.store.clock.turn(Duration::from_secs(1));
    for _ in 0..12 {
        portal.auth("?scope=read", &[("x-api-key", secret.as_str()), ("user-agent", "curl/8.14.1")]).await;
    }
    portal.store.clock.turn(Duration::from_secs(1));
    portal.auth("", &[("x-api-key", secret.as_str())]).await;
    let read = async |query: &str| usage(portal, &token, &format!("/v1/keys/{key}/requests{query}")).await;
    let first = read("?limit=2").await;
    let newest = &first["data"][0];
    assert_eq!((&newest["code"], &newest["left_out"]), (&json!("valid"), &json!(2)), "{first}");
    assert_eq!((&first["data"][1]["scope"], &first["data"][1]["user_agent"]), (&json!("read"), &json!("curl/8.14.1")));
    let cursor = first["next_cursor"].as_str().expect("there are more");
    let second = read(&format!("?cursor={cursor}")).await;
    assert_eq!(second["data"].as_array().map(Vec::len), Some(10));
    assert_eq!(second["next_cursor"], Value::Null);
    let refused = read("?code=refused&address=203.0.113.9").await;
    assert_eq!(refused["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(refused["data"][0]["code"], "insufficient_scope");
    assert_eq!(read("?method=DELETE").await["data"], json!([]));
    for wrong in ["?code=strange", "?cursor=yesterday", "?limit=0", "?unknown=1"] {
        let answer = portal.manage(&format!("/v1/keys/{key}/requests{wrong}"), &token, None).await;
        assert_eq!(answer.status, 400, "{wrong}");
    }
}
