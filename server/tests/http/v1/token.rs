//! `/v1/token`

mod forged;
mod issuer;
mod keys_of_issuers;
mod provider;

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, header},
};
use sallyport::{
    audit::{Act, Actor},
    id::{AppId, OrgId},
    store::{EventFilter, Reader},
};
use serde_json::{Value, json};
use url::form_urlencoded;

use self::issuer::Issuer;
use crate::{
    client::{Answer, Client},
    key_rules::put,
    portal::TestPortal,
};

crate::on_both_portals!(
    a_job_gets_a_key_for_its_token,
    a_token_is_exchanged_once,
    a_rule_that_is_taken_away_takes_its_keys,
    a_key_of_a_rule_is_only_revoked,
    the_rules_for_keys_apply,
    the_form_is_as_the_standard_says,
    keys_that_are_over_are_deleted,
    wrong_tokens_are_throttled,
);

const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
pub const AUDIENCE: &str = "https://portal.example.com";
pub const SUBJECT: &str = "repo:acme/shop:ref:refs/heads/main";

/// An app with a rule for an issuer.
pub struct World {
    pub issuer: Issuer,
    pub token: String,
    pub app: AppId,
    pub org: OrgId,
    pub rule: String,
}

impl World {
    pub async fn new(portal: &TestPortal) -> Self {
        let issuer = Issuer::start().await;
        let token = portal.token(true, None).await;
        let [org, _, _, app] = portal.managed(&token).await;
        let (app, org) = (AppId::parse(&app).expect("an id"), OrgId::parse(&org).expect("an id"));
        let rule = portal.made(&token, &format!("/v1/apps/{app}/trust-rules"), rule(&issuer), "trust_rule_id").await;
        Self { issuer, token, app, org, rule }
    }

    /// Of a job that the rule trusts.
    pub fn claims(&self, portal: &TestPortal, jti: &str) -> Value {
        let now = portal.store.now().seconds();
        json!({
            "iss": self.issuer.url, "aud": AUDIENCE, "sub": SUBJECT, "jti": jti, "iat": now - 5, "nbf": now - 5,
            "exp": now + 300, "repository_id": "746213908", "ref_protected": true, "run_attempt": 1,
        })
    }

    pub fn job(&self, portal: &TestPortal, jti: &str) -> String {
        self.issuer.token(&self.claims(portal, jti))
    }

    pub async fn exchange(&self, portal: &TestPortal, subject_token: &str) -> Answer {
        exchange(portal, self.app.as_str(), subject_token, &[]).await
    }

    /// The key for a new token.
    pub async fn key(&self, portal: &TestPortal, jti: &str) -> String {
        let answer = self.exchange(portal, &self.job(portal, jti)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["access_token"].as_str().expect("a key").to_owned()
    }

    pub async fn verified(&self, portal: &TestPortal, key: &str) -> Value {
        portal.json("/v1/keys/verify", &self.token, &json!({ "key": key, "scopes": ["read"] })).await.json()
    }
}

pub fn rule(issuer: &Issuer) -> Value {
    json!({
        "name": "Deploy", "issuer": issuer.url, "audience": AUDIENCE, "environment": "production", "scopes": ["read", "write"],
        "claims": { "sub": "repo:acme/shop:ref:refs/heads/*", "repository_id": "746213908" },
    })
}

pub async fn send(client: &Client, fields: &[(&str, &str)]) -> Answer {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request =
        Client::request(Method::POST, "/v1/token").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    client.another().send(request.body(Body::from(body)).expect("a request")).await
}

pub async fn exchange(client: &Client, app: &str, subject_token: &str, more: &[(&str, &str)]) -> Answer {
    let usual =
        [("grant_type", GRANT), ("subject_token_type", ID_TOKEN), ("subject_token", subject_token), ("audience", app)];
    let usual = usual.into_iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name));
    send(client, &usual.chain(more.iter().copied()).collect::<Vec<_>>()).await
}

/// The error and its description.
pub fn refused(answer: &Answer) -> (u16, String, String) {
    assert_eq!((answer.header("content-type"), answer.header("cache-control")), ("application/json", "no-store"));
    let json = answer.json();
    let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
    (answer.status.as_u16(), text("error"), text("error_description"))
}

