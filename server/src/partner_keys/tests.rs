use std::sync::atomic::{AtomicU64, Ordering};

use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::json;

use super::*;

/// A pair of keys, and the public one as it is published.
fn pair() -> (EcdsaKeyPair, String) {
    let random = SystemRandom::new();
    let encoded = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).expect("made");
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, encoded.as_ref(), &random).expect("a pair");
    let public = [&P256[..], pair.public_key().as_ref()].concat();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", BASE64_STANDARD.encode(public));
    (pair, pem)
}

fn signature(pair: &EcdsaKeyPair, body: &[u8]) -> String {
    BASE64_STANDARD.encode(pair.sign(&SystemRandom::new(), body).expect("signed"))
}

fn published(keys: &[(&str, &str)]) -> String {
    let keys: Vec<_> =
        keys.iter().map(|(id, key)| json!({ "key_identifier": id, "key": key, "is_current": true })).collect();
    json!({ "public_keys": keys }).to_string()
}

struct Clock(Arc<AtomicU64>);

impl Clock {
    fn new() -> (Self, Elapsed) {
        let seconds = Arc::new(AtomicU64::new(0));
        let read = Arc::clone(&seconds);
        (Self(seconds), Arc::new(move || Duration::from_secs(read.load(Ordering::SeqCst))))
    }

    fn wait(&self, time: Duration) {
        self.0.fetch_add(time.as_secs(), Ordering::SeqCst);
    }
}

#[tokio::test]
async fn only_what_the_named_key_signed_is_signed() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("keys.json");
    let ((pair, pem), (other, other_pem)) = (self::pair(), self::pair());
    fs::write(&file, published(&[("one", &pem), ("other", &other_pem)])).expect("written");
    let (_, elapsed) = Clock::new();
    let keys = PartnerKeys::new(KeySource::File(file), elapsed);
    let (body, good) = (b"[{\"token\": \"x\"}]", signature(&pair, b"[{\"token\": \"x\"}]"));
    let signed = async |id: &str, signature: &str, body: &[u8]| keys.signed(id, signature, body).await.expect("known");
    assert!(signed("one", &good, body).await && signed("one", &format!(" {good} "), body).await);
    assert!(!signed("other", &good, body).await, "another key");
    assert!(!signed("none", &good, body).await && !signed("", &good, body).await, "no such key");
    assert!(!signed("one", &good, b"[{\"token\": \"y\"}]").await && !signed("one", &good, b"").await, "another body");
    assert!(!signed("one", &signature(&other, body), body).await, "signed with another");
    for nothing in ["", "!", "AAAA", &good[..good.len() - 4], &good.replace('M', "N")] {
        assert!(!signed("one", nothing, body).await, "{nothing}");
    }
}

#[tokio::test]
async fn new_keys_are_found_and_old_ones_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("keys.json");
    let ((pair, pem), (other, other_pem)) = (self::pair(), self::pair());
    let (clock, elapsed) = Clock::new();
    let keys = PartnerKeys::new(KeySource::File(file.clone()), elapsed);
    let (good, others) = (signature(&pair, b"x"), signature(&other, b"x"));
    let missing = keys.signed("one", &good, b"x").await.expect_err("there is no file");
    assert!(missing.contains("keys.json can't be read"), "{missing}");
    fs::write(&file, published(&[("one", &pem)])).expect("written");
    assert!(keys.signed("one", &good, b"x").await.is_err(), "it was tried just now");
    clock.wait(PAUSE);
    assert_eq!(keys.signed("one", &good, b"x").await, Ok(true));
    fs::write(&file, published(&[("one", &pem), ("other", &other_pem)])).expect("written");
    assert_eq!(keys.signed("other", &others, b"x").await, Ok(false), "not yet read again");
    // While they can't be read, nobody knows whether it is a new one.
    fs::rename(&file, file.with_extension("away")).expect("away");
    clock.wait(PAUSE);
    for _ in 0..2 {
        assert!(keys.signed("other", &others, b"x").await.is_err(), "it may be new");
        assert_eq!(keys.signed("one", &good, b"x").await, Ok(true));
    }
    fs::rename(file.with_extension("away"), &file).expect("back");
    clock.wait(PAUSE);
    assert_eq!(keys.signed("other", &others, b"x").await, Ok(true));
    fs::remove_file(&file).expect("gone");
    clock.wait(KEPT);
    assert_eq!(keys.signed("one", &good, b"x").await, Ok(true), "it is kept while it can't be read");
    fs::write(&file, published(&[("other", &other_pem)])).expect("written");
    clock.wait(PAUSE);
    assert_eq!(keys.signed("one", &good, b"x").await, Ok(false), "it was withdrawn");
}

#[test]
fn other_keys_are_refused() {
    let ed25519 = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
    for (text, about) in [
        (published(&[("one", ed25519)]), "the key one is not one for ECDSA on P-256"),
        (published(&[("one", "nothing")]), "the key one is not in PEM"),
        ("[]".to_owned(), "not as GitHub publishes them"),
    ] {
        assert!(parse(&text).expect_err("refused").contains(about), "{text}");
    }
}
