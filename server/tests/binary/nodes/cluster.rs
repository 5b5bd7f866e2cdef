//! Several servers on one PostgreSQL, each with a data folder of its own.

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::{FileExt, PermissionsExt},
    path::PathBuf,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use sallyport::{
    store::Location,
    testing::{Proxy, TestStore},
};
use serde_json::{Value, json};

use super::history::History;
use crate::server::{Server, stdout};

pub struct Cluster {
    pub nodes: Vec<Server>,
    /// In front of the database, one for each node, or none.
    pub proxies: Vec<Proxy>,
    urls: Vec<String>,
    /// In front of Redis, one for each node, with its URL; or none.
    pub redis_proxies: Vec<Proxy>,
    redis_urls: Vec<String>,
    folders: tempfile::TempDir,
    pub token: String,
    pub app: String,
    store: TestStore,
    surroundings: Surroundings,
    wrong_clock: Option<PathBuf>,
}

/// Where the nodes run.
#[derive(Clone, Default)]
pub struct Surroundings {
    /// A PostgreSQL of the test's own; without it, the one that all tests share.
    pub server: Option<String>,
    pub proxied: bool,
    /// The URL of a Redis that nodes share, each over a proxy.
    pub redis: Option<String>,
    /// Whether each node sees another time of day, which `set_clock` sets.
    pub own_clocks: bool,
    /// More of `sallyport serve`.
    pub arguments: Vec<String>,
    /// Another version of Sallyport.
    pub binary: Option<PathBuf>,
}

/// One of the secrets of a key.
#[derive(Clone)]
pub struct Key {
    pub id: String,
    pub secret: String,
    /// Its name in a history.
    pub subject: Arc<str>,
}

impl Key {
    /// From the answer to a request that made or rotated it.
    pub fn made(answer: &Value) -> Self {
        let text = |name: &str| answer[name].as_str().unwrap_or_else(|| panic!("{name} in {answer}")).to_owned();
        let (id, secret) = (text("key_id"), text("secret_key"));
        let subject = format!("{id} ({}…)", &secret[..secret.len().min(12)]).into();
        Self { id, secret, subject }
    }
}

impl Cluster {
    pub async fn start(count: usize) -> Self {
        Self::start_in(count, Surroundings::default()).await
    }

    /// Each with these arguments.
    pub async fn start_given(count: usize, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        Self::start_in(count, Surroundings { arguments, ..Surroundings::default() }).await
    }

    pub async fn start_behind_proxies(count: usize) -> Self {
        Self::start_in(count, Surroundings { proxied: true, ..Surroundings::default() }).await
    }

    pub async fn start_in(count: usize, surroundings: Surroundings) -> Self {
        let store = match &surroundings.server {
            Some(server) => TestStore::postgres_on(server.clone()).await,
            None => TestStore::postgres().await,
        };
        let Location::Postgres(url) = store.location().clone() else { panic!("PostgreSQL") };
        let folders = tempfile::tempdir().expect("a folder");
        let (mut proxies, mut urls) = (Vec::new(), Vec::new());
        for _ in 0..count {
            if surroundings.proxied {
                let (proxy, over) = Proxy::before(&url);
                proxies.push(proxy);
                urls.push(over);
            } else {
                urls.push(url.clone());
            }
        }
        let before_redis = |_| surroundings.redis.as_deref().map(Proxy::before);
        let (redis_proxies, redis_urls) = (0..count).filter_map(before_redis).unzip();
        let mut cluster = Self {
            nodes: Vec::new(),
            proxies,
            urls,
            redis_proxies,
            redis_urls,
            folders,
            token: String::new(),
            app: String::new(),
            store,
            surroundings,
            wrong_clock: None,
        };
        cluster.wrong_clock = cluster.surroundings.own_clocks.then(|| cluster.wrong_clock());
        for node in 0..count {
            let data = cluster.data(node);
            fs::create_dir(&data).expect("made");
            let key = data.join("master.key");
            fs::write(&key, TestStore::master_key()).expect("written");
            fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("set");
            cluster.set_clock(node, 0);
            let server = cluster.serve(node);
            cluster.nodes.push(server);
        }
        cluster.nodes[0].set_up();
        cluster.app = cluster.nodes[0].make_app();
        let arguments = ["token", "create", "--name", "test", "--manage", "--database-url", &url];
        let mut command = cluster.command();
        command.args(arguments).arg("--data").arg(cluster.data(0)).env_remove("SALLYPORT_MASTER_KEY");
        cluster.token = stdout(&command.output().expect("the binary runs")).trim().to_owned();
        assert!(!cluster.token.is_empty(), "a token");
        cluster
    }

    fn data(&self, node: usize) -> PathBuf {
        self.folders.path().join(node.to_string())
    }

    fn clock(&self, node: usize) -> PathBuf {
        self.folders.path().join(format!("{node}.clock"))
    }

    /// Sets the time of day that a node sees, as seconds from the right one. Clocks that count time go on.
    pub fn set_clock(&self, node: usize, seconds: i64) {
        // In place: the node reads it all the time.
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(self.clock(node)).expect("a file");
        file.write_all_at(&seconds.to_ne_bytes(), 0).expect("written");
    }

    /// Compiles what shows nodes their own time.
    fn wrong_clock(&self) -> PathBuf {
        let library = self.folders.path().join("wrong_clock.so");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/binary/nodes/wrong_clock.c");
        let mut compiler = Command::new(std::env::var("CC").unwrap_or_else(|_| "cc".to_owned()));
        let compiled = compiler.args(["-O1", "-shared", "-fPIC", "-o"]).arg(&library).arg(source).status();
        assert!(compiled.expect("a C compiler, which Rust needs, too").success());
        library
    }

