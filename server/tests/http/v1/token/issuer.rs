//! An issuer of ID tokens: a real server on loopback, with a discovery document, keys, and whatever tokens a test wants.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Json, Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle, time::sleep};

/// What it publishes, and how often it was asked.
#[derive(Default)]
struct Published {
    discovery: Value,
    keys: Value,
    /// Where it redirects to instead.
    redirect: Option<String>,
    /// How long it takes to answer.
    delay: Duration,
    discovered: usize,
    fetched: usize,
}

type Shared = Arc<Mutex<Published>>;

pub struct Issuer {
    pub url: String,
    published: Shared,
    pub ecdsa: EcdsaKeyPair,
    pub edwards: Ed25519KeyPair,
    task: JoinHandle<()>,
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

pub fn new_ecdsa() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let encoded = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("made");
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, encoded.as_ref(), &random).expect("a pair")
}

pub fn jwk(pair: &EcdsaKeyPair, kid: &str) -> Value {
    let point = pair.public_key().as_ref();
    json!({ "kty": "EC", "crv": "P-256", "kid": kid, "use": "sig", "x": encode(&point[1..33]), "y": encode(&point[33..]) })
}

pub fn signed_by(pair: &EcdsaKeyPair, header: &Value, claims: &Value) -> String {
    let signed = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
    let signature = pair.sign(&SystemRandom::new(), signed.as_bytes()).expect("signed");
    format!("{signed}.{}", encode(signature))
}

impl Issuer {
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let encoded = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("made");
        let edwards = Ed25519KeyPair::from_pkcs8(encoded.as_ref()).expect("a pair");
        let published = Shared::default();
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .with_state(Arc::clone(&published));
        let task = tokio::spawn(async move { axum::serve(listener, routes).await.expect("it serves") });
        let issuer = Self { url, published, ecdsa: new_ecdsa(), edwards, task };
        let discovery = json!({ "issuer": issuer.url, "jwks_uri": format!("{}/keys", issuer.url) });
        issuer.publish(discovery, issuer.own_keys());
        issuer
    }

    pub fn own_keys(&self) -> Value {
        let edwards = json!({
            "kty": "OKP", "crv": "Ed25519", "kid": "edwards", "alg": "EdDSA", "x": encode(self.edwards.public_key()),
        });
        // Keys for something else, which are passed over.
        let other = json!({ "kty": "oct", "kid": "hmac", "k": "c2VjcmV0" });
        let for_encryption = json!({ "use": "enc", "kty": "RSA", "kid": "enc", "n": "AQAB", "e": "AQAB" });
        json!({ "keys": [other, for_encryption, jwk(&self.ecdsa, "ecdsa"), edwards] })
    }

    pub fn publish(&self, discovery: Value, keys: Value) {
        let mut published = self.published.lock().expect("no panic");
        (published.discovery, published.keys) = (discovery, keys);
    }

    pub fn redirect(&self, to: &str) {
        self.published.lock().expect("no panic").redirect = Some(to.to_owned());
    }

    pub fn delay(&self, by: Duration) {
        self.published.lock().expect("no panic").delay = by;
    }

    /// Returns once its discovery document was asked for so often, whether or not it was sent.
    pub async fn is_asked(&self, times: usize) {
        while self.asked().0 < times {
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// How often its discovery document and its keys were asked for.
    pub fn asked(&self) -> (usize, usize) {
        let published = self.published.lock().expect("no panic");
        (published.discovered, published.fetched)
    }

    pub fn header(&self) -> Value {
        json!({ "alg": "ES256", "kid": "ecdsa", "typ": "JWT" })
    }

    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        signed_by(&self.ecdsa, header, claims)
    }

    pub fn token(&self, claims: &Value) -> String {
        self.sign(&self.header(), claims)
    }

    pub fn sign_with_edwards(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let signature = self.edwards.sign(signed.as_bytes());
        format!("{signed}.{}", encode(signature))
    }
}

/// With a public key as the secret: the oldest forgery.
pub fn sign_with_hmac(secret: &[u8], header: &Value, claims: &Value) -> String {
    let signed = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
    format!("{signed}.{}", encode(tag))
}

async fn discovery(State(published): State<Shared>) -> axum::response::Response {
    let delay = {
        let mut published = published.lock().expect("no panic");
        published.discovered += 1;
        published.delay
    };
    sleep(delay).await;
    let published = published.lock().expect("no panic");
    match &published.redirect {
        Some(to) => (StatusCode::FOUND, [("location", to.clone())]).into_response(),
        None => Json(published.discovery.clone()).into_response(),
    }
}

async fn keys(State(published): State<Shared>) -> Json<Value> {
    let mut published = published.lock().expect("no panic");
    published.fetched += 1;
    Json(published.keys.clone())
}
