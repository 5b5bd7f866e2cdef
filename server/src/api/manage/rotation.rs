//! `/v1/keys/{key_id}/rotate`, `/v1/keys/{key_id}/end-previous` and `/v1/keys/{key_id}/extend-previous`

use std::time::Duration;

use axum::{
    extract::{FromRequest, Request, State},
    response::Response,
};
use sallyport::{
    Error,
    key::{Ends, Key, NewRotation, rotation::check_grace},
    profile::RotationRules,
};
use serde::Deserialize;
use utoipa::{ToSchema, openapi::schema::Object};

use super::{
    access::Within,
    answer::{created, ok},
    creation::CreationIn,
    key_response::{IssuedKeyResponse, KeyResponse},
    query::{NoParams, QueryParams},
};
use crate::{
    api::{
        json::{self, RequestBody, Sent},
        problem::Problem,
        schema::{about, words},
    },
    state::AppState,
};

/// Another secret for a key. All fields are optional.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Rotation)]
pub struct RotateKey {
    /// How long the old secret is accepted; 0 ends it at once. Without it, as long as the profile says.
    #[schema(maximum = 2_592_000, example = 86_400)]
    grace_seconds: Option<u64>,
    /// Whether the key gets another signing secret, too. Without it, it does if it has one.
    signing_secret: Option<bool>,
    #[schema(schema_with = ends, required = false)]
    end: Option<String>,
    /// Replace the newest secret, if nobody used it: for a response that was lost.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(value_type = Option<bool>, default = false)]
    replace_unseen: bool,
}

fn ends() -> Object {
    let text = "For a key that is being rotated: which of its two secrets ends at once. The other one is accepted for the grace period.";
    about(text, words(Ends::ALL.map(Ends::as_str)))
}

impl RequestBody for RotateKey {
    const FIELDS: &str = "Its fields are grace_seconds (a whole number), signing_secret (true or false), end (previous or \
        current) and replace_unseen (true or false).";
}

impl RotateKey {
    fn check(&self, rules: &RotationRules) -> Result<NewRotation, Error> {
        let grace = match self.grace_seconds {
            Some(seconds) => check_grace(seconds, rules)?,
            None => rules.grace,
        };
        let ends = match self.end.as_deref() {
            None => None,
            Some(word) => Some(
                Ends::parse(word).ok_or_else(|| Error::field("end", "Write previous or current, or leave it out."))?,
            ),
        };
        if self.replace_unseen && ends.is_some() {
            let message = "With replace_unseen the newest secret ends; leave one of the two out.";
            return Err(Error::field("replace_unseen", message));
        }
        Ok(NewRotation { grace, signing_secret: self.signing_secret, ends, seen: None })
    }
}

/// Rotate a key
///
/// The key gets another secret, and another signing secret if it has one; the old ones are accepted until
/// `previous_expires_at`. The new secrets are in this answer only. Send an `Idempotency-Key`, so that a retry does not
/// rotate again: it is answered 409 with the id of the key. If the first answer was lost, send `replace_unseen` with
/// another `Idempotency-Key`: it replaces the new secret, unless somebody may have used it.
#[utoipa::path(
    post, path = "/v1/keys/{key_id}/rotate", operation_id = "rotateKey", tag = "Rotation", params(("key_id" = String, Path)),
    request_body = RotateKey,
    responses(
        (status = 201, body = IssuedKeyResponse),
        (status = 409, description = "The key is being rotated (`rotation_in_progress`), its newest secret may have been used \
            (`secret_in_use`), it can’t be rotated (`key_revoked`, `key_expired`, `rotated_by_hand`), or this request was answered \
            before (`already_made`)",
            content_type = "application/problem+json", body = Problem, example = json!({
                "type": "about:blank", "title": "Conflict", "status": 409, "code": "rotation_in_progress",
                "detail": "This key is being rotated: two of its secrets are accepted. Revoke the old one, or say which of them ends.",
                "request_id": "req_5wQm2hVdK8sLp0aZ3xYc",
            })),
    )
)]
pub async fn rotate(
    State(state): State<AppState>,
    CreationIn { parent: key, body, act }: CreationIn<Key, RotateKey>,
) -> Result<Response, Problem> {
    let store = &state.context.store;
    let new = body.check(&store.profile().rotation)?;
    let issued = match body.replace_unseen {
        true => state.verifier.replace_unseen(&act, &key, new).await?,
        false => store.rotate_key(&act, &key, new).await?,
    };
    Ok(created(&format!("/v1/keys/{}", issued.key.id), IssuedKeyResponse::rotated(&issued, store.now())))
}

