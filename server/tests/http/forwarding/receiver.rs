//! A collector over HTTP: a real server on loopback.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};

#[derive(Clone, Copy, Default)]
pub enum Behaviour {
    #[default]
    Take,
    /// It has the events, but answers 500.
    TakeAndFail,
}

#[derive(Clone, Default)]
struct Seen(Arc<Mutex<(Behaviour, Vec<String>)>>);

pub struct Receiver {
    port: u16,
    seen: Seen,
    task: JoinHandle<()>,
}

impl Receiver {
    pub async fn start() -> Self {
        Self::start_at(0).await
    }

    pub async fn start_at(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let seen = Seen::default();
        let router = Router::new().route("/audit", post(take)).with_state(seen.clone());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self { port, seen, task }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn behave(&self, behaviour: Behaviour) {
        self.seen.0.lock().expect("no panic").0 = behaviour;
    }

    /// The bodies that arrived.
    pub fn bodies(&self) -> Vec<String> {
        self.seen.0.lock().expect("no panic").1.clone()
    }

    pub fn requests(&self) -> usize {
        self.bodies().len()
    }

    /// Their lines.
    pub fn lines(&self) -> Vec<Value> {
        let bodies = self.bodies();
        let lines = bodies.iter().flat_map(|body| body.lines());
        lines.map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// Ends it; another may start at its port.
    pub fn kill(self) {
        self.task.abort();
    }
}

async fn take(State(seen): State<Seen>, headers: HeaderMap, body: String) -> StatusCode {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    if header("authorization") != format!("Bearer {}", super::TOKEN) {
        return StatusCode::UNAUTHORIZED;
    }
    assert!(["application/x-ndjson", "text/plain; charset=utf-8"].contains(&&*header("content-type")));
    let mut seen = seen.0.lock().expect("no panic");
    seen.1.push(body);
    match seen.0 {
        Behaviour::Take => StatusCode::NO_CONTENT,
        Behaviour::TakeAndFail => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
