//! How the keys of issuers are fetched.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    World, exchange,
    issuer::{Issuer, jwk, new_ecdsa, signed_by},
    refused, rule,
};
use crate::portal::TestPortal;

crate::on_both_portals!(
    an_unknown_key_is_looked_for_once_a_minute,
    keys_are_fetched_again_after_a_while,
    who_hangs_up_keeps_nobody_from_the_keys,
    known_keys_wait_for_no_fetch,
    an_issuer_can_lead_nowhere_else,
    an_issuer_without_keys_is_throttled,
);

async fn an_unknown_key_is_looked_for_once_a_minute(portal: &TestPortal) {
    let world = World::new(portal).await;
    let (issuer, app) = (&world.issuer, world.app.as_str());
    world.key(portal, "first").await;
    assert_eq!(issuer.asked(), (1, 1));
    let (new, header) = (new_ecdsa(), json!({ "alg": "ES256", "kid": "new" }));
    let token = |jti: &str| signed_by(&new, &header, &world.claims(portal, jti));
    // Right after: not even a flood asks for more.
    for n in 0..5 {
        let (_, _, why) = refused(&exchange(portal, app, &token(&format!("early {n}")), &[]).await);
        assert!(why.contains("no such key"), "{why}");
    }
    assert_eq!(issuer.asked(), (1, 1));
    // The issuer rotates its keys: they are found within a minute.
    let discovery = json!({ "issuer": issuer.url, "jwks_uri": format!("{}/keys", issuer.url) });
    let mut keys = issuer.own_keys();
    keys["keys"].as_array_mut().expect("a list").push(jwk(&new, "new"));
    issuer.publish(discovery.clone(), keys);
    portal.wait(59);
    assert_eq!(exchange(portal, app, &token("still early"), &[]).await.status, 400);
    assert_eq!(issuer.asked(), (1, 1));
    portal.wait(1);
    assert_eq!(exchange(portal, app, &token("in time"), &[]).await.status, 200);
    assert_eq!(issuer.asked(), (2, 2));
    world.key(portal, "old").await;
    assert_eq!(issuer.asked(), (2, 2), "known keys cost nothing");
    // One that it took back is refused once the keys are fetched again.
    issuer.publish(discovery, issuer.own_keys());
    portal.wait(600);
    let (_, _, why) = refused(&exchange(portal, app, &token("taken back"), &[]).await);
    assert!(why.contains("no such key"), "{why}");
}

async fn keys_are_fetched_again_after_a_while(portal: &TestPortal) {
    let world = World::new(portal).await;
    let issuer = &world.issuer;
    world.key(portal, "first").await;
    portal.wait(599);
    world.key(portal, "second").await;
    assert_eq!(issuer.asked(), (1, 1));
    portal.wait(1);
    world.key(portal, "third").await;
    assert_eq!(issuer.asked(), (2, 2));
    // While the issuer is broken, its keys are used for an hour, and no longer.
    issuer.publish(json!("junk"), Value::Null);
    portal.wait(3_000);
    world.key(portal, "fourth").await;
    assert_eq!(issuer.asked(), (3, 2));
    portal.wait(600);
    let answer = world.exchange(portal, &world.job(portal, "fifth")).await;
    let (status, error, _) = refused(&answer);
    assert_eq!((status, error.as_str()), (503, "temporarily_unavailable"), "{}", answer.body);
    assert_eq!(answer.header("retry-after"), "1");
}

async fn who_hangs_up_keeps_nobody_from_the_keys(portal: &TestPortal) {
    let world = World::new(portal).await;
    world.issuer.delay(Duration::from_millis(300));
    let left = world.job(portal, "left");
    tokio::select! {
        answer = world.exchange(portal, &left) => panic!("answered: {}", answer.body),
        () = world.issuer.is_asked(1) => {}
    }
    // The fetch went on: nothing has to wait for a minute.
    world.key(portal, "stayed").await;
    assert_eq!(world.issuer.asked(), (1, 1));
}

