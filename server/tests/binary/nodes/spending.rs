//! Load that spends what nodes share over Redis: a limit for which Redis is asked each time, one that is spent from shares, and
//! signatures, each of which is sent to all nodes.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread::{self, Scope},
    time::{Duration, Instant},
};

use sallyport::{
    Clock,
    clock::SystemClock,
    testing::{sign, signing_secret},
};
use serde_json::{Value, json};

use super::{
    client,
    cluster::{Cluster, Key},
    history::What,
    traffic::Traffic,
};

/// Below 6,000 a minute.
const SLOW: u32 = 300;
/// That of the plan.
const FAST: u32 = 6_000;
/// What some requests cost, so that the burst of a fast limit ends.
const COST: u32 = 20;
const PAUSE: Duration = Duration::from_millis(4);

pub struct Spending<'a> {
    traffic: &'a Traffic,
    slow: Key,
    fast: Key,
    signing: Key,
    /// Of the last.
    secret: String,
    ended: AtomicBool,
}

impl<'a> Spending<'a> {
    pub fn new(cluster: &Cluster, traffic: &'a Traffic) -> Self {
        let make = |signing_secret| {
            let body = json!({
                "label": "Shared", "environment": "production", "scopes": ["read"], "signing_secret": signing_secret,
            });
            cluster.manage(0, "POST", &format!("/v1/apps/{}/keys", cluster.app), &body)
        };
        let [slow, fast] = [false, false].map(|signing| Key::made(&make(signing)));
        let limit = json!({ "limit_per_minute": SLOW });
        cluster.manage(0, "PATCH", &format!("/v1/keys/{}", slow.id), &limit);
        traffic.history.limited(&slow, SLOW);
        traffic.history.limited(&fast, FAST);
        let made = make(true);
        let secret = made["signing_secret"].as_str().expect("one").to_owned();
        Self { traffic, slow, fast, signing: Key::made(&made), secret, ended: AtomicBool::new(false) }
    }

    /// Runs until `end`.
    pub fn start<'scope, 'env: 'scope>(&'env self, scope: &'scope Scope<'scope, 'env>) {
        for node in 0..self.traffic.nodes() {
            scope.spawn(move || self.spend(node));
        }
    }

    pub fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
    }

    fn spend(&self, node: usize) {
        let history = &self.traffic.history;
        for turn in 0_u64.. {
            if self.ended.load(Ordering::SeqCst) {
                return;
            }
            let address = self.traffic.address(node);
            history.ask(node, &address, &self.slow);
            // Less than what refills, so that some is left for what costs more.
            if turn % 4 == 2 {
                history.ask(node, &address, &self.fast);
            }
            if turn % 4 == 0 {
                let began = Instant::now();
                let what = self.judged(&address, &json!({ "key": self.fast.secret, "cost": COST }), What::Spent(COST));
                history.note(&self.fast, node, began, what);
            }
            if turn % 8 == 0 {
                self.sign(node, turn);
            }
            thread::sleep(PAUSE);
        }
    }

    /// Whether a node accepts a signature that is made now.
    pub fn is_signed_for(&self, node: usize, turn: u64) -> bool {
        let ask = self.signed(&format!("again {turn} on {node}"));
        self.judged(&self.traffic.address(node), &ask, What::Used) == What::Used
    }

    /// Makes a signature and sends it to all nodes, first to that one.
    fn sign(&self, node: usize, turn: u64) {
        let text = format!("the signature {turn} of {node}");
        let (ask, subject) = (self.signed(&text), text.as_str().into());
        for other in (0..=self.traffic.nodes()).map(|n| (node + n) % self.traffic.nodes()) {
            let began = Instant::now();
            let what = self.judged(&self.traffic.address(other), &ask, What::Used);
            self.traffic.history.note_about(&subject, other, began, what);
        }
    }

    fn signed(&self, body: &str) -> Value {
        let timestamp = SystemClock.now().seconds().to_string();
        let signature = sign(&signing_secret(&self.secret), &timestamp, body.as_bytes());
        let body = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, body);
        let signature = json!({ "timestamp": timestamp, "signature": signature, "body_base64": body });
        json!({ "key": self.signing.secret, "signature": signature })
    }

    fn judged(&self, address: &str, ask: &Value, accepted: What) -> What {
        match client::manage(address, self.traffic.token(), "POST", "/v1/keys/verify", ask) {
            None => What::Nothing,
            Some((200, said)) if said["valid"] == true => accepted,
            Some((_, said)) if said["code"] == "rate_limited" => What::Limited,
            Some((_, said)) if said["code"] == "replayed" => What::UsedBefore,
            Some((status, _)) if status >= 500 => What::Closed,
            Some((status, said)) => panic!("{status}: {said}"),
        }
    }
}
