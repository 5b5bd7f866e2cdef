//! `/v1/orgs`

use serde_json::json;

use crate::portal::TestPortal;

crate::on_both_portals!(
    one_is_made_without_members,
    wrong_fields_are_named_by_pointers,
    a_token_of_one_organization_sees_and_makes_no_other,
    lists_come_in_parts,
    queries_are_strict,
);

async fn one_is_made_without_members(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let answer = portal.json("/v1/orgs", &token, &json!({ "name": " Focus Labs ", "plan": "pro" })).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let org = answer.json();
    let id = org["org_id"].as_str().expect("an id");
    assert!(id.starts_with("org_focus_labs_"));
    assert_eq!(answer.location(), format!("/v1/orgs/{id}"));
    assert_eq!(answer.header("cache-control"), "no-store");
    let shown = json!({
        "org_id": id, "name": "Focus Labs", "description": "", "plan": "pro",
        "created_at": "2026-11-22T06:00:00Z", "archived_at": null,
    });
    assert_eq!(org, shown);
    assert_eq!(portal.manage(&format!("/v1/orgs/{id}"), &token, None).await.json(), shown);
    let tenants = portal.manage(&format!("/v1/orgs/{id}/tenants"), &token, None).await.json();
    assert_eq!(tenants, json!({ "data": [], "next_cursor": null }), "no tenant comes with it");
    portal.set_up().await;
    assert_eq!(portal.get(&format!("/orgs/{id}")).await.status, 404, "nobody belongs to it");
}

async fn wrong_fields_are_named_by_pointers(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    for (body, pointers) in [
        (json!({ "name": "", "plan": "moon" }), &["/name", "/plan"][..]),
        (json!({}), &["/name", "/plan"]),
        (json!({ "name": "x".repeat(101), "plan": "pro" }), &["/name"]),
        (json!({ "name": "a\u{202e}b", "plan": "pro" }), &["/name"]),
        (json!({ "name": "a\0b", "plan": "pro" }), &["/name"]),
        (json!({ "name": 7, "plan": "pro" }), &["/name"]),
        (json!({ "name": null, "plan": "pro" }), &["/name"]),
        (json!({ "name": "A", "plan": "pro", "tenant": "B" }), &[""]),
        (json!([]), &[""]),
        (json!(["A", "pro"]), &[""]),
        (json!("A"), &[""]),
    ] {
        let answer = portal.json("/v1/orgs", &token, &body).await;
        assert_eq!(answer.status, 422, "{body}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let problem = answer.json();
        assert_eq!((&problem["code"], &problem["status"]), (&json!("invalid"), &json!(422)));
        assert_eq!(problem["request_id"], answer.header("x-request-id"));
        let errors = problem["errors"].as_array().expect("a list");
        let told: Vec<_> = errors.iter().map(|error| error["pointer"].as_str().expect("text")).collect();
        assert_eq!(told, pointers, "{body}: {}", answer.body);
        assert!(errors.iter().all(|error| error["detail"].as_str().is_some_and(|detail| !detail.is_empty())));
    }
    assert!(portal.store.chains().await.expect("read").iter().all(|chain| chain == "system"), "nothing was made");
}

async fn a_token_of_one_organization_sees_and_makes_no_other(portal: &TestPortal) {
    let all = portal.token(true, None).await;
    let mine = portal.made(&all, "/v1/orgs", json!({ "name": "Mine", "plan": "pro" }), "org_id").await;
    portal.made(&all, "/v1/orgs", json!({ "name": "Other", "plan": "pro" }), "org_id").await;
    let token = portal.token(true, Some(&mine)).await;
    let list = portal.manage("/v1/orgs", &token, None).await.json();
    assert_eq!(list["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(list["data"][0]["org_id"], mine);
    let answer = portal.json("/v1/orgs", &token, &json!({ "name": "Third", "plan": "pro" })).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (403, &json!("forbidden")));
    assert_eq!(portal.manage("/v1/orgs", &all, None).await.json()["data"].as_array().map(Vec::len), Some(2));
}

async fn lists_come_in_parts(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let mut made = Vec::new();
    for n in 0..5 {
        let body = json!({ "name": format!("Org {n}"), "plan": "starter" });
        made.push(portal.made(&token, "/v1/orgs", body, "org_id").await);
        portal.store.clock.turn(std::time::Duration::from_secs(u64::from(n != 2)));
    }
    let (mut seen, mut path) = (Vec::new(), "/v1/orgs?limit=2".to_owned());
    loop {
        let list = portal.manage(&path, &token, None).await.json();
        let ids =
            list["data"].as_array().expect("a list").iter().map(|org| org["org_id"].as_str().expect("text").to_owned());
        let before = seen.len();
        seen.extend(ids);
        assert!((1..=2).contains(&(seen.len() - before)));
        match list["next_cursor"].as_str() {
            Some(cursor) => path = format!("/v1/orgs?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    let newest: Vec<_> = seen.iter().map(|id| made.iter().position(|made| made == id).expect("made")).collect();
    assert_eq!((newest[0], newest[4]), (4, 0), "newest first: {newest:?}");
    seen.sort();
    made.sort();
    assert_eq!(seen, made, "each once");
    let whole = portal.manage("/v1/orgs?limit=5", &token, None).await.json();
    assert_eq!((whole["data"].as_array().map(Vec::len), &whole["next_cursor"]), (Some(5), &json!(null)));
}

async fn queries_are_strict(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let org = portal.made(&token, "/v1/orgs", json!({ "name": "A", "plan": "pro" }), "org_id").await;
    for query in [
        "limit=0",
        "limit=101",
        "limit=x",
        "limit=-1",
        "limit=1&limit=2",
        "page=2",
        "cursor=",
        "cursor=x",
        "cursor=a.b",
        "cursor=org_%00.1",
        "cursor=a.99999999999999999999",
        "limit",
        "%ff=1",
        "limit=%ff",
    ] {
        let answer = portal.manage(&format!("/v1/orgs?{query}"), &token, None).await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.body);
        assert_eq!(answer.json()["code"], "bad_request");
        assert_eq!(answer.json()["request_id"], answer.header("x-request-id"));
    }
    assert_eq!(portal.manage(&format!("/v1/orgs/{org}?limit=1"), &token, None).await.status, 400);
    let body = json!({ "name": "B", "plan": "pro" });
    assert_eq!(portal.json("/v1/orgs?dry=1", &token, &body).await.status, 400);
    assert_eq!(portal.manage("/v1/orgs", &token, None).await.json()["data"].as_array().map(Vec::len), Some(1));
}
