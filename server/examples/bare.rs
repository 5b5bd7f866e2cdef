//! For `make bench`: what a server costs that does nothing but answer. It parses the request that the verifier takes,
//! hashes the key as the verifier does, looks it up in a map, and writes what the verifier wrote when it was asked: the
//! same status, headers and JSON. No root token, no limits, no request ids, no time-outs, no log.
//!
//! `bare FILE`, where FILE holds `{"key": "…", "verify": ANSWER, "auth": ANSWER}` and ANSWER is
//! `{"headers": [["name", "value"], …], "body": "…"}`. It prints where it listens.

use std::{collections::HashMap, io::Write, sync::Arc};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{RawQuery, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
    routing::{any, post},
    serve::ListenerExt,
};
use sallyport::key::{Digest, secret::Pepper};
use serde::{Deserialize, Serialize};

/// The binary's own, so that this is no difference between the two.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The fields that the verifier takes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "they are parsed, as the verifier parses them; the key alone is looked up")]
struct VerifyRequest {
    key: String,
    app_id: Option<String>,
    #[serde(default)]
    scopes: Vec<String>,
    mode: Option<String>,
    #[serde(default)]
    ingestion: bool,
    method: Option<String>,
    path: Option<String>,
    ip: Option<std::net::IpAddr>,
    cost: Option<u32>,
    signature: Option<Signature>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "as above")]
struct Signature {
    timestamp: String,
    signature: String,
    body_base64: String,
}

#[derive(Deserialize)]
struct Given {
    key: String,
    verify: GivenAnswer,
    auth: GivenAnswer,
}

#[derive(Deserialize)]
struct GivenAnswer {
    headers: Vec<(String, String)>,
    body: String,
}

#[derive(Clone)]
struct Answer {
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn new(given: GivenAnswer) -> Result<Self, String> {
        let mut headers = HeaderMap::new();
        for (name, value) in given.headers {
            let name: HeaderName = name.parse().map_err(|_| format!("{name:?} is no name of a header"))?;
            headers.append(name, HeaderValue::from_str(&value).map_err(|_| format!("{value:?} is no header"))?);
        }
        Ok(Self { headers, body: given.body.into() })
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.headers_mut() = self.headers;
        response
    }
}

/// What the verifier says of a good key: written anew each time, since it is another for each key and request.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Valid {
    valid: bool,
    code: String,
    status: u16,
    key_id: String,
    label: String,
    org_id: String,
    tenant_id: Option<String>,
    project_id: Option<String>,
    app_id: Option<String>,
    environment: String,
    mode: String,
    scopes: Vec<String>,
    expires_at: Option<String>,
    secret: String,
    secret_expires_at: Option<String>,
    metadata: serde_json::Map<String, serde_json::Value>,
    rate_limit: Option<RateLimit>,
    request_id: String,
}

#[derive(Deserialize, Serialize)]
struct RateLimit {
    limit: u64,
    remaining: u64,
    reset: u64,
}

/// What is known of one key.
struct Known {
    valid: Valid,
    verify: Answer,
    auth: Answer,
}

struct Keys {
    pepper: Pepper,
    known: HashMap<Digest, Known>,
}

impl Keys {
    fn find(&self, key: &str) -> Result<&Known, StatusCode> {
        self.known.get(&self.pepper.digest(key)).ok_or(StatusCode::UNAUTHORIZED)
    }
}

async fn verify(State(keys): State<Arc<Keys>>, Json(request): Json<VerifyRequest>) -> Result<Answer, StatusCode> {
    let known = keys.find(&request.key)?;
    let body = serde_json::to_vec(&known.valid).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(Answer { headers: known.verify.headers.clone(), body: body.into() })
}

async fn auth(State(keys): State<Arc<Keys>>, RawQuery(_): RawQuery, headers: HeaderMap) -> Result<Answer, StatusCode> {
    let key = headers.get("x-api-key").and_then(|key| key.to_str().ok()).ok_or(StatusCode::UNAUTHORIZED)?;
    Ok(keys.find(key)?.auth.clone())
}

#[tokio::main]
async fn main() -> Result<(), String> {
    let file = std::env::args().nth(1).ok_or("usage: bare FILE")?;
    let text = std::fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"))?;
    let given: Given = serde_json::from_str(&text).map_err(|error| format!("{file}: {error}"))?;
    let pepper = Pepper::new([7; 32]);
    let valid = serde_json::from_str(&given.verify.body).map_err(|error| format!("verify's answer: {error}"))?;
    let known = Known { valid, verify: Answer::new(given.verify)?, auth: Answer::new(given.auth)? };
    let keys = Arc::new(Keys { known: HashMap::from([(pepper.digest(&given.key), known)]), pepper });
    let router = Router::new().route("/v1/keys/verify", post(verify)).route("/v1/auth", any(auth)).with_state(keys);

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.map_err(|error| error.to_string())?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let mut out = std::io::stdout();
    writeln!(out, "listening on http://{address}").and_then(|()| out.flush()).map_err(|error| error.to_string())?;
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, router).await.map_err(|error| error.to_string())
}
