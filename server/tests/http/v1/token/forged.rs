//! Tokens that somebody made up, or that are for somebody else: each is refused, and says why.

use serde_json::{Value, json};

use super::{
    AUDIENCE, World,
    issuer::{Issuer, encode, jwk, new_ecdsa, sign_with_hmac, signed_by},
    refused,
};
use crate::portal::TestPortal;

crate::on_both_portals!(forged_claims_are_refused, forged_signatures_are_refused);

/// What is changed of a good token's claims; `null` leaves the claim out. Then a part of the description.
fn claims(now: i64) -> Vec<(Value, &'static str)> {
    let day = 86_400;
    vec![
        // Another job.
        (json!({ "sub": "repo:acme/shop:ref:refs/heads/main/more" }), "No active trust rule"),
        (json!({ "sub": "repo:acme/shop:ref:refs/tags/v1" }), "No active trust rule"),
        (json!({ "sub": "repo:acme/shop:pull_request" }), "No active trust rule"),
        (json!({ "sub": "repo:acme/shop-evil:ref:refs/heads/main" }), "No active trust rule"),
        (json!({ "sub": "repo:acme-evil/shop:ref:refs/heads/main" }), "No active trust rule"),
        (json!({ "sub": "repo:evil/acme/shop:ref:refs/heads/main" }), "No active trust rule"),
        (json!({ "sub": "repo:acme/shop:ref:refs/heads/" }), "No active trust rule"),
        (json!({ "sub": "REPO:ACME/SHOP:ref:refs/heads/main" }), "No active trust rule"),
        (json!({ "sub": " repo:acme/shop:ref:refs/heads/main" }), "No active trust rule"),
        (json!({ "sub": "repo:acme/shop:ref:refs/heads/main\u{0}" }), "No active trust rule"),
        (json!({ "sub": "repo:acme/shop:ref:refs/heads/main:extra" }), "No active trust rule"),
        (json!({ "sub": "*" }), "No active trust rule"),
        (json!({ "repository_id": "746213909" }), "No active trust rule"),
        (json!({ "repository_id": "7462139080" }), "No active trust rule"),
        (json!({ "repository_id": ["746213908"] }), "No active trust rule"),
        (json!({ "repository_id": { "id": "746213908" } }), "No active trust rule"),
        (json!({ "repository_id": null }), "No active trust rule"),
        (json!({ "sub": null }), "no subject"),
        (json!({ "sub": ["repo:acme/shop:ref:refs/heads/main"] }), "no subject"),
        (json!({ "sub": "" }), "no subject"),
        // For another.
        (json!({ "aud": "https://portal.example.com/" }), "No active trust rule"),
        (json!({ "aud": "https://other.example.com" }), "No active trust rule"),
        (json!({ "aud": [AUDIENCE, "https://other.example.com"] }), "several audiences"),
        (json!({ "aud": [] }), "several audiences"),
        (json!({ "aud": "" }), "No active trust rule"),
        (json!({ "aud": null }), "no audience"),
        (json!({ "aud": 7 }), "no audience"),
        // Of another.
        (json!({ "iss": "https://token.actions.githubusercontent.com" }), "no active trust rule"),
        (json!({ "iss": "https://evil.example.com" }), "no active trust rule"),
        (json!({ "iss": "" }), "no active trust rule"),
        (json!({ "iss": null }), "no issuer"),
        (json!({ "iss": ["x"] }), "no issuer"),
        // At another time.
        (json!({ "exp": now }), "expired"),
        (json!({ "exp": now - 1 }), "expired"),
        (json!({ "exp": null }), "no end"),
        (json!({ "exp": (now + 300).to_string() }), "not a time"),
        (json!({ "exp": -1 }), "not a time"),
        (json!({ "exp": 1e300 }), "not a time"),
        (json!({ "exp": now + 2 * day }), "longer than a day"),
        (json!({ "iat": now + 300 }), "not valid yet"),
        (json!({ "nbf": now + 300 }), "not valid yet"),
        (json!({ "nbf": "soon" }), "not a time"),
        (json!({ "iat": now - 2 * day }), "longer than a day"),
        (json!({ "iat": null }), "no time"),
        // That nobody could tell from others.
        (json!({ "jti": null }), "no id"),
        (json!({ "jti": "" }), "no id"),
        (json!({ "jti": 7 }), "no id"),
        (json!({ "jti": "x".repeat(256) }), "no id"),
    ]
}

async fn forged_claims_are_refused(portal: &TestPortal) {
    let world = World::new(portal).await;
    let cases = claims(portal.store.now().seconds());
    assert!(cases.len() >= 30);
    for (n, (changed, about)) in cases.iter().enumerate() {
        let mut claims = world.claims(portal, &format!("forged {n}"));
        for (name, value) in changed.as_object().expect("an object") {
            match value {
                Value::Null => drop(claims.as_object_mut().expect("an object").remove(name)),
                value => claims[name] = value.clone(),
            }
        }
        // From somewhere else each time: what is refused counts.
        let here = portal.from(&format!("203.0.113.{n}"));
        let token = world.issuer.token(&claims);
        let answer = super::exchange(&here, world.app.as_str(), &token, &[]).await;
        let (status, error, why) = refused(&answer);
        assert_eq!((status, error.as_str()), (400, "invalid_request"), "{changed}: {why}");
        assert!(why.contains(about), "{changed}: {why}");
    }
    assert!(portal.store.keys_of_trust_rules(&world.app).await.expect("read").is_empty());
    // What is the same is not refused: the audience in a list, a clock that is ahead, a fraction of a second.
    let now = portal.store.now().seconds();
    for (n, (name, value)) in [
        ("aud", json!([AUDIENCE])),
        ("iat", json!(now + 30)),
        ("nbf", json!(now + 30)),
        ("exp", json!(300.5 + f64::from(u32::try_from(now).expect("small")))),
        ("nbf", Value::Null),
    ]
    .into_iter()
    .enumerate()
    {
        let mut claims = world.claims(portal, &format!("good {n}"));
        if value.is_null() {
            claims.as_object_mut().expect("an object").remove(name);
        } else {
            claims[name] = value;
        }
        let answer = world.exchange(portal, &world.issuer.token(&claims)).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.body);
    }
}

