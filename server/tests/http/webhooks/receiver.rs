//! A receiver of webhooks: a real server on loopback.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::any,
};
use tokio::{net::TcpListener, task::JoinHandle};

/// How it answers.
#[derive(Clone, Copy, Debug, Default)]
pub enum Behaviour {
    #[default]
    Take,
    Status(u16),
    /// To itself.
    Redirect,
    Never,
    /// More than is kept, and no end.
    Much,
}

/// Headers and body.
type Arrived = (HeaderMap, String);

#[derive(Clone, Default)]
struct Seen(Arc<Mutex<(Behaviour, Vec<Arrived>)>>);

pub struct Receiver {
    pub port: u16,
    seen: Seen,
    task: JoinHandle<()>,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let seen = Seen::default();
        let router = Router::new().fallback(any(take)).with_state(seen.clone());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self { port, seen, task }
    }

    pub fn behave(&self, behaviour: Behaviour) {
        self.seen.0.lock().expect("no panic").0 = behaviour;
    }

    /// What arrived: headers and bodies.
    pub fn requests(&self) -> Vec<(HeaderMap, String)> {
        self.seen.0.lock().expect("no panic").1.clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take(State(seen): State<Seen>, headers: HeaderMap, body: Bytes) -> Response {
    let behaviour = {
        let mut seen = seen.0.lock().expect("no panic");
        seen.1.push((headers, String::from_utf8_lossy(&body).into_owned()));
        seen.0
    };
    match behaviour {
        Behaviour::Take => StatusCode::NO_CONTENT.into_response(),
        Behaviour::Status(code) => (StatusCode::from_u16(code).expect("a status"), "told\u{0} <why>").into_response(),
        Behaviour::Redirect => (StatusCode::FOUND, [(header::LOCATION, "/elsewhere")]).into_response(),
        Behaviour::Never => {
            tokio::time::sleep(Duration::from_secs(3_600)).await;
            StatusCode::NO_CONTENT.into_response()
        }
        Behaviour::Much => "x".repeat(1_000_000).into_response(),
    }
}
