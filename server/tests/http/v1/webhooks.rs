//! `/v1/orgs/{org_id}/webhooks`, `/v1/webhooks/{webhook_id}` and `/v1/deliveries/{delivery_id}`

use axum::{
    body::Body,
    http::{Method, header},
};
use serde_json::{Value, json};

use crate::{
    client::{Answer, Client},
    portal::TestPortal,
};

crate::on_both_portals!(
    an_endpoint_is_made_read_changed_and_deleted,
    what_is_wrong_is_said,
    a_repeated_request_makes_one,
    deliveries_are_listed_and_sent_again,
    test_events_have_a_budget,
);

fn body() -> Value {
    json!({ "url": "https://hooks.example.com/keys", "environment": "production", "events": ["key.revoked"] })
}

async fn world(portal: &TestPortal) -> (String, String) {
    let root = portal.token(true, None).await;
    let [org, ..] = portal.managed(&root).await;
    (format!("/v1/orgs/{org}/webhooks"), root)
}

fn text(answer: &Answer, name: &str) -> String {
    answer.json()[name].as_str().unwrap_or_else(|| panic!("{name} is not in {}", answer.body)).to_owned()
}

async fn an_endpoint_is_made_read_changed_and_deleted(portal: &TestPortal) {
    let (list, root) = world(portal).await;
    let made = portal.json(&list, &root, &body()).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let (id, secret) = (text(&made, "webhook_id"), text(&made, "secret"));
    let path = format!("/v1/webhooks/{id}");
    assert!(secret.starts_with("whsec_") && secret.len() == 50 && made.location() == path);
    let read = portal.manage(&path, &root, None).await;
    assert!(read.status == 200 && read.json().get("secret").is_none(), "{}", read.body);
    assert_eq!(portal.manage(&list, &root, None).await.json()["data"], json!([read.json()]));
    let changed = portal.patch(&path, &root, &json!({ "events": ["*"], "active": false })).await;
    assert_eq!((&changed.json()["events"], &changed.json()["active"]), (&json!(["*"]), &json!(false)));
    assert_eq!(changed.json()["url"], "https://hooks.example.com/keys");
    let other = portal.json(&format!("{path}/secret"), &root, &json!({ "grace_seconds": 3600 })).await;
    assert!(other.status == 201 && text(&other, "secret") != secret, "{}", other.body);
    assert!(other.json()["previous_expires_at"].is_string());
    let long = portal.json(&format!("{path}/secret"), &root, &json!({ "grace_seconds": 2_592_001 })).await;
    assert_eq!(long.status, 422);
    let delete = Client::request(Method::DELETE, &path).header(header::AUTHORIZATION, format!("Bearer {root}"));
    assert_eq!(portal.another().send(delete.body(Body::empty()).expect("a request")).await.status, 204);
    assert_eq!(portal.manage(&path, &root, None).await.status, 404);
}

async fn what_is_wrong_is_said(portal: &TestPortal) {
    let (list, root) = world(portal).await;
    let long = format!("https://hooks.example.com/{}", "a".repeat(500));
    for (field, value) in [
        ("url", json!("")),
        ("url", json!("hooks.example.com")),
        ("url", json!("ftp://hooks.example.com/")),
        ("url", json!("https://10.0.0.1/")),
        ("url", json!("https://[::1]/")),
        ("url", json!("https://167772161/")),
        ("url", json!("https://169.254.169.254/latest")),
        ("url", json!("https://ada:secret@hooks.example.com/")),
        ("url", json!("https://hooks.example.com:22/")),
        ("url", json!(long)),
        ("environment", json!("moon")),
        ("events", json!([])),
        ("events", json!(["key.exploded"])),
        ("description", json!("x".repeat(201))),
    ] {
        let mut wrong = body();
        wrong[field] = value.clone();
        let refused = portal.json(&list, &root, &wrong).await;
        assert_eq!(refused.status, 422, "{field} {value}: {}", refused.body);
        assert_eq!(refused.json()["errors"][0]["pointer"], format!("/{field}"), "{}", refused.body);
        assert!(!refused.body.contains("ada:secret"));
    }
    // A name that leads nowhere is judged when something is sent.
    let mut nowhere = body();
    nowhere["url"] = json!("https://no-such-host.example.com/");
    assert_eq!(portal.json(&list, &root, &nowhere).await.status, 201);
}