async fn known_keys_wait_for_no_fetch(portal: &TestPortal) {
    let world = World::new(portal).await;
    world.key(portal, "first").await;
    portal.wait(60);
    // Less than the fetch may take.
    world.issuer.delay(Duration::from_secs(8));
    let unknown = signed_by(&new_ecdsa(), &json!({ "alg": "ES256", "kid": "new" }), &world.claims(portal, "unknown"));
    let known = async {
        world.issuer.is_asked(2).await;
        world.key(portal, "known").await
    };
    tokio::select! {
        answer = world.exchange(portal, &unknown) => panic!("the known key waited: {}", answer.body),
        _ = known => {}
    }
}

async fn an_issuer_without_keys_is_throttled(portal: &TestPortal) {
    let world = World::new(portal).await;
    world.issuer.publish(json!("junk"), Value::Null);
    let here = portal.from("203.0.113.7");
    let token = world.job(portal, "one");
    let mut statuses = Vec::new();
    for _ in 0..61 {
        statuses.push(exchange(&here, world.app.as_str(), &token, &[]).await.status.as_u16());
    }
    assert_eq!((statuses[0], statuses[59], statuses[60]), (503, 503, 429));
}

async fn an_issuer_can_lead_nowhere_else(portal: &TestPortal) {
    let world = World::new(portal).await;
    let path = format!("/v1/apps/{}/trust-rules", world.app);
    for inside in ["http://10.0.0.1", "https://169.254.169.254", "https://[::1]:8443", "http://issuer.example.com:25"] {
        let mut new = rule(&world.issuer);
        new["issuer"] = json!(inside);
        let answer = portal.json(&path, &world.token, &new).await;
        assert_eq!((answer.status.as_u16(), answer.body.contains("/issuer")), (422, true), "{inside}: {}", answer.body);
    }
    // 127.0.0.1 is allowed in these tests; 127.0.0.2 is inside.
    for (n, discovery) in [
        |url: &str| json!({ "issuer": url, "jwks_uri": "http://127.0.0.2:1/keys" }),
        |url: &str| json!({ "issuer": url, "jwks_uri": "file:///etc/passwd" }),
        |url: &str| json!({ "issuer": url, "jwks_uri": format!("{url}/nowhere") }),
        |url: &str| json!({ "issuer": format!("{url}/"), "jwks_uri": format!("{url}/keys") }),
        |url: &str| json!({ "issuer": "https://token.actions.githubusercontent.com", "jwks_uri": format!("{url}/keys") }),
        |url: &str| json!({ "issuer": url, "jwks_uri": format!("{url}/keys"), "more": "x".repeat(300_000) }),
        |url: &str| json!({ "issuer": url }),
        |_: &str| json!([]),
    ]
    .into_iter()
    .enumerate()
    {
        let issuer = Issuer::start().await;
        issuer.publish(discovery(&issuer.url), issuer.own_keys());
        assert_no_keys(portal, &world, &issuer, n).await;
        assert_eq!(issuer.asked(), (1, 0), "{n}");
    }
    let (to, issuer) = (Issuer::start().await, Issuer::start().await);
    issuer.redirect(&format!("{}/.well-known/openid-configuration", to.url));
    assert_no_keys(portal, &world, &issuer, 100).await;
    assert_eq!(to.asked(), (0, 0), "redirects are not followed");
    // Too many keys, or what are no keys.
    for (n, keys) in [json!({ "keys": "x" }), json!({}), json!([])].into_iter().enumerate() {
        let issuer = Issuer::start().await;
        issuer.publish(json!({ "issuer": issuer.url, "jwks_uri": format!("{}/keys", issuer.url) }), keys);
        assert_no_keys(portal, &world, &issuer, 200 + n).await;
    }
}

async fn assert_no_keys(portal: &TestPortal, world: &World, issuer: &Issuer, n: usize) {
    let path = format!("/v1/apps/{}/trust-rules", world.app);
    portal.made(&world.token, &path, rule(issuer), "trust_rule_id").await;
    let mut claims = world.claims(portal, &format!("nowhere {n}"));
    claims["iss"] = json!(issuer.url);
    for _ in 0..2 {
        let (status, error, why) = refused(&world.exchange(portal, &issuer.token(&claims)).await);
        assert_eq!((status, error.as_str()), (503, "temporarily_unavailable"), "{n}: {why}");
        assert!(!why.contains("127.0.0"), "{why}");
    }
}
