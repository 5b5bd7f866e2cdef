use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use proptest::prelude::*;
use serde_json::json;

use super::{KeySet, id_token::Presented};
use crate::Timestamp;

/// Signed by `openssl` with a key that was thrown away.
const RS256: &str = include_str!("rs256.jwt");
const RSA: &str = include_str!("rs256.jwks.json");

const NOW: Timestamp = Timestamp::from_seconds(1_795_000_000);

#[test]
fn a_token_of_another_implementation_is_read() {
    let keys = KeySet::parse(RSA.as_bytes()).expect("keys");
    let token = Presented::parse(RS256.trim()).expect("a token").open(&keys, NOW).expect("good");
    assert_eq!((token.issuer.as_str(), token.subject.as_str()), ("https://issuer.example.com", "repo:acme/shop"));
    assert_eq!(token.claim("run_attempt").as_deref(), Some("1"));
    assert_eq!(token.claim("list"), None);
    let later = Timestamp::from_seconds(1_795_000_301);
    let refused = Presented::parse(RS256.trim()).expect("a token").open(&keys, later).expect_err("over");
    assert!(refused.contains("expired"), "{refused}");
}

#[test]
fn keys_for_something_else_are_passed_over() {
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let good = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "a", "x": x });
    for (name, value) in [
        ("kty", json!("RSA")),
        ("crv", json!("X25519")),
        ("crv", json!("Ed448")),
        ("use", json!("enc")),
        ("key_ops", json!(["sign"])),
        ("alg", json!("HS256")),
        ("alg", json!("ES256")),
        ("x", json!("AAAA")),
        ("x", json!(7)),
        ("kid", json!(null)),
    ] {
        let mut key = good.clone();
        key[name] = value;
        let set = KeySet::parse(json!({ "keys": [key] }).to_string().as_bytes()).expect("a set");
        assert!(!set.has("a"), "{name}");
    }
    let set = KeySet::parse(json!({ "keys": ["junk", good] }).to_string().as_bytes()).expect("a set");
    assert!(set.has("a") && !set.has("b"));
    // More than a hundred are not read.
    let many: Vec<_> =
        (0..101).map(|n| json!({ "kty": "OKP", "crv": "Ed25519", "kid": format!("{n}"), "x": x })).collect();
    let set = KeySet::parse(json!({ "keys": many }).to_string().as_bytes()).expect("a set");
    assert!(set.has("99") && !set.has("100"));
}

#[test]
fn keys_that_are_too_large_are_passed_over() {
    let has = |kid: &str, modulus: Vec<u8>, exponent: Vec<u8>| {
        let (n, e) = (BASE64_URL_SAFE_NO_PAD.encode(modulus), BASE64_URL_SAFE_NO_PAD.encode(exponent));
        let keys = json!({ "keys": [{ "kty": "RSA", "kid": kid, "n": n, "e": e }] });
        KeySet::parse(keys.to_string().as_bytes()).expect("a set").has(kid)
    };
    let usual = || vec![1_u8, 0, 1];
    assert!(has("a", vec![1; 1_024], usual()) && !has("a", vec![1; 1_025], usual()));
    assert!(has("a", vec![1; 256], vec![1; 8]) && !has("a", vec![1; 256], vec![1; 9]));
    assert!(has(&"k".repeat(255), vec![1; 256], usual()) && !has(&"k".repeat(256), vec![1; 256], usual()));
    // Zeros before a number make it no larger.
    assert!(has("a", [vec![0_u8; 9], vec![1; 1_024]].concat(), [vec![0_u8; 9], usual()].concat()));
}

proptest! {
    #[test]
    fn junk_never_panics(text in ".*|[A-Za-z0-9_.-]{0,80}", keys: Vec<u8>) {
        let _ = KeySet::parse(&keys);
        if let Ok(token) = Presented::parse(&text) {
            prop_assert!(token.open(&KeySet::default(), NOW).is_err());
        }
    }

    /// Whatever is changed of a good token, it is refused.
    #[test]
    fn no_changed_letter_passes(at in 0..RS256.trim().len(), letter in "[A-Za-z0-9_.-]") {
        let keys = KeySet::parse(RSA.as_bytes()).expect("keys");
        let mut changed = RS256.trim().to_owned();
        changed.replace_range(at..=at, &letter);
        prop_assume!(changed != RS256.trim());
        let opened = Presented::parse(&changed).and_then(|token| token.open(&keys, NOW));
        prop_assert!(opened.is_err(), "{changed}");
    }
}