async fn a_repeated_request_makes_one(portal: &TestPortal) {
    let (list, root) = world(portal).await;
    let send = async || {
        let request = Client::request(Method::POST, &list)
            .header(header::AUTHORIZATION, format!("Bearer {root}"))
            .header(header::CONTENT_TYPE, "application/json")
            .header("idempotency-key", "once")
            .body(Body::from(body().to_string()));
        portal.another().send(request.expect("a request")).await
    };
    let (made, again) = (send().await, send().await);
    assert_eq!((made.status.as_u16(), again.status.as_u16()), (201, 409), "{}", again.body);
    assert_eq!(again.json()["webhook_id"], made.json()["webhook_id"], "{}", again.body);
    assert!(!again.body.contains("whsec_"));
}

async fn deliveries_are_listed_and_sent_again(portal: &TestPortal) {
    let (list, root) = world(portal).await;
    let path = format!("/v1/webhooks/{}", text(&portal.json(&list, &root, &body()).await, "webhook_id"));
    let sent = portal.json(&format!("{path}/test"), &root, &json!({})).await;
    assert_eq!(sent.status, 202, "{}", sent.body);
    let at = format!("/v1/deliveries/{}", text(&sent, "delivery_id"));
    assert_eq!(sent.location(), at);
    portal.json(&format!("{path}/test"), &root, &json!({})).await;
    let first = portal.manage(&format!("{path}/deliveries?limit=1"), &root, None).await.json();
    let cursor = first["next_cursor"].as_str().expect("more");
    let second = portal.manage(&format!("{path}/deliveries?limit=1&cursor={cursor}"), &root, None).await.json();
    let numbers = [&first, &second].map(|page| page["data"][0]["sequence"].as_i64().expect("a number"));
    assert!(second["next_cursor"].is_null() && numbers.iter().sum::<i64>() == 3, "{numbers:?}");
    let none = portal.manage(&format!("{path}/deliveries?status=failed"), &root, None).await.json();
    assert_eq!(none["data"], json!([]));
    assert_eq!(portal.manage(&format!("{path}/deliveries?status=lost"), &root, None).await.status, 400);
    let read = portal.manage(&at, &root, None).await.json();
    assert_eq!((&read["event"], &read["status"]), (&json!("webhook.test"), &json!("pending")));
    assert_eq!(portal.json(&format!("{at}/resend"), &root, &json!({})).await.status, 202);
    let failed = json!({ "since": "2026-11-01T00:00:00Z" });
    let again = portal.json(&format!("{path}/resend-failed"), &root, &failed).await;
    assert_eq!((again.status.as_u16(), again.json()), (200, json!({ "deliveries": 0 })));
    portal.patch(&path, &root, &json!({ "active": false })).await;
    let off = portal.json(&format!("{path}/test"), &root, &json!({})).await;
    assert_eq!((off.status.as_u16(), &off.json()["code"]), (409, &json!("webhook_off")));
}

async fn test_events_have_a_budget(portal: &TestPortal) {
    let (list, root) = world(portal).await;
    let mut paths = Vec::new();
    for _ in 0..4 {
        paths.push(format!("/v1/webhooks/{}/test", text(&portal.json(&list, &root, &body()).await, "webhook_id")));
    }
    // What is refused for another reason costs nothing.
    let off = paths[3].trim_end_matches("/test");
    portal.patch(off, &root, &json!({ "active": false })).await;
    for _ in 0..21 {
        assert_eq!(portal.json(&paths[3], &root, &json!({})).await.status, 409);
    }
    for path in &paths[..3] {
        for _ in 0..20 {
            assert_eq!(portal.json(path, &root, &json!({})).await.status, 202);
        }
        let refused = portal.json(path, &root, &json!({})).await;
        assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, "30"), "{}", refused.body);
        assert_eq!(refused.json()["code"], "rate_limited");
        assert!(refused.json()["detail"].as_str().is_some_and(|text| text.contains("Try again in 30 seconds.")));
    }
    // That of the organization is used up, too; another has its own.
    portal.patch(off, &root, &json!({ "active": true })).await;
    let refused = portal.json(&paths[3], &root, &json!({})).await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, "15"), "{}", refused.body);
    let [other, ..] = portal.managed(&root).await;
    let made = portal.json(&format!("/v1/orgs/{other}/webhooks"), &root, &body()).await;
    let path = format!("/v1/webhooks/{}/test", text(&made, "webhook_id"));
    assert_eq!(portal.json(&path, &root, &json!({})).await.status, 202);
}
