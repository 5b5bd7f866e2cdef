//! `/v1/apps/{app_id}/trust-rules` and `/v1/trust-rules/{trust_rule_id}`

use axum::{
    body::Body,
    http::{Method, header},
};
use sallyport::personal_token::{NewPersonalToken, TokenScope, TokenScopes};
use serde_json::{Value, json};

use crate::{client::Client, portal::TestPortal};

crate::on_both_portals!(
    a_rule_is_made_read_changed_and_deleted,
    what_would_trust_strangers_is_refused,
    an_app_has_at_most_fifty,
    profiles_with_other_holders_have_none,
    scopes_that_outlive_a_rule_are_refused,
    a_token_that_gives_no_keys_makes_no_rule,
);

fn rule() -> Value {
    json!({
        "name": "Deploy from main", "issuer": "https://token.actions.githubusercontent.com", "audience": "https://portal.example.com",
        "claims": { "sub": "repo:acme/shop:ref:refs/heads/main" }, "environment": "production", "scopes": ["read"],
    })
}

async fn a_rule_is_made_read_changed_and_deleted(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, _, _, app] = portal.managed(&token).await;
    let list = format!("/v1/apps/{app}/trust-rules");
    let made = portal.json(&list, &token, &rule()).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let id = made.json()["trust_rule_id"].as_str().expect("an id").to_owned();
    let at = format!("/v1/trust-rules/{id}");
    assert_eq!(made.location(), at);
    let expected = json!({
        "trust_rule_id": id, "app_id": app, "org_id": org, "name": "Deploy from main",
        "issuer": "https://token.actions.githubusercontent.com", "audience": "https://portal.example.com",
        "claims": { "sub": "repo:acme/shop:ref:refs/heads/main" }, "environment": "production", "mode": "live",
        "scopes": ["read"], "lifetime_seconds": 900, "addresses": [], "paused": false, "last_used_at": null,
        "created_at": made.json()["created_at"], "created_by": made.json()["created_by"],
    });
    assert_eq!(made.json(), expected);
    assert_eq!(portal.manage(&at, &token, None).await.json(), expected);
    assert_eq!(portal.manage(&list, &token, None).await.json()["data"], json!([expected]));

    let change = json!({ "lifetime_seconds": 60, "addresses": ["203.0.113.0/24"], "paused": true });
    let changed = portal.patch(&at, &token, &change).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    let changed = changed.json();
    assert_eq!((&changed["lifetime_seconds"], &changed["paused"]), (&json!(60), &json!(true)));
    assert_eq!((&changed["addresses"], &changed["claims"]), (&json!(["203.0.113.0/24"]), &expected["claims"]));
    // Nothing changes: nothing is recorded.
    let before = portal.store.dump().await["events"].len();
    assert_eq!(portal.patch(&at, &token, &json!({ "paused": true })).await.json(), changed);
    assert_eq!(portal.store.dump().await["events"].len(), before);

    let delete = || {
        let request = Client::request(Method::DELETE, &at).header(header::AUTHORIZATION, format!("Bearer {token}"));
        request.body(Body::empty()).expect("a request")
    };
    assert_eq!(portal.send(delete()).await.status, 204);
    assert_eq!(portal.send(delete()).await.status, 404);
    assert_eq!(portal.manage(&at, &token, None).await.status, 404);
}

async fn what_would_trust_strangers_is_refused(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [_, _, _, app] = portal.managed(&token).await;
    let list = format!("/v1/apps/{app}/trust-rules");
    for (changed, pointer) in [
        (json!({ "name": "" }), "/name"),
        (json!({ "name": "x".repeat(101) }), "/name"),
        (json!({ "issuer": "" }), "/issuer"),
        (json!({ "issuer": "github" }), "/issuer"),
        (json!({ "issuer": "http://token.actions.githubusercontent.com:25" }), "/issuer"),
        (json!({ "issuer": "https://10.0.0.1" }), "/issuer"),
        (json!({ "issuer": "https://ada@issuer.example.com" }), "/issuer"),
        (json!({ "issuer": "https://issuer.example.com?x=1" }), "/issuer"),
        (json!({ "issuer": "https://issuer.example.com#x" }), "/issuer"),
        (json!({ "issuer": " https://issuer.example.com" }), "/issuer"),
        (json!({ "audience": "" }), "/audience"),
        (json!({ "audience": "*" }), "/audience"),
        (json!({ "audience": "a b" }), "/audience"),
        (json!({ "audience": "x".repeat(256) }), "/audience"),
        (json!({ "claims": {} }), "/claims"),
        (json!({ "claims": { "ref": "refs/heads/main" } }), "/claims"),
        (json!({ "claims": { "repository": "acme/shop" } }), "/claims"),
        (json!({ "claims": { "sub": "" } }), "/claims"),
        (json!({ "claims": { "sub": "*" } }), "/claims"),
        (json!({ "claims": { "sub": "**" } }), "/claims"),
        (json!({ "claims": { "sub": "repo:*" } }), "/claims"),
        (json!({ "claims": { "sub": "repo:**" } }), "/claims"),
        (json!({ "claims": { "sub": "repo:*/shop:ref:refs/heads/main" } }), "/claims"),
        (json!({ "claims": { "sub": "repo:acme*" } }), "/claims"),
        (json!({ "claims": { "repository_id": "*" } }), "/claims"),
        (json!({ "claims": { "sub": "repo:acme/shop", "ref": "*" } }), "/claims"),
        (json!({ "claims": { "sub": "repo:acme/shop", "iss": "x" } }), "/claims"),
        (json!({ "claims": { "sub": "repo:acme/shop", "jti": "x" } }), "/claims"),
        (json!({ "claims": { "sub": "repo:acme/shop", "a b": "x" } }), "/claims"),
        (json!({ "environment": "moon" }), "/environment"),
        (json!({ "scopes": [] }), "/scopes"),
        (json!({ "scopes": ["fly"] }), "/scopes"),
        (json!({ "lifetime_seconds": 901 }), "/lifetime_seconds"),
        (json!({ "lifetime_seconds": 59 }), "/lifetime_seconds"),
        (json!({ "lifetime_seconds": 0 }), "/lifetime_seconds"),
        (json!({ "addresses": ["everywhere"] }), "/addresses"),
    ] {
        let mut new = rule();
        for (name, value) in changed.as_object().expect("an object") {
            new[name] = value.clone();
        }
        let answer = portal.json(&list, &token, &new).await;
        assert_eq!(answer.status, 422, "{changed}: {}", answer.body);
        let errors = answer.json()["errors"].to_string();
        assert!(errors.contains(&format!("\"{pointer}")), "{changed}: {errors}");
    }
    for changed in [json!({ "claims": "sub" }), json!({ "claims": { "sub": 7 } }), json!({ "wildcard": true })] {
        let mut new = rule();
        for (name, value) in changed.as_object().expect("an object") {
            new[name] = value.clone();
        }
        let status = portal.json(&list, &token, &new).await.status.as_u16();
        assert!(status == 400 || status == 422, "{changed}: {status}");
    }
    assert_eq!(portal.manage(&list, &token, None).await.json()["data"], json!([]));
}

