//! `/v1/keys/{key_id}/rotate`, `/v1/keys/{key_id}/end-previous` and `/v1/keys/{key_id}/extend-previous`

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, header},
};
use sallyport::{
    audit::{Act, Actor},
    id::KeyId,
    store::UsageRetention,
};
use sallyport_server::jobs::{queues, work};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::{
    client::{Answer, Client},
    portal::TestPortal,
};

crate::on_both_portals!(
    both_secrets_work_until_the_deadline,
    while_a_key_is_rotated_it_is_said_which_secret_ends,
    a_retry_never_rotates_twice,
    a_lost_secret_that_nobody_used_is_replaced,
    a_client_that_leaves_ends_no_secret_for_good,
    the_old_secret_ends_early_or_is_extended_once,
    wrong_fields_are_named_by_pointers,
    lists_show_and_filter_what_is_rotated,
    personal_tokens_rotate_too,
    a_key_rotates_itself_where_the_profile_allows_it,
    where_keys_are_rotated_by_hand_it_is_refused,
    half_moved_clients_sign_with_either_secret,
);

async fn turn(portal: &TestPortal, seconds: u64) {
    portal.store.clock.turn(Duration::from_secs(seconds));
    portal.state.verifier.poll().await.expect("polled");
}

/// A root token, and a key with its secret.
async fn key(portal: &TestPortal) -> (String, String, Value) {
    let token = portal.token(true, None).await;
    let [.., app] = portal.managed(&token).await;
    let body = json!({ "label": "CI", "environment": "production", "scopes": ["read"] });
    let issued = portal.json(&format!("/v1/apps/{app}/keys"), &token, &body).await.json();
    (token, issued["key_id"].as_str().expect("an id").to_owned(), issued)
}

async fn verify(portal: &TestPortal, token: &str, secret: &Value) -> Value {
    portal.json("/v1/keys/verify", token, &json!({ "key": secret })).await.json()
}

async fn rotate(portal: &TestPortal, token: &str, key: &str, body: Value) -> Answer {
    portal.json(&format!("/v1/keys/{key}/rotate"), token, &body).await
}

async fn rotated(portal: &TestPortal, token: &str, key: &str, body: Value) -> Value {
    let answer = rotate(portal, token, key, body).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (201, "no-store"), "{}", answer.body);
    answer.json()
}

async fn both_secrets_work_until_the_deadline(portal: &TestPortal) {
    let (token, key, issued) = key(portal).await;
    let old = &issued["secret_key"];
    let answer = rotated(portal, &token, &key, json!({ "grace_seconds": 3600 })).await;
    let new = &answer["secret_key"];
    assert_ne!((old, &issued["signing_secret"]), (new, &answer["signing_secret"]));
    let mut same = issued.clone();
    for (field, value) in [
        ("secret_key", new.clone()),
        ("signing_secret", answer["signing_secret"].clone()),
        ("previous_expires_at", json!("2026-11-22T07:00:00Z")),
    ] {
        same[field] = value;
    }
    assert_eq!(answer, same, "as a creation");
    let by_old = verify(portal, &token, old).await;
    assert_eq!((&by_old["secret"], &by_old["secret_expires_at"]), (&json!("previous"), &json!("2026-11-22T07:00:00Z")));
    let by_new = verify(portal, &token, new).await;
    assert_eq!((&by_new["secret"], &by_new["secret_expires_at"]), (&json!("current"), &json!(null)));
    for (secret, name) in [(old, "previous"), (new, "current")] {
        let passed = portal.auth("", &[("x-api-key", secret.as_str().expect("text"))]).await;
        assert_eq!((passed.status.as_u16(), passed.header("x-auth-secret")), (200, name));
    }
    let read = portal.manage(&format!("/v1/keys/{key}"), &token, None).await;
    assert!(!read.body.contains(new.as_str().expect("text")));
    let read = read.json();
    assert_eq!((&read["status"], &read["rotating"]), (&json!("rotating"), &json!(true)));
    assert_eq!(read["previous_expires_at"], "2026-11-22T07:00:00Z");
    turn(portal, 3_599).await;
    assert_eq!(verify(portal, &token, old).await["valid"], true, "to the second");
    turn(portal, 1).await;
    let late = verify(portal, &token, old).await;
    assert_eq!((&late["code"], &late["status"]), (&json!("rotated"), &json!(401)));
    let refused = portal.auth("", &[("x-api-key", old.as_str().expect("text"))]).await;
    assert_eq!((refused.status.as_u16(), refused.header("x-auth-secret")), (401, ""));
    assert_eq!(verify(portal, &token, new).await["valid"], true);
    let read = portal.manage(&format!("/v1/keys/{key}"), &token, None).await.json();
    assert_eq!((&read["status"], &read["previous_expires_at"]), (&json!("active"), &json!(null)));
    let at_once = rotated(portal, &token, &key, json!({ "grace_seconds": 0, "signing_secret": false })).await;
    assert_eq!((&at_once["previous_expires_at"], at_once.get("signing_secret")), (&json!(null), None));
    assert_eq!(verify(portal, &token, new).await["code"], "rotated");
}

