//! Load: keys are asked about all the time, and issued, rotated and revoked on all nodes, whatever happens to these.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, Scope},
    time::{Duration, Instant},
};

use sallyport::{Clock, Entropy, Timestamp, clock::SystemClock, testing::SeededEntropy};
use serde_json::{Value, json};

use super::{
    client,
    cluster::{Cluster, Key},
    history::{Found, History, What},
};

/// Between two steps of one who manages; the others get some of the processor, too.
const PAUSE: Duration = Duration::from_millis(10);

/// What all threads share.
pub struct Traffic {
    pub history: History,
    /// Of the nodes; another one after a restart.
    addresses: Mutex<Vec<String>>,
    /// Never taken away; one for each node.
    pub controls: Vec<Key>,
    /// All others, by their secrets.
    keys: Mutex<Vec<Key>>,
    ended: AtomicBool,
    token: String,
    app: String,
    seed: u64,
}

pub struct Random(SeededEntropy);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(SeededEntropy::new(seed))
    }

    pub fn below(&self, end: usize) -> usize {
        let number = u64::from_le_bytes((&self.0 as &dyn Entropy).array::<8>());
        usize::try_from(number % end as u64).expect("smaller")
    }
}

impl Traffic {
    pub fn new(cluster: &Cluster, seed: u64) -> Self {
        let history = History::default();
        let controls = cluster.keys_noted(cluster.nodes.len(), &history);
        let now = Instant::now();
        controls.iter().for_each(|key| history.note(key, 0, now, What::Issued));
        Self {
            history,
            addresses: Mutex::new(cluster.addresses()),
            controls,
            keys: Mutex::default(),
            ended: AtomicBool::new(false),
            token: cluster.token.clone(),
            app: cluster.app.clone(),
            seed,
        }
    }

    pub fn moved(&self, cluster: &Cluster) {
        *self.addresses.lock().expect("not poisoned") = cluster.addresses();
    }

    pub fn token(&self) -> &str {
        &self.token
    }

    pub fn address(&self, node: usize) -> String {
        self.addresses.lock().expect("not poisoned")[node].clone()
    }

    pub fn nodes(&self) -> usize {
        self.controls.len()
    }