    fn command(&self) -> Command {
        let own = || PathBuf::from(env!("CARGO_BIN_EXE_sallyport"));
        Command::new(self.surroundings.binary.clone().unwrap_or_else(own))
    }

    fn serve(&self, node: usize) -> Server {
        let mut command = self.command();
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(self.data(node));
        command.args(["--database-url", &self.urls[node]]).args(&self.surroundings.arguments);
        if let Some(url) = self.redis_urls.get(node) {
            command.args(["--redis-url", url]);
        }
        if let Some(library) = &self.wrong_clock {
            command.env("LD_PRELOAD", library).env("WRONG_CLOCK", self.clock(node));
        }
        Server::run(command, |_| true).0
    }

    /// New keys, made on the first node and in the memory of all.
    pub fn keys(&self, count: usize) -> Vec<Key> {
        self.keys_noted(count, &History::default())
    }

    /// The same; their first uses are noted.
    pub fn keys_noted(&self, count: usize, warm: &History) -> Vec<Key> {
        let make = |n: usize| {
            let body = json!({ "label": format!("Key {n}"), "environment": "production", "scopes": ["read"] });
            Key::made(&self.manage(0, "POST", &format!("/v1/apps/{}/keys", self.app), &body))
        };
        let keys: Vec<_> = (0..count).map(make).collect();
        for (node, server) in self.nodes.iter().enumerate() {
            for key in &keys {
                let began = Instant::now();
                while warm.ask(node, &server.address, key) != 200 {
                    assert!(began.elapsed() < Duration::from_secs(10), "node {node} does not accept a new key");
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
        }
        keys
    }

    /// Repeated as clients do: on a machine that is too busy to renew a lease, a node refuses everything for a moment.
    pub fn manage(&self, node: usize, method: &str, path: &str, body: &Value) -> Value {
        let bearer = format!("Bearer {}", self.token);
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let began = Instant::now();
        loop {
            let answer = self.nodes[node].ask(method, path, &headers, &body).expect("answered");
            if answer.starts_with("HTTP/1.1 20") {
                return serde_json::from_str(answer.split_once("\r\n\r\n").expect("a body").1).expect("JSON");
            }
            let is_closed = answer.starts_with("HTTP/1.1 503") && began.elapsed() < Duration::from_secs(10);
            assert!(is_closed, "{answer}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Revokes a key on a node; returns what it answered.
    pub fn revoke(&self, node: usize, key: &Key, history: &History) -> Value {
        let began = Instant::now();
        let answer = self.manage(node, "POST", &format!("/v1/keys/{}/revoke", key.id), &Value::Null);
        history.revoked(key, node, began);
        answer
    }

    pub fn get(&self, node: usize, path: &str) -> String {
        self.nodes[node].ask("GET", path, &[], "").expect("answered")
    }

    /// Waits until a page of the first node shows a text.
    pub async fn until_shown(&self, path: &str, text: &str) {
        eventually(|| self.get(0, path).contains(text)).await;
    }

    /// The nodes, as the first one lists them.
    pub fn listed(&self) -> Value {
        self.manage(0, "GET", "/v1/nodes", &Value::Null)
    }

    /// Waits until that many nodes have no lease.
    pub async fn until_closed(&self, count: usize) {
        let closed =
            |nodes: &Value| nodes.as_array().expect("a list").iter().filter(|node| node["lease_ms"] == 0).count();
        eventually(|| closed(&self.listed()) == count).await;
    }

    pub fn addresses(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.address.clone()).collect()
    }

    /// Waits until a node answers so about a key.
    pub async fn until(&self, node: usize, key: &Key, status: u16) {
        let unseen = History::default();
        eventually(|| unseen.ask(node, &self.nodes[node].address, key) == status).await;
    }

    /// The same, where nothing else is to be done meanwhile.
    pub fn wait_until(&self, node: usize, key: &Key, status: u16) {
        let (unseen, began) = (History::default(), Instant::now());
        while unseen.ask(node, &self.nodes[node].address, key) != status {
            assert!(began.elapsed() < Duration::from_secs(10), "node {node} does not answer {status}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn signal(&self, node: usize, signal: &str) {
        let id = self.nodes[node].child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{signal}"), &id]).status().expect("sent").success());
    }

    pub fn kill(&mut self, node: usize) {
        self.nodes[node].child.kill().expect("SIGKILL");
        self.nodes[node].child.wait().expect("ended");
    }

    pub fn terminate(&mut self, node: usize) {
        self.signal(node, "TERM");
        assert!(self.nodes[node].child.wait().expect("ended").success());
    }

    pub fn restart(&mut self, node: usize) {
        self.nodes[node] = self.serve(node);
    }

    /// Starts a node that ended, as the version that is tested. So does every later start.
    pub fn upgrade(&mut self, node: usize) {
        self.surroundings.binary = None;
        self.restart(node);
    }

    pub async fn end(self) {
        for mut node in self.nodes {
            let _ = node.child.kill();
            let _ = node.child.wait();
        }
        match self.surroundings.server {
            // It ends with the test.
            Some(_) => self.store.store.close().await,
            None => self.store.end().await,
        }
    }
}

/// Until something that a process of its own does has happened.
async fn eventually(mut happened: impl FnMut() -> bool) {
    let began = Instant::now();
    while !happened() {
        assert!(began.elapsed() < Duration::from_secs(10), "it did not happen");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