async fn a_job_gets_a_key_for_its_token(portal: &TestPortal) {
    let world = World::new(portal).await;
    let answer = world.exchange(portal, &world.job(portal, "one")).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, "no-store"), "{}", answer.body);
    let given = answer.json();
    assert_eq!(given["issued_token_type"], "urn:ietf:params:oauth:token-type:access_token");
    assert_eq!((&given["token_type"], &given["expires_in"]), (&json!("Bearer"), &json!(900)));
    assert_eq!(given["scope"], "read write");
    let key = given["access_token"].as_str().expect("a key");
    let verdict = world.verified(portal, key).await;
    assert_eq!(
        (&verdict["valid"], &verdict["environment"], &verdict["mode"]),
        (&json!(true), &json!("production"), &json!("live"))
    );
    assert_eq!((&verdict["app_id"], &verdict["label"]), (&json!(world.app.as_str()), &json!("Deploy")));
    assert_eq!(verdict["metadata"], json!({ "issuer": world.issuer.url, "subject": SUBJECT }));

    // Less, by Ed25519; and more than the rule gives.
    let header = json!({ "alg": "EdDSA", "kid": "edwards" });
    let claims = world.claims(portal, "two");
    let token = world.issuer.sign_with_edwards(&header, &claims);
    let jwt = [("scope", "read"), ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt")];
    let fewer = exchange(portal, world.app.as_str(), &token, &jwt).await;
    assert_eq!((fewer.status.as_u16(), &fewer.json()["scope"]), (200, &json!("read")), "{}", fewer.body);
    let more = exchange(portal, world.app.as_str(), &world.job(portal, "three"), &[("scope", "read admin")]).await;
    assert_eq!((refused(&more).0, refused(&more).1.as_str()), (400, "invalid_scope"));

    // Listed apart from those of people.
    let listed = portal.manage(&format!("/v1/apps/{}/keys", world.app), &world.token, None).await.json();
    assert_eq!(listed["data"], json!([]));
    let keys = portal.store.keys_of_trust_rules(&world.app).await.expect("read");
    assert_eq!(keys.len(), 2);
    assert!(keys.iter().all(|key| key.trust_rule.as_ref().is_some_and(|rule| rule.as_str() == world.rule)));
    let rule = portal.manage(&format!("/v1/trust-rules/{}", world.rule), &world.token, None).await.json();
    assert!(rule["last_used_at"].is_string(), "{rule}");

    let filter = EventFilter { action: "trust_rule.key_given".to_owned(), ..EventFilter::default() };
    let events = portal.store.events(&world.org, None, &filter).await.expect("read").events;
    assert_eq!(events.len(), 2);
    let event = events.iter().find(|event| event.details.contains("\"one\"")).expect("there");
    let details: Value = serde_json::from_str(&event.details).expect("JSON");
    assert_eq!((event.actor_kind.as_str(), event.actor_id.as_str()), ("trust_rule", world.rule.as_str()));
    assert_eq!(
        (&details["issuer"], &details["subject"], &details["rule"]),
        (&json!(world.issuer.url), &json!(SUBJECT), &json!(world.rule))
    );
    assert!(!event.details.contains(key), "no secret");
    assert_eq!(world.issuer.asked(), (1, 1), "its keys are kept");
}

async fn a_token_is_exchanged_once(portal: &TestPortal) {
    let world = World::new(portal).await;
    let token = world.job(portal, "same");
    let at_once: Vec<_> = (0..6).map(|_| world.exchange(portal, &token)).collect();
    let answers = futures_util::future::join_all(at_once).await;
    let given = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(given, 1, "{:?}", answers.iter().map(|answer| answer.body.as_str()).collect::<Vec<_>>());
    // Signed again, for another app, too: the id counts.
    for (n, other) in [world.app.clone(), portal_app(portal, &world).await].iter().enumerate() {
        let again = world.issuer.token(&world.claims(portal, "same"));
        let (status, error, why) = refused(&exchange(portal, other.as_str(), &again, &[]).await);
        assert_eq!((status, error.as_str()), (400, "invalid_request"), "{n}");
        assert!(why.contains("exchanged before"), "{why}");
    }
    // That of another issuer is another token.
    let second = Issuer::start().await;
    portal.made(&world.token, &format!("/v1/apps/{}/trust-rules", world.app), rule(&second), "trust_rule_id").await;
    let mut claims = world.claims(portal, "same");
    claims["iss"] = json!(second.url);
    assert_eq!(world.exchange(portal, &second.token(&claims)).await.status, 200);
}

/// Another app that trusts the same.
async fn portal_app(portal: &TestPortal, world: &World) -> AppId {
    let project = portal.manage(&format!("/v1/apps/{}", world.app), &world.token, None).await.json();
    let project = project["project_id"].as_str().expect("an id").to_owned();
    let app =
        portal.made(&world.token, &format!("/v1/projects/{project}/apps"), json!({ "name": "Other" }), "app_id").await;
    portal.made(&world.token, &format!("/v1/apps/{app}/trust-rules"), rule(&world.issuer), "trust_rule_id").await;
    AppId::parse(&app).expect("an id")
}

