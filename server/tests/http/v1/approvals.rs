//! `/v1/orgs/{org_id}/approvals` and `/v1/approvals/{approval_id}`

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, header},
};
use sallyport::{
    audit::{Act, Actor},
    id::OrgId,
    member::Role,
};
use serde_json::{Value, json};

use crate::{
    client::{Answer, Client},
    key_rules::put,
    portal::TestPortal,
};

crate::on_both_portals!(
    a_key_is_asked_for_approved_and_claimed,
    a_change_is_asked_for_approved_and_claimed,
    each_sees_their_own,
    a_repeated_request_asks_once,
    it_ends_after_a_week,
);

/// An owner and a developer of an organization with an app, where production needs an approval: their tokens.
struct World {
    org: String,
    app: String,
    owner: String,
    developer: String,
}

impl World {
    async fn new(portal: &TestPortal) -> Self {
        let root = portal.token(true, None).await;
        let [org, .., app] = portal.managed(&root).await;
        let of = OrgId::parse(&org).expect("an id");
        let mut tokens = Vec::new();
        for (name, role) in [("Ada", Role::Owner), ("Dev", Role::Developer)] {
            let user = portal.store.person(name).await;
            portal.store.add_member(&Act::by(Actor::CommandLine), &of, &user, role).await.expect("added");
            tokens.push(portal.personal_token(&user, "Laptop").await.1);
        }
        let rules = json!({ "approval_environments": ["production"] });
        assert_eq!(put(portal, &format!("/v1/orgs/{org}/key-policy"), &root, &rules).await.status, 200);
        let (developer, owner) = (tokens.pop().expect("two"), tokens.pop().expect("two"));
        Self { org, app, owner, developer }
    }

    async fn ask(&self, portal: &TestPortal, token: &str) -> Answer {
        let body = json!({ "label": "CI", "environment": "production", "scopes": ["read"] });
        portal.json(&format!("/v1/apps/{}/keys", self.app), token, &body).await
    }
}

fn asked(answer: &Answer) -> String {
    assert_eq!(answer.status, 202, "{}", answer.body);
    let json = answer.json();
    assert_eq!(json["status"], "waiting_for_approval");
    assert!(json.get("secret_key").is_none() && json.get("key_id").is_none());
    json["approval_id"].as_str().expect("an id").to_owned()
}

/// Without a body.
async fn act(portal: &TestPortal, id: &str, what: &str, token: &str) -> Answer {
    let request = Client::request(Method::POST, &format!("/v1/approvals/{id}/{what}"));
    let request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    portal.another().send(request.body(Body::empty()).expect("a request")).await
}

fn code(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.json()["code"].as_str().unwrap_or_default().to_owned())
}

async fn verified(portal: &TestPortal, secret: &Value, scope: &str) -> bool {
    let root = portal.root_token().await;
    let body = json!({ "key": secret, "scopes": [scope] });
    portal.json("/v1/keys/verify", &root, &body).await.json()["valid"] == true
}

async fn a_key_is_asked_for_approved_and_claimed(portal: &TestPortal) {
    let world = World::new(portal).await;
    let answer = world.ask(portal, &world.developer).await;
    let id = asked(&answer);
    assert_eq!(answer.header("location"), format!("/v1/approvals/{id}"));
    assert_eq!(code(&act(portal, &id, "claim", &world.developer).await), (409, "approval_waiting".to_owned()));
    assert_eq!(code(&act(portal, &id, "approve", &world.developer).await), (403, "forbidden".to_owned()));
    let approved = act(portal, &id, "approve", &world.owner).await;
    assert_eq!(approved.status, 200, "{}", approved.body);
    let json = approved.json();
    assert_eq!(
        (&json["status"], &json["decided_by"], &json["asked_by"]),
        (&json!("approved"), &json!("Ada"), &json!("Dev"))
    );
    assert_eq!(json["expires_at"], "2026-11-29T06:00:00Z");
    assert_eq!(code(&act(portal, &id, "claim", &world.owner).await), (409, "approval_of_another".to_owned()));
    let claimed = act(portal, &id, "claim", &world.developer).await;
    assert_eq!(claimed.status, 201, "{}", claimed.body);
    let key = claimed.json();
    assert_eq!(claimed.header("location"), format!("/v1/keys/{}", key["key_id"].as_str().expect("an id")));
    assert!(verified(portal, &key["secret_key"], "read").await);
    assert_eq!(code(&act(portal, &id, "claim", &world.developer).await), (409, "approval_claimed".to_owned()));
    let read = portal.manage(&format!("/v1/approvals/{id}"), &world.developer, None).await.json();
    assert_eq!((&read["status"], &read["key_id"]), (&json!("claimed"), &key["key_id"]));
    // The owner asks, too, and decides nothing of their own.
    let own = asked(&world.ask(portal, &world.owner).await);
    assert_eq!(code(&act(portal, &own, "approve", &world.owner).await), (403, "forbidden".to_owned()));
    let refuse = async |id: &str, reason: &str| {
        portal.json(&format!("/v1/approvals/{id}/refuse"), &world.owner, &json!({ "reason": reason })).await
    };
    let other = asked(&world.ask(portal, &world.developer).await);
    assert_eq!(code(&refuse(&other, "").await), (422, "invalid".to_owned()));
    let refused = refuse(&other, "Use staging.").await.json();
    assert_eq!((&refused["status"], &refused["reason"]), (&json!("refused"), &json!("Use staging.")));
    assert_eq!(code(&act(portal, &other, "claim", &world.developer).await), (409, "approval_refused".to_owned()));
    assert_eq!(act(portal, &own, "withdraw", &world.owner).await.json()["status"], "withdrawn");
}