async fn while_a_key_is_rotated_it_is_said_which_secret_ends(portal: &TestPortal) {
    let (token, key, issued) = key(portal).await;
    let second = rotated(portal, &token, &key, json!({})).await;
    assert_eq!(second["previous_expires_at"], "2026-11-23T06:00:00Z", "the profile's grace period");
    let refused = rotate(portal, &token, &key, json!({})).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (409, &json!("rotation_in_progress")));
    let third = rotated(portal, &token, &key, json!({ "end": "current", "grace_seconds": 60 })).await;
    let codes = async |secrets: &[&Value]| {
        let mut codes = Vec::new();
        for secret in secrets {
            codes.push(verify(portal, &token, &secret["secret_key"]).await["code"].clone());
        }
        codes
    };
    assert_eq!(codes(&[&issued, &second, &third]).await, ["valid", "rotated", "valid"]);
    let fourth = rotated(portal, &token, &key, json!({ "end": "previous" })).await;
    assert_eq!(codes(&[&issued, &third, &fourth]).await, ["rotated", "valid", "valid"]);
}

async fn send(portal: &TestPortal, token: &str, key: &str, name: &str, body: &Value) -> Answer {
    let request = Client::request(Method::POST, &format!("/v1/keys/{key}/rotate"))
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json")
        .header("idempotency-key", name)
        .body(Body::from(body.to_string()));
    portal.send(request.expect("a request")).await
}

async fn a_retry_never_rotates_twice(portal: &TestPortal) {
    let (token, key, _) = key(portal).await;
    let body = json!({ "grace_seconds": 0 });
    let made = send(portal, &token, &key, "one", &body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    for _ in 0..2 {
        let again = send(portal, &token, &key, "one", &body).await;
        assert_eq!((again.status.as_u16(), &again.json()["code"]), (409, &json!("already_made")));
        assert_eq!(again.json()["key_id"], key.as_str());
    }
    let other = send(portal, &token, &key, "one", &json!({ "grace_seconds": 1 })).await;
    assert_eq!(other.status, 422, "{}", other.body);
    assert_eq!(verify(portal, &token, &made.json()["secret_key"]).await["valid"], true);
}

async fn a_lost_secret_that_nobody_used_is_replaced(portal: &TestPortal) {
    let (token, key, issued) = key(portal).await;
    let lost = send(portal, &token, &key, "one", &json!({ "grace_seconds": 3600 })).await.json();
    verify(portal, &token, &issued["secret_key"]).await;
    let again = json!({ "replace_unseen": true });
    let replaced = send(portal, &token, &key, "two", &again).await;
    assert_eq!(replaced.status, 201, "{}", replaced.body);
    assert_eq!(replaced.json()["previous_expires_at"], lost["previous_expires_at"], "the old secret stays");
    assert_eq!(send(portal, &token, &key, "two", &again).await.status, 409);
    let replaced = replaced.json();
    assert_eq!(verify(portal, &token, &lost["secret_key"]).await["code"], "rotated");
    assert_eq!(verify(portal, &token, &issued["secret_key"]).await["secret"], "previous");
    // A use in memory counts, too.
    assert_eq!(verify(portal, &token, &replaced["secret_key"]).await["secret"], "current");
    let refused = send(portal, &token, &key, "three", &again).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (409, &json!("secret_in_use")));
    assert_eq!(verify(portal, &token, &replaced["secret_key"]).await["valid"], true, "it works as before");
}