/// End the old secret of a key
///
/// Once this is answered, every request with it is refused. The key is no longer being rotated.
#[utoipa::path(
    post, path = "/v1/keys/{key_id}/end-previous", operation_id = "endPreviousSecret", tag = "Rotation",
    params(("key_id" = String, Path)),
    responses(
        (status = 200, body = KeyResponse),
        (status = 409, description = "The key has no old secret that is accepted (`not_rotating`)",
            content_type = "application/problem+json", body = Problem, example = json!({
                "type": "about:blank", "title": "Conflict", "status": 409, "code": "not_rotating",
                "detail": "This key has no old secret that is still accepted.", "request_id": "req_5wQm2hVdK8sLp0aZ3xYc",
            })),
    )
)]
pub async fn end_previous(
    State(state): State<AppState>,
    key: Within<Key>,
    _: QueryParams<NoParams>,
    _: NoFields,
) -> Result<Response, Problem> {
    state.context.store.end_previous_secret(&key.manager.act(), &key.it).await?;
    current(&state, &key).await
}

/// How much longer the old secret is accepted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Extension)]
pub struct ExtendPrevious {
    /// Added to the grace period, which may not end later than the longest one would that begins now.
    #[schema(minimum = 1, maximum = 2_592_000, example = 3_600)]
    seconds: u64,
}

impl RequestBody for ExtendPrevious {
    const FIELDS: &str = "The only field is seconds, a whole number.";
}

/// Extend the grace period of the old secret
///
/// Once in a rotation.
#[utoipa::path(
    post, path = "/v1/keys/{key_id}/extend-previous", operation_id = "extendPreviousSecret", tag = "Rotation",
    params(("key_id" = String, Path)), request_body = ExtendPrevious,
    responses(
        (status = 200, body = KeyResponse),
        (status = 409, description = "The key has no old secret that is accepted (`not_rotating`), or its grace period was \
            extended before (`already_extended`)",
            content_type = "application/problem+json", body = Problem, example = json!({
                "type": "about:blank", "title": "Conflict", "status": 409, "code": "already_extended",
                "detail": "The grace period of this rotation was extended before. Rotate again to get more time.",
                "request_id": "req_5wQm2hVdK8sLp0aZ3xYc",
            })),
    )
)]
pub async fn extend_previous(
    State(state): State<AppState>,
    key: Within<Key>,
    _: QueryParams<NoParams>,
    Sent(body): Sent<ExtendPrevious>,
) -> Result<Response, Problem> {
    // Longer than any grace period, and short enough for every calendar.
    let by = Duration::from_secs(body.seconds.min(RotationRules::MOST.as_secs() + 1));
    state.context.store.extend_previous_secret(&key.manager.act(), &key.it, by).await?;
    current(&state, &key).await
}

/// The key as it is now.
async fn current(state: &AppState, key: &Within<Key>) -> Result<Response, Problem> {
    let store = &state.context.store;
    let changed = store.find(key.manager.reader(), &key.it.id).await?.ok_or(Error::NotFound)?;
    Ok(ok(KeyResponse::found(store, changed).await?))
}

/// A body without fields, or none.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoFields {}

impl RequestBody for NoFields {
    const FIELDS: &str = "It has no fields; leave it out.";
    const IS_OPTIONAL: bool = true;
}

impl FromRequest<AppState> for NoFields {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &AppState) -> Result<Self, Problem> {
        let (head, body) = request.into_parts();
        json::optional(&head.headers, body).await
    }
}
