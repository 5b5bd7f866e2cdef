//! `/v1/orgs/{org_id}/audit`

use serde_json::json;

use crate::portal::TestPortal;

crate::on_both_portals!(events_of_a_token_have_its_name, events_are_filtered_and_paged);

async fn events_of_a_token_have_its_name(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, .., app] = portal.managed(&token).await;
    let body = json!({ "label": "CI", "environment": "production", "scopes": ["read"] });
    let answer = portal.json(&format!("/v1/apps/{app}/keys"), &token, &body).await;
    let key = answer.json()["key_id"].clone();
    let log = portal.manage(&format!("/v1/orgs/{org}/audit"), &token, None).await;
    let event = log.json()["data"][0].clone();
    assert_eq!(
        event,
        json!({
            "seq": 5, "time": "2026-11-22T06:00:00Z",
            "actor_kind": "root_token", "actor_id": event["actor_id"], "actor_name": "Automation",
            "action": "key.generated", "target_kind": "key", "target_id": key, "target_name": "CI", "app_id": app,
            "outcome": "done", "status": null, "address": "127.0.0.1", "user_agent": null,
            "request_id": answer.header("x-request-id"),
            "details": {
                "environment": "production", "scopes": ["read"],
                "shown": event["details"]["shown"],
            },
        })
    );
    assert!(event["actor_id"].as_str().is_some_and(|id| id.starts_with("tok_")));
    let actions =
        log.json()["data"].as_array().expect("a list").iter().map(|event| event["action"].clone()).collect::<Vec<_>>();
    let expected = ["key.generated", "app.created", "project.created", "tenant.created", "organization.created"];
    assert_eq!(actions, expected);
    let secret = answer.json()["secret_key"].as_str().expect("text").to_owned();
    assert!(!log.body.contains(&secret));
    assert!(portal.store.check_chain(&org).await.expect("read").is_ok());
}

async fn events_are_filtered_and_paged(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, ..] = portal.managed(&token).await;
    let count = |query: &str| {
        let path = format!("/v1/orgs/{org}/audit?{query}");
        let token = token.clone();
        async move { portal.manage(&path, &token, None).await.json()["data"].as_array().map(Vec::len) }
    };
    assert_eq!(count("actor=Automation").await, Some(4));
    assert_eq!(count("actor=Eve").await, Some(0));
    let all = portal.manage(&format!("/v1/orgs/{org}/audit"), &token, None).await.json();
    let id = all["data"][0]["actor_id"].as_str().expect("text").to_owned();
    assert_eq!(count(&format!("actor={id}")).await, Some(4));
    assert_eq!(count("actor=command_line").await, Some(0));
    assert_eq!(count("action=app.created").await, Some(1));
    assert_eq!(count("outcome=refused").await, Some(0));
    assert_eq!(count("from=2026-11-22T06:00:00Z&to=2026-11-22T06:00:01Z").await, Some(4));
    assert_eq!(count("to=2026-11-22T07:00:00%2B01:00").await, Some(0));
    let first = portal.manage(&format!("/v1/orgs/{org}/audit?limit=3"), &token, None).await.json();
    assert_eq!(first["next_cursor"], "2");
    let next = portal.manage(&format!("/v1/orgs/{org}/audit?limit=3&cursor=2"), &token, None).await.json();
    assert_eq!((next["data"][0]["seq"].as_i64(), &next["next_cursor"]), (Some(1), &json!(null)));
    for query in ["action=app.made", "outcome=maybe", "from=today", "cursor=x", "cursor=", "actor=%00", "before=3"] {
        assert_eq!(count(query).await, None, "{query}");
    }
}
