//! `POST /v1/leaks`: whoever has somebody's whole key reports it; a partner that scans for secrets signs what it sends.

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    extract::{Extension, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use sallyport::{
    audit::{Act, Actor, hex},
    leak_inbox::SentLeak,
    request::Client,
    throttle::{Throttled, Throttles, Who},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use utoipa::{ToSchema, openapi::schema::Object};

use super::{
    body,
    json::answer,
    problem::Problem,
    schema::{about, words},
};
use crate::{partner_keys::PartnerKeys, state::AppState};

/// The headers of a signed report, as GitHub sends them.
const IDENTIFIER: &str = "github-public-key-identifier";
const SIGNATURE: &str = "github-public-key-signature";

/// The largest bodies, and the most secrets of a signed one.
const UNSIGNED: usize = 64 * 1024;
const SIGNED: usize = 1024 * 1024;
const MOST: usize = 5_000;

/// Signed bodies in memory at once: until one is read nobody knows whether its signature is good.
static PLACES: Semaphore = Semaphore::const_new(16);

/// How long to wait if there is no room for another report.
const FULL: Duration = Duration::from_secs(5);

/// A secret that somebody found.
#[derive(Deserialize, ToSchema)]
#[schema(as = Leak)]
pub struct LeakReport {
    /// The whole key or token.
    token: String,
    /// What the partner calls this kind of secret.
    #[serde(default)]
    #[schema(required = false)]
    r#type: Option<String>,
    /// Where it was found: an address, or a few words.
    #[serde(default)]
    #[schema(required = false)]
    url: Option<String>,
    /// In what kind of place it was found.
    #[serde(default)]
    #[schema(required = false)]
    #[allow(dead_code, reason = "describes what partners send")]
    source: Option<String>,
}

/// What a partner learns of a secret that it reported.
#[derive(Serialize, ToSchema)]
pub struct LeakLabel {
    /// SHA-256 of the token, in hexadecimal.
    token_hash: String,
    /// As it was sent.
    token_type: String,
    #[schema(schema_with = labels)]
    label: &'static str,
}

const REAL: &str = "true_positive";
const UNKNOWN: &str = "false_positive";

fn labels() -> Object {
    let text = "`true_positive` if it is, or was, a key or token of this portal; else `false_positive`.";
    about(text, words([REAL, UNKNOWN]))
}

/// The same for every report without a signature.
#[derive(Serialize, ToSchema)]
pub struct LeakTaken {}

/// Report leaked keys
///
/// For whoever found a key or a token where it does not belong. No credential is needed: having all of it is the proof. The
/// organization’s rule `on_leak` says what happens: the key is revoked, paused, or only announced.
///
/// Without a signature the answer is always the same, whatever was sent, so that nobody learns which keys exist. A partner that
/// scans for secrets signs the body as GitHub’s secret scanning does (ECDSA on P-256 with SHA-256), and is told which of them
/// are, or were, keys.
#[utoipa::path(
    post, path = "/v1/leaks", operation_id = "reportLeaks", tag = "Leaks", request_body = Vec<LeakReport>,
    params(
        ("Github-Public-Key-Identifier" = Option<String>, Header, description = "Which public key checks the signature."),
        ("Github-Public-Key-Signature" = Option<String>, Header, description = "Signature of the body, in base64."),
    ),
    responses(
        (status = 200, body = Vec<LeakLabel>, description = "A signed report: in the order in which they were sent"),
        (status = 202, body = LeakTaken, description = "A report without a signature, whatever it says"),
    )
)]
pub async fn report(
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
    request: Request,
) -> Result<Response, Problem> {
    let (head, sent) = request.into_parts();
    match Signature::of(&head.headers) {
        None => {
            let who = Who::LeakReporter(client.ip);
            if let Err(Throttled { wait, .. }) = state.context.attempts.begin(who, "").await? {
                return Err(too_many(wait));
            }
            let body = body::read_up_to(UNSIGNED, sent).await?;
            let taken = state.context.leaks.take(client.act(Actor::Sallyport), move || leaks(&body));
            if taken { Ok((StatusCode::ACCEPTED, answer(&LeakTaken {})).into_response()) } else { Err(too_many(FULL)) }
        }
        Some(signature) => signed(&state, &client, &signature, sent).await,
    }
}

/// What a body says without a signature; nothing if it can't be read.
fn leaks(body: &Bytes) -> Vec<SentLeak> {
    let reports: Vec<LeakReport> = serde_json::from_slice(body).unwrap_or_default();
    reports.into_iter().map(|report| SentLeak { token: report.token, place: report.url.unwrap_or_default() }).collect()
}

async fn signed(state: &AppState, client: &Client, signature: &Signature, sent: Body) -> Result<Response, Problem> {
    let attempts = &state.context.attempts;
    let attempt = match attempts.begin(Who::LeakPartner(client.ip), "").await? {
        Ok(attempt) => attempt,
        Err(Throttled { wait, .. }) => return Err(too_many(wait)),
    };
    // Nobody signs for a portal without partners.
    let keys = state.partner_keys.as_deref().ok_or_else(wrong_signature)?;
    let Ok(_place) = PLACES.try_acquire() else { return Err(too_many(FULL)) };
    let body = body::read_up_to(SIGNED, sent).await?;
    // Before anything of it is looked at.
    let checked = signature.check(keys, &body).await;
    if !checked.as_ref().is_err_and(|problem| problem.status() == StatusCode::UNAUTHORIZED) {
        attempts.take_back(attempt).await;
    }
    checked?;
    let reports: Vec<LeakReport> = serde_json::from_slice(&body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Problem::bad_request(format!(
            "Send a JSON array of objects with token, type, url and source, as texts; it is wrong at line {line}, column {column}."
        ))
    })?;
    if reports.len() > MOST {
        let detail = format!("Send at most {MOST} secrets at once; these are {}.", reports.len());
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail));
    }
    let store = &state.context.store;
    let places = reports.iter().map(|report| (report.token.as_str(), report.url.as_deref().unwrap_or_default()));
    let act = Act { user_agent: None, ..client.act(Actor::Sallyport) };
    let known = store.report_leaks(&act, &store.reported(places), true).await?;
    let label = |(report, known): (LeakReport, bool)| LeakLabel {
        token_hash: hex(&Sha256::digest(report.token.as_bytes())),
        token_type: report.r#type.unwrap_or_default(),
        label: if known { REAL } else { UNKNOWN },
    };
    let mut response = answer(&reports.into_iter().zip(known).map(label).collect::<Vec<_>>());
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn wrong_signature() -> Problem {
    Problem::unauthorized("This is not signed by a partner of this portal; nothing of it was read.")
}

fn too_many(wait: Duration) -> Problem {
    Problem::too_many("Too many reports were sent. Try again later.", Some(wait))
}

/// What a signed report is signed with, as sent.
struct Signature {
    identifier: String,
    signature: String,
}

impl Signature {
    /// `None` if neither header was sent.
    fn of(headers: &HeaderMap) -> Option<Self> {
        if !headers.contains_key(IDENTIFIER) && !headers.contains_key(SIGNATURE) {
            return None;
        }
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        Some(Self { identifier: text(IDENTIFIER), signature: text(SIGNATURE) })
    }

    async fn check(&self, keys: &PartnerKeys, body: &[u8]) -> Result<(), Problem> {
        match keys.signed(&self.identifier, &self.signature, body).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(wrong_signature()),
            Err(_) => {
                let detail = "The partner's public keys can't be read right now. Try again in a moment.";
                Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail))
            }
        }
    }
}