async fn a_rule_that_is_taken_away_takes_its_keys(portal: &TestPortal) {
    let world = World::new(portal).await;
    let at = format!("/v1/trust-rules/{}", world.rule);
    let path = format!("/v1/apps/{}/keys", world.app);
    let new = json!({ "label": "Stays", "environment": "production", "scopes": ["read"] });
    let stays = portal.json(&path, &world.token, &new).await.json()["secret_key"].as_str().expect("a key").to_owned();
    let code = |verdict: Value| verdict["code"].as_str().unwrap_or_default().to_owned();

    for (jti, change) in [
        ("paused", json!({ "paused": true })),
        ("claims", json!({ "claims": { "sub": "repo:acme/shop:ref:refs/heads/*" } })),
        ("scopes", json!({ "scopes": ["read"] })),
    ] {
        portal.patch(&at, &world.token, &json!({ "paused": false })).await;
        let key = world.key(portal, jti).await;
        assert_eq!(code(world.verified(portal, &key).await), "valid", "cached");
        let changed = portal.patch(&at, &world.token, &change).await;
        assert_eq!(changed.status, 200, "{}", changed.body);
        assert_eq!(code(world.verified(portal, &key).await), "revoked", "{jti}");
    }
    portal.patch(&at, &world.token, &json!({ "paused": true })).await;
    let (status, _, why) = refused(&world.exchange(portal, &world.job(portal, "while paused")).await);
    assert!(status == 400 && why.contains("no active trust rule"), "{why}");
    portal.patch(&at, &world.token, &json!({ "paused": false })).await;

    // Another name changes nothing for the keys.
    let key = world.key(portal, "name").await;
    portal.patch(&at, &world.token, &json!({ "name": "Deploys" })).await;
    assert_eq!(code(world.verified(portal, &key).await), "valid");
    let delete = Client::request(Method::DELETE, &at).header(header::AUTHORIZATION, format!("Bearer {}", world.token));
    let deleted = portal.another().send(delete.body(Body::empty()).expect("a request")).await;
    assert_eq!(deleted.status, 204, "{}", deleted.body);
    assert_eq!(code(world.verified(portal, &key).await), "revoked");
    assert_eq!(world.exchange(portal, &world.job(portal, "after")).await.status, 400);
    assert_eq!(code(world.verified(portal, &stays).await), "valid", "a person's key stays");

    let events = portal.store.events(&world.org, None, &EventFilter::default()).await.expect("read").events;
    let of_rules: Vec<_> =
        events.iter().map(|event| event.action.as_str()).filter(|action| action.starts_with("trust_rule.")).collect();
    for action in ["created", "changed", "paused", "resumed", "deleted", "key_given"] {
        assert!(of_rules.contains(&format!("trust_rule.{action}").as_str()), "{action}: {of_rules:?}");
    }
}

async fn a_key_of_a_rule_is_only_revoked(portal: &TestPortal) {
    let world = World::new(portal).await;
    let key = world.key(portal, "one").await;
    let id = portal.store.keys_of_trust_rules(&world.app).await.expect("read")[0].id.clone();
    let of_key = |rest: &str| format!("/v1/keys/{id}{rest}");
    for (answer, what) in [
        (portal.patch(&of_key(""), &world.token, &json!({ "expires_at": null })).await, "its expiry"),
        (portal.patch(&of_key(""), &world.token, &json!({ "scopes": ["read", "write", "admin"] })).await, "its scopes"),
        (portal.json(&of_key("/rotate"), &world.token, &json!({})).await, "its secret"),
    ] {
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["code"]),
            (409, &json!("key_of_trust_rule")),
            "{what}: {}",
            answer.body
        );
    }
    let revoked = portal.json(&of_key("/revoke"), &world.token, &json!({})).await;
    assert_eq!(revoked.status, 200, "{}", revoked.body);
    assert_eq!(world.verified(portal, &key).await["code"], "revoked");
}

async fn the_rules_for_keys_apply(portal: &TestPortal) {
    let world = World::new(portal).await;
    let policy = format!("/v1/orgs/{}/key-policy", world.org);
    let set = async |rules: Value| {
        let answer = put(portal, &policy, &world.token, &rules).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    };
    for (rules, about) in [
        (json!({ "approval_scopes": ["write"] }), "approve"),
        (json!({ "approval_environments": ["production"] }), "approve"),
        (json!({ "addresses_in_production": true }), "Addresses in production"),
    ] {
        set(rules).await;
        let (status, error, why) = refused(&world.exchange(portal, &world.job(portal, about)).await);
        assert!(status == 400 && error == "invalid_request" && why.contains(about), "{error} {why}");
        // Such a rule is refused at once.
        let answer =
            portal.json(&format!("/v1/apps/{}/trust-rules", world.app), &world.token, &rule(&world.issuer)).await;
        assert_eq!(answer.status, 422, "{}", answer.body);
    }
    set(json!({ "most_keys_per_app": 1 })).await;
    world.key(portal, "first").await;
    let token = world.job(portal, "second");
    let (_, _, why) = refused(&world.exchange(portal, &token).await);
    assert!(why.contains("Most keys"), "{why}");
    set(json!({})).await;
    assert_eq!(world.exchange(portal, &token).await.status, 200, "a refused token was not used");
    // With addresses, production is possible.
    set(json!({ "addresses_in_production": true })).await;
    let mut with = rule(&world.issuer);
    with["addresses"] = json!(["203.0.113.0/24"]);
    let answer = portal.json(&format!("/v1/apps/{}/trust-rules", world.app), &world.token, &with).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    // An archived app gives none.
    set(json!({})).await;
    let app = portal.store.find(Reader::All, &world.app).await.expect("read").expect("there");
    portal.store.archive_place(&Act::by(Actor::CommandLine), &(&app).into()).await.expect("archived");
    let (status, error, _) = refused(&world.exchange(portal, &world.job(portal, "archived")).await);
    assert_eq!((status, error.as_str()), (400, "invalid_target"));
}