async fn a_client_that_leaves_ends_no_secret_for_good(portal: &TestPortal) {
    let (token, key, issued) = key(portal).await;
    assert_eq!(verify(portal, &token, &issued["secret_key"]).await["valid"], true);
    let id = KeyId::parse(&key).expect("an id");
    let has_secret = async || portal.store.live_secrets(&id).await.expect("read").current.is_some();
    let becomes_accepted = async || {
        let accepted = async {
            while !has_secret().await {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), accepted).await.expect("it is accepted again");
    };
    for _ in 0..5 {
        tokio::select! {
            answer = rotate(portal, &token, &key, json!({ "replace_unseen": true })) => assert_eq!(answer.status, 409),
            () = async { while has_secret().await { tokio::task::yield_now().await } } => {}
        }
        becomes_accepted().await;
    }
    assert_eq!(verify(portal, &token, &issued["secret_key"]).await["valid"], true);
    // The process was killed in the meantime.
    let found = portal.store.find(None, &id).await.expect("asked").expect("there");
    let lost = rotated(portal, &token, &key, json!({ "grace_seconds": 0 })).await;
    portal.store.set_aside(&Act::by(Actor::CommandLine), &found).await.expect("set aside");
    assert_eq!(verify(portal, &token, &lost["secret_key"]).await["code"], "rotated");
    turn(portal, 61).await;
    let (stop, stopped) = watch::channel(false);
    let worker = tokio::spawn(work(portal.store.store.clone(), queues(UsageRetention::default()), stopped));
    becomes_accepted().await;
    stop.send(true).expect("it works");
    worker.await.expect("no panic");
    assert_eq!(verify(portal, &token, &lost["secret_key"]).await["valid"], true);
}

async fn the_old_secret_ends_early_or_is_extended_once(portal: &TestPortal) {
    let (token, key, issued) = key(portal).await;
    let at = |what: &str| format!("/v1/keys/{key}/{what}");
    for (what, body) in [("end-previous", json!({})), ("extend-previous", json!({ "seconds": 60 }))] {
        let refused = portal.json(&at(what), &token, &body).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (409, &json!("not_rotating")));
    }
    rotated(portal, &token, &key, json!({ "grace_seconds": 3600 })).await;
    let extended = portal.json(&at("extend-previous"), &token, &json!({ "seconds": 3600 })).await;
    assert_eq!((extended.status.as_u16(), &extended.json()["rotating"]), (200, &json!(true)), "{}", extended.body);
    assert_eq!(extended.json()["previous_expires_at"], "2026-11-22T08:00:00Z");
    let again = portal.json(&at("extend-previous"), &token, &json!({ "seconds": 3600 })).await;
    assert_eq!((again.status.as_u16(), &again.json()["code"]), (409, &json!("already_extended")));
    assert_eq!(verify(portal, &token, &issued["secret_key"]).await["secret_expires_at"], "2026-11-22T08:00:00Z");
    let ended = portal.json(&at("end-previous"), &token, &json!({})).await;
    assert_eq!((ended.status.as_u16(), &ended.json()["status"]), (200, &json!("active")), "{}", ended.body);
    assert_eq!(verify(portal, &token, &issued["secret_key"]).await["code"], "rotated");
    let log = format!("/v1/orgs/{}/audit", issued["org_id"].as_str().expect("text"));
    let actions = portal.manage(&log, &token, None).await.json()["data"].to_string();
    for action in ["key.rotated", "key.grace_extended", "key.secret_ended"] {
        assert!(actions.contains(action), "{action}");
    }
    portal.json(&at("revoke"), &token, &json!({})).await;
    let refused = rotate(portal, &token, &key, json!({})).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (409, &json!("key_revoked")));
}

async fn wrong_fields_are_named_by_pointers(portal: &TestPortal) {
    let (token, key, _) = key(portal).await;
    let before = portal.store.dump().await;
    for (body, status, pointer) in [
        (json!({ "grace_seconds": 2_592_001 }), 422, "/grace_seconds"),
        (json!({ "grace_seconds": -1 }), 422, "/grace_seconds"),
        (json!({ "end": "both" }), 422, "/end"),
        (json!({ "end": "current", "replace_unseen": true }), 422, "/replace_unseen"),
        (json!({ "grace": 1 }), 422, ""),
    ] {
        let refused = rotate(portal, &token, &key, body.clone()).await;
        assert!([400, status].contains(&refused.status.as_u16()), "{body}: {}", refused.body);
        assert!(refused.body.contains(pointer), "{body}: {}", refused.body);
    }
    assert_eq!(portal.store.dump().await, before);
}

async fn lists_show_and_filter_what_is_rotated(portal: &TestPortal) {
    let (token, key, issued) = key(portal).await;
    let keys = format!("/v1/apps/{}/keys", issued["app_id"].as_str().expect("text"));
    let body = json!({ "label": "Other", "environment": "production", "scopes": ["read"] });
    portal.json(&keys, &token, &body).await;
    rotated(portal, &token, &key, json!({ "grace_seconds": 60 })).await;
    let listed = async |status: &str| {
        let list = portal.manage(&format!("{keys}?status={status}"), &token, None).await.json();
        let labels = list["data"].as_array().expect("a list").iter().map(|key| key["label"].clone());
        labels.collect::<Vec<_>>()
    };
    assert_eq!((listed("rotating").await, listed("active").await), (vec![json!("CI")], vec![json!("Other")]));
    turn(portal, 60).await;
    assert_eq!((listed("rotating").await.len(), listed("active").await.len()), (0, 2));
}