async fn an_app_has_at_most_fifty(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [_, _, _, app] = portal.managed(&token).await;
    let list = format!("/v1/apps/{app}/trust-rules");
    for _ in 0..50 {
        assert_eq!(portal.json(&list, &token, &rule()).await.status, 201);
    }
    let answer = portal.json(&list, &token, &rule()).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (409, &json!("too_many_trust_rules")));
}

async fn profiles_with_other_holders_have_none(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [_, _, _, app] = portal.managed(&token).await;
    let other = portal.with_profile(include_str!("../../../../examples/profiles/synaptiq.toml")).await;
    let answer = other.json(&format!("/v1/apps/{app}/trust-rules"), &token, &rule()).await;
    assert_eq!(answer.status, 422, "{}", answer.body);
    assert!(answer.body.contains("Keys belong to"), "{}", answer.body);
}

async fn scopes_that_outlive_a_rule_are_refused(portal: &TestPortal) {
    let scopes = "[[scopes]]\nname = \"mint\"\ntitle = \"Mint\"\nmint_capabilities = true\n\n\
        [[scopes]]\nname = \"more\"\ntitle = \"More\"\nimplies = [\"mint\"]\n\n[plans.starter]";
    let text = include_str!("../../../../examples/profiles/default.toml").replacen("[plans.starter]", scopes, 1);
    let portal = &portal.with_profile(&text).await;
    let token = portal.token(true, None).await;
    let [_, _, _, app] = portal.managed(&token).await;
    let list = format!("/v1/apps/{app}/trust-rules");
    let id = portal.made(&token, &list, rule(), "trust_rule_id").await;
    for scope in ["mint", "more"] {
        let scopes = json!(["read", scope]);
        let mut new = rule();
        new["scopes"] = scopes.clone();
        for answer in [
            portal.json(&list, &token, &new).await,
            portal.patch(&format!("/v1/trust-rules/{id}"), &token, &json!({ "scopes": scopes })).await,
        ] {
            assert_eq!(answer.status, 422, "{scope}: {}", answer.body);
            assert!(answer.body.contains("/scopes") && answer.body.contains("outlive the rule"), "{}", answer.body);
        }
    }
}

async fn a_token_that_gives_no_keys_makes_no_rule(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let ada = portal.store.account_by_email("ada@example.com").await.expect("asked").expect("there").user;
    let with = async |name: &str, scopes: TokenScopes| {
        let form_token = name.as_bytes().to_vec();
        let new = NewPersonalToken { name: name.to_owned(), scopes, expires_at: None, form_token };
        let made = portal.store.issue_personal_token(&portal.store.act(&ada), new).await;
        made.expect("made").1.expose().to_owned()
    };
    let places = TokenScopes::READ.with(TokenScope::Places);
    let (less, both) = (with("Places", places).await, with("Both", places.with(TokenScope::Keys)).await);
    let list = format!("/v1/apps/{app}/trust-rules");
    // Without the cookies of who is signed in.
    let api = portal.another();
    let refused = api.json(&list, &less, &rule()).await;
    assert!(refused.status == 403 && refused.body.contains("lacks the scope keys"), "{}", refused.body);
    let made = api.json(&list, &both, &rule()).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let at = made.location().to_owned();
    for (change, status) in [
        (json!({ "scopes": ["read", "write"] }), 403),
        (json!({ "name": "Deploys", "paused": true }), 403),
        (json!({ "paused": true }), 200),
        (json!({ "paused": false }), 403),
    ] {
        let answer = api.patch(&at, &less, &change).await;
        assert_eq!(answer.status.as_u16(), status, "{change}: {}", answer.body);
    }
    let delete = Client::request(Method::DELETE, &at).header(header::AUTHORIZATION, format!("Bearer {less}"));
    let deleted = api.send(delete.body(Body::empty()).expect("a request")).await;
    assert_eq!(deleted.status, 204, "{}", deleted.body);
}