    /// Runs until `end`.
    pub fn start<'scope, 'env: 'scope>(&'env self, scope: &'scope Scope<'scope, 'env>) {
        for node in 0..self.nodes() {
            scope.spawn(move || self.ask(node));
            scope.spawn(move || self.manage(node));
        }
    }

    pub fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
    }

    fn goes_on(&self) -> bool {
        !self.ended.load(Ordering::SeqCst)
    }

    /// About the keys that were made last, in force or not, and one of the controls.
    fn ask(&self, node: usize) {
        let random = Random::new(self.seed ^ (100 + node as u64));
        while self.goes_on() {
            let key = {
                let keys = self.keys.lock().expect("not poisoned");
                let recent = keys.len().min(60);
                match random.below(recent + 3) {
                    n if n < recent => keys[keys.len() - 1 - n].clone(),
                    _ => self.controls[random.below(self.nodes())].clone(),
                }
            };
            self.history.ask(node, &self.address(node), &key);
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn manage(&self, worker: usize) {
        let random = Random::new(self.seed ^ (200 + worker as u64));
        while self.goes_on() {
            if let Some(secrets) = self.issue(random.below(self.nodes())) {
                self.live(secrets, &random);
            }
            thread::sleep(PAUSE);
        }
    }

    fn request(&self, node: usize, path: &str, body: &Value) -> Option<(u16, Value)> {
        client::manage(&self.address(node), &self.token, "POST", path, body)
    }

    /// The time of day that a node sees.
    pub fn time_at(&self, node: usize) -> Timestamp {
        let began = Instant::now();
        loop {
            let body = json!({ "label": "Time", "environment": "production", "scopes": ["read"] });
            match self.request(node, &format!("/v1/apps/{}/keys", self.app), &body) {
                Some((201, made)) => {
                    let text = made["created_at"].as_str().unwrap_or_else(|| panic!("created_at in {made}"));
                    return Timestamp::parse_rfc3339(text).expect("a time");
                }
                other => assert!(began.elapsed() < Duration::from_secs(10), "{other:?}"),
            }
        }
    }

    fn issue(&self, node: usize) -> Option<Vec<Key>> {
        let began = Instant::now();
        let body = json!({ "label": "Key", "environment": "production", "scopes": ["read"] });
        let (status, answer) = self.request(node, &format!("/v1/apps/{}/keys", self.app), &body)?;
        self.keep(status, &answer, node, began).map(|key| vec![key])
    }

    /// A secret that was issued, if it was.
    fn keep(&self, status: u16, answer: &Value, node: usize, began: Instant) -> Option<Key> {
        assert!(status == 201 || status >= 500, "{status}: {answer}");
        let key = (status == 201).then(|| Key::made(answer))?;
        self.history.note(&key, node, began, What::Issued);
        self.keys.lock().expect("not poisoned").push(key.clone());
        Some(key)
    }

    fn ask_all(&self, secrets: &[Key]) {
        for key in secrets {
            for node in 0..self.nodes() {
                self.history.ask(node, &self.address(node), key);
            }
        }
    }

    /// It is used, perhaps rotated, and mostly revoked.
    fn live(&self, mut secrets: Vec<Key>, random: &Random) {
        self.ask_all(&secrets);
        match random.below(4) {
            0 => self.rotate(&mut secrets, random.below(self.nodes()), 0),
            1 => {
                // Longer than a wrong clock is off: the end is announced by the time of day.
                self.rotate(&mut secrets, random.below(self.nodes()), 86_400);
                if secrets.len() > 1 {
                    let path = format!("/v1/keys/{}/end-previous", secrets[0].id);
                    self.take_away(&secrets[..1], random.below(self.nodes()), &path);
                }
            }
            _ => {}
        }
        if random.below(4) == 0 {
            return;
        }
        // Until it is answered.
        let path = format!("/v1/keys/{}/revoke", secrets[0].id);
        while self.goes_on() && !self.take_away(&secrets, random.below(self.nodes()), &path) {
            thread::sleep(PAUSE);
        }
        self.ask_all(&secrets);
    }

    fn rotate(&self, secrets: &mut Vec<Key>, node: usize, grace: u64) {
        let (began, old) = (Instant::now(), secrets[0].clone());
        let body = json!({ "grace_seconds": grace });
        let answered = self.request(node, &format!("/v1/keys/{}/rotate", old.id), &body);
        let new = answered.and_then(|(status, answer)| self.keep(status, &answer, node, began));
        if grace == 0 {
            let what = if new.is_some() { What::TakenAway } else { What::MayBeTakenAway };
            self.history.note(&old, node, began, what);
            self.ask_all(std::slice::from_ref(&old));
        }
        secrets.extend(new);
    }

    /// Whether it was answered that these are no longer in force.
    fn take_away(&self, secrets: &[Key], node: usize, path: &str) -> bool {
        let began = Instant::now();
        let answered = self.request(node, path, &Value::Null);
        let is_done = match &answered {
            Some((200, _)) => true,
            // It was done before, by a request whose answer was lost.
            Some((409, answer)) => {
                assert_eq!(answer["code"], "key_revoked", "{answer}");
                true
            }
            Some((status, answer)) => {
                assert!(*status >= 500, "{status}: {answer}");
                false
            }
            None => false,
        };
        let what = if is_done { What::TakenAway } else { What::MayBeTakenAway };
        secrets.iter().for_each(|key| self.history.note(key, node, began, what));
        is_done
    }

    /// Reads at the end what the database has, by any node.
    pub fn read_all(&self) {
        let keys = self.keys.lock().expect("not poisoned");
        for key in keys.iter().chain(&self.controls) {
            let (began, node) = (Instant::now(), 0);
            let path = format!("/v1/keys/{}", key.id);
            let (status, answer) = self.read(node, &path);
            let found = match (status, answer["status"].as_str()) {
                (404, _) => Found::Missing,
                (_, Some("revoked")) => Found::TakenAway,
                _ if self.is_refused(node, key) => Found::TakenAway,
                _ => Found::InForce,
            };
            self.history.note(key, node, began, What::Found(found));
        }
    }

    fn is_refused(&self, node: usize, key: &Key) -> bool {
        let began = Instant::now();
        loop {
            match self.history.ask(node, &self.address(node), key) {
                200 | 429 => return false,
                401 => return true,
                other => assert!(began.elapsed() < Duration::from_secs(10), "{other}"),
            }
        }
    }

    fn read(&self, node: usize, path: &str) -> (u16, Value) {
        let began = Instant::now();
        loop {
            match client::manage(&self.address(node), &self.token, "GET", path, &Value::Null) {
                Some((status, answer)) if status < 500 => return (status, answer),
                other => assert!(began.elapsed() < Duration::from_secs(10), "{other:?}"),
            }
        }
    }

    /// Waits until all uses of the controls that are kept in memory are written, and notes them.
    pub fn read_counts(&self) {
        // By clocks that may be wrong by an hour.
        let (now, long) = (SystemClock.now(), Duration::from_secs(12 * 3_600));
        let (from, to) = ((now - long).to_rfc3339(), (now + long).to_rfc3339());
        for key in &self.controls {
            let began = Instant::now();
            let accepted = self.history.count(key, What::Accepted) as u64;
            let path = format!("/v1/keys/{}/usage?from={from}&to={to}", key.id);
            // Some may be lost with a node that was killed: then it stays as it is.
            let (mut counted, mut since) = (0, Instant::now());
            while counted < accepted && since.elapsed() < Duration::from_secs(5) {
                let now = self.read(0, &path).1["by_code"]["valid"].as_u64().unwrap_or(0);
                if now != counted {
                    (counted, since) = (now, Instant::now());
                }
                thread::sleep(Duration::from_millis(100));
            }
            self.history.note(key, 0, began, What::Counted(counted));
        }
    }
}