async fn forged_signatures_are_refused(portal: &TestPortal) {
    let world = World::new(portal).await;
    let (issuer, claims) = (&world.issuer, world.claims(portal, "one"));
    let good = issuer.token(&claims);
    let header = |changed: Value| {
        let mut header = issuer.header();
        for (name, value) in changed.as_object().expect("an object") {
            match value {
                Value::Null => drop(header.as_object_mut().expect("an object").remove(name)),
                value => header[name] = value.clone(),
            }
        }
        header
    };
    let signed = |changed: Value| issuer.sign(&header(changed), &claims);
    let parts: Vec<_> = good.split('.').collect();
    let own = jwk(&issuer.ecdsa, "ecdsa");
    let public = [own["x"].as_str().expect("text"), own["y"].as_str().expect("text")].concat();
    let other = new_ecdsa();
    let mut other_claims = claims.clone();
    other_claims["repository_id"] = json!("1");
    let unsigned = |alg: &str| format!("{}.{}.", encode(header(json!({ "alg": alg })).to_string()), parts[1]);
    let twice = r#"{"alg":"ES256","kid":"none","kid":"ecdsa","typ":"JWT"}"#;
    let cases: Vec<(String, &str)> = vec![
        (unsigned("none"), "not signed by"),
        (unsigned("None"), "not signed by"),
        (unsigned("NONE"), "not signed by"),
        (unsigned(""), "not signed by"),
        (unsigned("ES256"), "signature"),
        (sign_with_hmac(public.as_bytes(), &header(json!({ "alg": "HS256" })), &claims), "not signed by"),
        (sign_with_hmac(b"c2VjcmV0", &header(json!({ "alg": "HS256", "kid": "hmac" })), &claims), "not signed by"),
        (signed(json!({ "alg": "HS384" })), "not signed by"),
        (signed(json!({ "alg": "HS512" })), "not signed by"),
        (signed(json!({ "alg": "ES384" })), "not signed by"),
        (signed(json!({ "alg": "PS256" })), "not signed by"),
        (signed(json!({ "alg": "es256" })), "not signed by"),
        (signed(json!({ "alg": null })), "not signed by"),
        (signed(json!({ "alg": ["ES256"] })), "not signed by"),
        // The right key, by another algorithm than its own.
        (signed(json!({ "alg": "RS256" })), "signature"),
        (signed(json!({ "alg": "EdDSA" })), "signature"),
        (signed(json!({ "kid": "edwards" })), "signature"),
        (signed(json!({ "kid": null })), "no key"),
        (signed(json!({ "kid": "" })), "no key"),
        (signed(json!({ "kid": 7 })), "no key"),
        (signed(json!({ "kid": "hmac" })), "no such key"),
        (signed(json!({ "kid": "enc" })), "no such key"),
        (signed(json!({ "kid": "../keys" })), "no such key"),
        (signed(json!({ "crit": ["exp"] })), "crit"),
        (signed(json!({ "typ": "sallyport-capability+jwt" })), "another type"),
        // With keys of its own.
        (signed_by(&other, &header(json!({ "jwk": jwk(&other, "ecdsa") })), &claims), "signature"),
        (signed_by(&other, &header(json!({ "jku": "https://evil.example.com/keys" })), &claims), "signature"),
        (signed_by(&other, &issuer.header(), &claims), "signature"),
        // Parts of two.
        (format!("{}.{}.{}", parts[0], encode(other_claims.to_string()), parts[2]), "signature"),
        (format!("{}.{}.{}", encode(header(json!({ "x": 1 })).to_string()), parts[1], parts[2]), "signature"),
        (format!("{}.{}", parts[0], parts[1]), "not a signed"),
        (format!("{good}."), "not a signed"),
        (format!("{good}.{}", parts[2]), "not a signed"),
        (format!("{good}="), "not a signed"),
        (format!("{good} "), "not a signed"),
        (format!("{}.{}.{}", encode(twice), parts[1], parts[2]), "twice"),
        (format!("{}.{}.{}", encode("[]"), parts[1], parts[2]), "not a signed"),
        (format!("{}.{}.{}", parts[0], encode("[]"), parts[2]), "not a signed"),
        ("x".repeat(20_000), "longer than"),
        ("a.b.c".to_owned(), "not a signed"),
    ];
    for (n, (token, about)) in cases.iter().enumerate() {
        let here = portal.from(&format!("203.0.113.{n}"));
        let (status, error, why) = refused(&super::exchange(&here, world.app.as_str(), token, &[]).await);
        assert_eq!((status, error.as_str()), (400, "invalid_request"), "{n}: {why}");
        assert!(why.contains(about), "{n} {about}: {why}");
    }
    // A real token of another issuer, which signs for itself only.
    let stranger = Issuer::start().await;
    let (status, _, why) = refused(&world.exchange(portal, &stranger.token(&claims)).await);
    assert!(status == 400 && why.contains("signature"), "{why}");
    assert_eq!(stranger.asked(), (0, 0));
    assert_eq!(world.exchange(portal, &good).await.status, 200, "none of them used it up");
}