async fn personal_tokens_rotate_too(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, secret) = portal.key(&app).await;
    let ada = portal.store.account_by_email("ada@example.com").await.expect("asked").expect("there").user;
    let (_, token) = portal.personal_token(&ada, "Laptop").await;
    let answer = rotated(portal, &token, &key, json!({ "grace_seconds": 60 })).await;
    let passed = portal.auth("", &[("x-api-key", &secret)]).await;
    assert_eq!(passed.header("x-auth-secret"), "previous");
    assert_eq!(answer["previous_expires_at"], "2026-11-22T06:01:00Z");
}

async fn a_key_rotates_itself_where_the_profile_allows_it(portal: &TestPortal) {
    let (token, key, issued) = key(portal).await;
    let secret = issued["secret_key"].as_str().expect("text");
    assert_eq!(rotate(portal, secret, &key, json!({})).await.status, 401, "not with this profile");
    let profile = include_str!("../../../../../examples/profiles/default.toml");
    let portal = &portal.with_profile(&profile.replace("kind = \"grace\"", "kind = \"grace\"\nby_itself = true")).await;
    let body = json!({ "label": "Other", "environment": "production", "scopes": ["read"] });
    let keys = format!("/v1/apps/{}/keys", issued["app_id"].as_str().expect("text"));
    let other = portal.json(&keys, &token, &body).await.json();
    let other = other["key_id"].as_str().expect("text");
    assert_eq!(rotate(portal, secret, other, json!({})).await.status, 401, "another key");
    let mine = format!("/v1/keys/{key}");
    assert_eq!(portal.manage(&mine, secret, None).await.status, 401, "and nothing else");
    let new = rotated(portal, secret, &key, json!({ "grace_seconds": 60 })).await;
    let new = new["secret_key"].as_str().expect("text");
    let by_old = rotate(portal, secret, &key, json!({ "end": "current" })).await;
    assert_eq!(by_old.status, 403, "with the old secret: {}", by_old.body);
    let ended = portal.json(&format!("{mine}/end-previous"), new, &json!({})).await;
    assert_eq!(ended.status, 200, "{}", ended.body);
    let at_once = rotated(portal, new, &key, json!({ "grace_seconds": 0 })).await;
    assert_eq!(at_once["previous_expires_at"], json!(null));
    assert_eq!(rotate(portal, new, &key, json!({})).await.status, 401, "it ended itself");
}

async fn where_keys_are_rotated_by_hand_it_is_refused(portal: &TestPortal) {
    let (token, key, _) = key(portal).await;
    let by_hand = portal.with_profile(include_str!("../../../../../examples/profiles/synheart.toml")).await;
    let refused = rotate(&by_hand, &token, &key, json!({})).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (409, &json!("rotated_by_hand")));
}

async fn half_moved_clients_sign_with_either_secret(portal: &TestPortal) {
    use base64::{Engine, prelude::BASE64_STANDARD};
    use sallyport::testing::{sign, signing_secret};
    let (token, key, issued) = key(portal).await;
    let new = rotated(portal, &token, &key, json!({ "grace_seconds": 60 })).await;
    let at = (portal.store.now().micros() / 1_000_000).to_string();
    let judged = async |key: &Value, signing: &Value, body: &str| {
        let signing = signing_secret(signing.as_str().expect("text"));
        let signature = json!({
            "timestamp": at, "signature": sign(&signing, &at, body.as_bytes()),
            "body_base64": BASE64_STANDARD.encode(body),
        });
        let ask = json!({ "key": key["secret_key"], "signature": signature });
        portal.json("/v1/keys/verify", &token, &ask).await.json()["code"].clone()
    };
    for (n, key, signing) in [(1, &issued, &issued), (2, &issued, &new), (3, &new, &issued), (4, &new, &new)] {
        assert_eq!(judged(key, &signing["signing_secret"], &n.to_string()).await, "valid", "{n}");
    }
    turn(portal, 60).await;
    assert_eq!(judged(&new, &issued["signing_secret"], "5").await, "bad_signature");
    assert_eq!(judged(&new, &new["signing_secret"], "5").await, "valid");
}
