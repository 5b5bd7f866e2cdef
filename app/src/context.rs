//! What every page needs: the store, the verifier, password hashing.

use std::{
    ops::Deref,
    sync::{Arc, LazyLock},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sallyport::{
    Entropy, leak_inbox::LeakInbox, over_redis::throttles::NodeThrottles, passkey::RelyingParty, passwords::Passwords,
    store::Store, verifier::Verifier, webhook::AllowedTargets,
};
use tokio::sync::Semaphore;

use crate::{pending_events::PendingEvents, single_sign_on::SingleSignOn, sub_path::SubPath};

/// The portal's state.
#[derive(Clone)]
pub struct Context(Arc<Parts>);

pub struct Parts {
    pub store: Store,
    pub passwords: Passwords,
    /// The path of the site's files, named by their content: `/pkg/3fa9c1d2`.
    pub base: String,
    /// Required by `/setup`: the server prints it, so that only an operator can create the first account.
    pub setup_token: String,
    /// The OpenAPI document of `/v1`, from which the page `/docs` is built. Megabytes, so only once somebody asks for it.
    pub api: LazyDocument,
    /// The portal's external address: `https://keys.example.com`, or `https://intranet.example/sallyport`.
    pub public_url: String,
    /// The path of that address.
    pub sub_path: SubPath,
    /// Counts of wrong passwords.
    pub attempts: NodeThrottles,
    /// Reports of leaks that wait to be looked at.
    pub leaks: LeakInbox,
    /// Refused acts and exports that wait to be written to the activity log.
    pub pending_events: PendingEvents,
    /// Limits concurrent searches, which read a lot, so that other pages are not slowed down.
    pub searching: Semaphore,
    /// Whether mail is on.
    pub has_mail: bool,
    /// Where webhooks may go besides the public internet.
    pub webhook_targets: AllowedTargets,
    /// The issuers with which people sign in.
    pub single_sign_on: Arc<dyn SingleSignOn>,
    /// For passkeys; `None` where browsers have none.
    pub relying_party: Option<RelyingParty>,
    /// The public sign-in of the demo.
    pub demo: Option<DemoSignIn>,
    /// Verifies keys, and records why requests were refused.
    pub verifier: Arc<Verifier>,
}

/// A JSON document that is made when it is first used.
pub type LazyDocument = LazyLock<serde_json::Value, Box<dyn FnOnce() -> serde_json::Value + Send>>;

/// A public sign-in.
#[derive(Clone, Copy, Debug)]
pub struct DemoSignIn {
    pub email: &'static str,
    pub password: &'static str,
}

impl Context {
    pub fn new(parts: Parts) -> Self {
        // Rendering spawns on tokio; a second call has no effect.
        let _ = any_spawner::Executor::init_tokio();
        Self(Arc::new(parts))
    }

    /// Whether browsers reach the portal over https, so that cookies can be restricted to it.
    pub fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }

    /// The external address without its path, as in the `Origin` header.
    pub fn origin(&self) -> &str {
        self.public_url.strip_suffix(self.sub_path.as_str()).unwrap_or(&self.public_url)
    }

    /// A cookie's name with the prefix that restricts it to https, and to this host if the portal has the whole host.
    pub fn cookie_name(&self, name: &str) -> String {
        match (self.is_https(), self.sub_path.as_str()) {
            (true, "") => format!("__Host-{name}"),
            (true, _) => format!("__Secure-{name}"),
            (false, _) => name.to_owned(),
        }
    }
}

impl Deref for Context {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// The nonce of a page's scripts and its content security policy, so that no injected script runs. An extension of
/// each request to the portal.
#[derive(Clone, Debug)]
pub struct Nonce(String);

impl Nonce {
    /// 128 random bits, as the CSP standard requires.
    pub fn mint(entropy: &dyn Entropy) -> Self {
        Self(BASE64_URL_SAFE_NO_PAD.encode(entropy.array::<16>()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}