async fn the_form_is_as_the_standard_says(portal: &TestPortal) {
    let world = World::new(portal).await;
    let (token, app) = (world.job(portal, "one"), world.app.as_str());
    for (fields, error) in [
        (vec![("grant_type", "client_credentials")], "unsupported_grant_type"),
        (vec![("grant_type", "")], "invalid_request"),
        (vec![("subject_token", "")], "invalid_request"),
        (vec![("subject_token_type", "")], "invalid_request"),
        (vec![("subject_token_type", "urn:ietf:params:oauth:token-type:saml2")], "invalid_request"),
        (vec![("requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token")], "invalid_request"),
        (vec![("actor_token", "x")], "invalid_request"),
        (vec![("resource", "https://api.example.com")], "invalid_target"),
        (vec![("audience", "")], "invalid_request"),
        (vec![("audience", "shop")], "invalid_target"),
        (vec![("audience", "app_none_kB8mPx")], "invalid_request"),
        (vec![("scope", "fly")], "invalid_scope"),
        (vec![("audience", app), ("audience", app)], "invalid_request"),
    ] {
        let answer = exchange(portal, app, &token, &fields).await;
        let (status, found, why) = refused(&answer);
        assert_eq!((status, found.as_str()), (400, error), "{fields:?}: {why}");
        assert!(!why.is_empty() && !answer.body.contains(&token), "{fields:?}");
    }
    let json = Client::request(Method::POST, "/v1/token").header(header::CONTENT_TYPE, "application/json");
    let answer = portal.send(json.body(Body::from("{}")).expect("a request")).await;
    assert_eq!((refused(&answer).0, refused(&answer).1.as_str()), (400, "invalid_request"));
    let wanted = [("requested_token_type", "urn:ietf:params:oauth:token-type:access_token")];
    assert_eq!(exchange(portal, app, &token, &wanted).await.status, 200, "it was not used up");
}

async fn keys_that_are_over_are_deleted(portal: &TestPortal) {
    let world = World::new(portal).await;
    let key = world.key(portal, "one").await;
    assert_eq!(portal.store.delete_keys_of_trust_rules().await.expect("deleted"), 0);
    portal.store.clock.turn(Duration::from_secs(901));
    assert_eq!(world.verified(portal, &key).await["valid"], false);
    assert_eq!(portal.store.delete_keys_of_trust_rules().await.expect("deleted"), 1);
    let dump = portal.store.dump().await;
    assert!(dump["keys"].is_empty(), "{dump:?}");
    assert_eq!(world.verified(portal, &key).await["valid"], false);
    // Its token has expired, too, but the clock of another node may be behind.
    assert_eq!(dump["exchanged_tokens"].len(), 1);
    portal.store.clock.turn(Duration::from_secs(24 * 60 * 60));
    assert_eq!(portal.store.delete_keys_of_trust_rules().await.expect("deleted"), 0);
    assert!(portal.store.dump().await["exchanged_tokens"].is_empty());
}

async fn wrong_tokens_are_throttled(portal: &TestPortal) {
    let world = World::new(portal).await;
    let here = portal.from("203.0.113.7");
    let mut statuses = Vec::new();
    for _ in 0..61 {
        statuses.push(exchange(&here, world.app.as_str(), "a.b.c", &[]).await.status.as_u16());
    }
    assert_eq!((statuses[0], statuses[59], statuses[60]), (400, 400, 429));
    let answer = exchange(&here, world.app.as_str(), &world.job(portal, "one"), &[]).await;
    assert_eq!((refused(&answer).0, refused(&answer).1.as_str()), (429, "slow_down"));
    assert!(!answer.header("retry-after").is_empty());
    let elsewhere = portal.from("198.51.100.7");
    assert_eq!(exchange(&elsewhere, world.app.as_str(), &world.job(portal, "one"), &[]).await.status, 200);
}
