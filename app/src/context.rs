//! What every page is handed: the store, the verifier, the passwords' pool.

use std::{ops::Deref, sync::Arc};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sallyport::{Entropy, passwords::Passwords, store::Store, throttle, verifier::Verifier};
use tokio::sync::Semaphore;

use crate::noted::NotedActs;

/// The portal's state.
#[derive(Clone)]
pub struct Context(Arc<Parts>);

pub struct Parts {
    pub store: Store,
    pub passwords: Passwords,
    /// Where the site's files lie, named by their content: `/pkg/3fa9c1d2`.
    pub base: String,
    /// What `/setup` asks for: whoever reads what the server prints makes the first account.
    pub setup_token: String,
    /// What `/v1` is, as an OpenAPI document: the page `/docs` is made from it.
    pub api: serde_json::Value,
    /// Where the portal is reached from outside: `https://keys.example.com`.
    pub public_url: String,
    /// Who was wrong about a password, and how often.
    pub attempts: throttle::InMemory,
    /// Refused acts and exports, on their way to the activity log.
    pub noted: NotedActs,
    /// Searches read much: a few at a time, so that other pages find the database free.
    pub searching: Semaphore,
    /// What the sign-in page of the demo tells everybody.
    pub demo: Option<DemoSignIn>,
    /// Judges keys, and remembers why requests were refused.
    pub verifier: Arc<Verifier>,
}

/// A sign-in that is no secret.
#[derive(Clone, Copy, Debug)]
pub struct DemoSignIn {
    pub email: &'static str,
    pub password: &'static str,
}

impl Context {
    pub fn new(parts: Parts) -> Self {
        // Rendering spawns on tokio; a second call finds it done.
        let _ = any_spawner::Executor::init_tokio();
        Self(Arc::new(parts))
    }

    /// Whether browsers reach the portal over https: cookies can then be bound to it.
    pub fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}

impl Deref for Context {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// What the scripts of one page carry, and its policy names: whatever else gets into the page does not run. An extension
/// of each request to the portal.
#[derive(Clone, Debug)]
pub struct Nonce(String);

impl Nonce {
    /// 128 random bits, as the policy's standard asks.
    pub fn mint(entropy: &dyn Entropy) -> Self {
        Self(BASE64_URL_SAFE_NO_PAD.encode(entropy.array::<16>()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}