async fn a_change_is_asked_for_approved_and_claimed(portal: &TestPortal) {
    let world = World::new(portal).await;
    let rules = format!("/v1/orgs/{}/key-policy", world.org);
    let before = json!({ "approval_environments": [] });
    assert_eq!(put(portal, &rules, &world.owner, &before).await.status, 200);
    let key = world.ask(portal, &world.developer).await.json();
    let path = format!("/v1/keys/{}", key["key_id"].as_str().expect("an id"));
    put(portal, &rules, &world.owner, &json!({ "approval_environments": ["production"] })).await;
    let narrower = portal.patch(&path, &world.developer, &json!({ "expires_at": "2027-01-01T00:00:00Z" })).await;
    assert_eq!(narrower.status, 200, "less needs nobody: {}", narrower.body);
    let more = json!({ "scopes": ["read", "write"] });
    let id = asked(&portal.patch(&path, &world.developer, &more).await);
    assert!(!verified(portal, &key["secret_key"], "write").await);
    let read = portal.manage(&format!("/v1/approvals/{id}"), &world.owner, None).await.json();
    assert_eq!(
        (&read["kind"], &read["scopes"], &read["key_id"]),
        (&json!("change"), &json!(["read", "write"]), &key["key_id"])
    );
    assert_eq!(act(portal, &id, "approve", &world.owner).await.status, 200);
    let changed = act(portal, &id, "claim", &world.developer).await;
    assert_eq!((changed.status.as_u16(), &changed.json()["scopes"]), (200, &json!(["read", "write"])));
    assert!(changed.json().get("secret_key").is_none());
    assert!(verified(portal, &key["secret_key"], "write").await, "once it is answered");
}

async fn each_sees_their_own(portal: &TestPortal) {
    let world = World::new(portal).await;
    let (own, of_owner) =
        (asked(&world.ask(portal, &world.developer).await), asked(&world.ask(portal, &world.owner).await));
    let list = async |token: &str| {
        let listed = portal.manage(&format!("/v1/orgs/{}/approvals", world.org), token, None).await.json();
        listed["data"].as_array().expect("a list").len()
    };
    assert_eq!((list(&world.developer).await, list(&world.owner).await), (1, 2));
    let read =
        async |id: &str, token: &str| portal.manage(&format!("/v1/approvals/{id}"), token, None).await.status.as_u16();
    assert_eq!((read(&own, &world.developer).await, read(&of_owner, &world.developer).await), (200, 404));
    assert_eq!((read(&own, &world.owner).await, read("apr_0000000000000000", &world.owner).await), (200, 404));
    let part = portal.manage(&format!("/v1/orgs/{}/approvals?limit=1", world.org), &world.owner, None).await.json();
    let next = part["next_cursor"].as_str().expect("more");
    let rest =
        portal.manage(&format!("/v1/orgs/{}/approvals?cursor={next}", world.org), &world.owner, None).await.json();
    assert_eq!((rest["data"].as_array().map(Vec::len), &rest["next_cursor"]), (Some(1), &json!(null)));
    // Whoever leaves the organization sees and claims nothing any more.
    assert_eq!(act(portal, &own, "approve", &world.owner).await.status, 200);
    let of = OrgId::parse(&world.org).expect("an id");
    let developer = portal.store.account_by_email("dev@example.com").await.expect("asked").expect("there").user;
    portal.store.remove_member(&Act::by(Actor::CommandLine), &of, &developer).await.expect("removed");
    assert_eq!(read(&own, &world.developer).await, 404);
    assert_eq!(act(portal, &own, "claim", &world.developer).await.status, 404);
}

async fn a_repeated_request_asks_once(portal: &TestPortal) {
    let world = World::new(portal).await;
    let send = async |path: &str, body: Value| {
        let request = Client::request(Method::POST, path)
            .header(header::AUTHORIZATION, format!("Bearer {}", world.developer))
            .header(header::CONTENT_TYPE, "application/json")
            .header("idempotency-key", "once");
        portal.another().send(request.body(Body::from(body.to_string())).expect("a request")).await
    };
    let keys = format!("/v1/apps/{}/keys", world.app);
    let body = json!({ "label": "CI", "environment": "production", "scopes": ["read"] });
    let id = asked(&send(&keys, body.clone()).await);
    let again = send(&keys, body).await;
    assert_eq!((code(&again).1.as_str(), &again.json()["approval_id"]), ("already_made", &json!(id)));
    assert_eq!(act(portal, &id, "approve", &world.owner).await.status, 200);
    let key = claim_with(portal, &world, &id).await;
    assert_eq!(key.status, 201, "{}", key.body);
    let again = claim_with(portal, &world, &id).await;
    assert_eq!((code(&again).1.as_str(), &again.json()["key_id"]), ("already_made", &key.json()["key_id"]));
}

async fn claim_with(portal: &TestPortal, world: &World, id: &str) -> Answer {
    let request = Client::request(Method::POST, &format!("/v1/approvals/{id}/claim"))
        .header(header::AUTHORIZATION, format!("Bearer {}", world.developer))
        .header("idempotency-key", "claim");
    portal.another().send(request.body(Body::empty()).expect("a request")).await
}

async fn it_ends_after_a_week(portal: &TestPortal) {
    let world = World::new(portal).await;
    let id = asked(&world.ask(portal, &world.developer).await);
    assert_eq!(act(portal, &id, "approve", &world.owner).await.status, 200);
    portal.store.clock.turn(Duration::from_secs(7 * 86_400));
    assert_eq!(code(&act(portal, &id, "claim", &world.developer).await), (409, "approval_expired".to_owned()));
    let read = portal.manage(&format!("/v1/approvals/{id}"), &world.developer, None).await.json();
    assert_eq!(read["status"], "expired");
}
