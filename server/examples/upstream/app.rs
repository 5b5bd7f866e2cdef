//! Knows nothing of keys: what `X-Auth-…` says is true, since only the gateway can reach it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{FromRequestParts, Path},
    http::{HeaderMap, Method, StatusCode, Uri, header, request::Parts},
    routing::{get, post},
};
use serde_json::{Value, json};

/// Two sets that share nothing: whoever holds one has no way to the other.
#[derive(Clone, Default)]
struct Data {
    live: Arc<Mutex<Notes>>,
    test: Arc<Mutex<Notes>>,
}

#[derive(Default)]
struct Notes {
    last: u64,
    notes: BTreeMap<u64, String>,
}

/// The data of the key's mode. A request without a mode did not come through the gateway, and gets none.
struct Own {
    mode: &'static str,
    notes: Arc<Mutex<Notes>>,
}

impl FromRequestParts<Data> for Own {
    type Rejection = (StatusCode, Json<Value>);

    async fn from_request_parts(parts: &mut Parts, data: &Data) -> Result<Self, Self::Rejection> {
        let mut modes = parts.headers.get_all("x-auth-mode").iter().map(|mode| mode.as_bytes());
        match (modes.next(), modes.next()) {
            (Some(b"live"), None) => Ok(Self { mode: "live", notes: Arc::clone(&data.live) }),
            (Some(b"test"), None) => Ok(Self { mode: "test", notes: Arc::clone(&data.test) }),
            _ => Err((StatusCode::FORBIDDEN, Json(json!({ "error": "The gateway did not say X-Auth-Mode." })))),
        }
    }
}

impl Own {
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub fn router() -> Router {
    Router::new()
        .route("/notes", get(list).post(add))
        .route("/notes/{id}", get(read).delete(remove))
        .route("/status/{status}", get(status))
        .route("/size", post(size))
        .route("/signed/size", post(size))
        .fallback(show)
        .with_state(Data::default())
}

async fn list(own: Own) -> Json<Value> {
    Json(json!({ "mode": own.mode, "notes": own.notes().notes }))
}

async fn add(own: Own, text: String) -> (StatusCode, Json<Value>) {
    let mut notes = own.notes();
    notes.last += 1;
    let id = notes.last;
    notes.notes.insert(id, text);
    (StatusCode::CREATED, Json(json!({ "mode": own.mode, "id": id })))
}

async fn read(own: Own, Path(id): Path<u64>) -> Result<Json<Value>, StatusCode> {
    let notes = own.notes();
    let text = notes.notes.get(&id).ok_or(StatusCode::NOT_FOUND)?;
    Ok(Json(json!({ "mode": own.mode, "id": id, "text": text })))
}

async fn remove(own: Own, Path(id): Path<u64>) -> StatusCode {
    let removed = own.notes().notes.remove(&id);
    if removed.is_some() { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

/// An error of the upstream's own, to see what the gateway makes of it.
async fn status(Path(status): Path<u16>) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST)
}

/// How much of a body arrived.
async fn size(body: Bytes) -> String {
    body.len().to_string()
}

/// Everywhere else: what arrived. Keys are credentials, which nobody needs to see again.
async fn show(method: Method, uri: Uri, headers: HeaderMap) -> Json<Value> {
    let mut shown = BTreeMap::<_, Vec<_>>::new();
    for (name, value) in &headers {
        let secret = *name == header::AUTHORIZATION || name.as_str() == "x-api-key";
        let value = if secret { "(not shown)".into() } else { String::from_utf8_lossy(value.as_bytes()) };
        shown.entry(name.as_str()).or_default().push(value);
    }
    Json(json!({ "method": method.as_str(), "path": uri.to_string(), "headers": shown }))
}
