//! `/v1/webhooks/{webhook_id}/deliveries` and `/v1/deliveries/{delivery_id}`

use std::num::NonZeroU8;

use axum::{extract::State, response::Response};
use sallyport::{
    Error, Result as StoreResult, Timestamp,
    id::{DeliveryId, OrgId, WebhookId},
    store::{DeliveryFilter, Paging, Reader, Store},
    webhook::{Delivery, DeliveryStatus, Webhook},
};
use sallyport_app::acts::test_events;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema, openapi::schema::Object};

use super::{
    access::{Reachable, Within},
    answer::{Listed, accepted, ok},
    query::{NoParams, Parameters, QueryParams, limit, no_cursor, word},
    rotation::NoFields,
    webhooks::may_manage,
};
use crate::{
    api::{
        json::{RequestBody, Sent},
        problem::Problem,
        schema::words,
    },
    state::AppState,
};

/// What was sent to an endpoint, and how that went.
#[derive(Serialize, ToSchema)]
#[schema(as = Delivery)]
pub struct DeliveryResponse {
    /// The same at each attempt, in the header `webhook-id`.
    #[schema(value_type = String, example = "msg_5F4iGN2e1DLYq3Xw7Hq2")]
    delivery_id: DeliveryId,
    #[schema(value_type = String)]
    webhook_id: WebhookId,
    /// Its number for this endpoint, to order by.
    sequence: i64,
    /// The name of the event.
    event: String,
    #[schema(schema_with = statuses)]
    status: &'static str,
    /// How often it was tried.
    attempts: i64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it is tried next; `null` if it is not.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    next_attempt_at: Option<Timestamp>,
    /// When it was tried last; `null` if it was not.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    attempted_at: Option<Timestamp>,
    /// How long the last attempt took; `null` if there was none.
    #[schema(required = true)]
    duration_ms: Option<i64>,
    /// The status of the last response; `null` if there was none.
    #[schema(required = true)]
    response_code: Option<i64>,
    /// Its first 4 KB; `null` if there was none, and of targets that are not on the public internet.
    #[schema(required = true)]
    response_body: Option<String>,
    /// Why the last attempt failed; `null` if it did not.
    #[schema(required = true)]
    error: Option<String>,
    /// What is sent.
    request_body: String,
}

fn statuses() -> Object {
    let text = "`pending` until it was taken, `failed` once it is not tried any more.";
    crate::api::schema::about(text, words(DeliveryStatus::ALL.map(DeliveryStatus::as_str)))
}

impl From<Delivery> for DeliveryResponse {
    fn from(delivery: Delivery) -> Self {
        Self {
            delivery_id: delivery.id,
            webhook_id: delivery.webhook_id,
            sequence: delivery.seq,
            event: delivery.event,
            status: delivery.status.as_str(),
            attempts: delivery.attempts,
            created_at: delivery.created_at,
            next_attempt_at: delivery.next_at,
            attempted_at: delivery.tried_at,
            duration_ms: delivery.duration_ms,
            response_code: delivery.code,
            response_body: delivery.response,
            error: delivery.error,
            request_body: delivery.body,
        }
    }
}

/// With its endpoint.
impl Reachable for Delivery {
    fn org(&self) -> &OrgId {
        &self.org_id
    }

    async fn find(store: &Store, reader: Reader<'_>, id: &str) -> StoreResult<Option<Self>> {
        let Some(id) = DeliveryId::parse(id) else { return Ok(None) };
        let Some(found) = store.delivery(&id).await? else { return Ok(None) };
        Ok(may_manage(store, reader, &found.org_id).await?.then_some(found))
    }
}

/// Which deliveries.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliveryParams {
    /// Entries at most.
    #[serde(default)]
    #[param(value_type = Option<u8>, minimum = 1, maximum = 100, default = 25, nullable = false)]
    limit: Option<NonZeroU8>,
    /// The `next_cursor` of the previous part.
    #[param(value_type = Option<String>, nullable = false)]
    cursor: Option<String>,
    /// Only with this status: `pending`, `delivered` or `failed`.
    #[param(value_type = Option<String>, nullable = false)]
    status: Option<String>,
    /// Only of this event.
    #[param(value_type = Option<String>, nullable = false)]
    event: Option<String>,
}

impl Parameters for DeliveryParams {
    const FIELDS: &str = "The query takes limit (1 to 100), cursor (the next_cursor of the previous part), status (pending, \
        delivered or failed) and event, each once.";
}

/// What to send again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ResendFailed)]
pub struct ResendFailed {
    /// Of deliveries that were made then or later.
    #[schema(format = DateTime)]
    since: String,
}

impl RequestBody for ResendFailed {
    const FIELDS: &str = "The only field is since, a time in RFC 3339.";
}

/// How many deliveries are sent again.
#[derive(Serialize, ToSchema)]
#[schema(as = Resent)]
pub struct ResentResponse {
    /// At most 10000 at once.
    deliveries: u64,
}

/// List the deliveries of a webhook
///
/// Newest first, of the last 30 days.
#[utoipa::path(
    get, path = "/v1/webhooks/{webhook_id}/deliveries", operation_id = "listDeliveries", tag = "Webhooks",
    params(("webhook_id" = String, Path), DeliveryParams), responses((status = 200, body = Listed<DeliveryResponse>))
)]
pub async fn list(
    State(state): State<AppState>,
    Within { it: webhook, .. }: Within<Webhook>,
    QueryParams(asked): QueryParams<DeliveryParams>,
) -> Result<Response, Problem> {
    let paging = Paging::parse(limit(asked.limit)?, asked.cursor.as_deref()).ok_or_else(no_cursor)?;
    let status = match asked.status.as_deref() {
        None => None,
        Some(text) => Some(
            DeliveryStatus::parse(text)
                .ok_or_else(|| Problem::bad_request("The status is pending, delivered or failed."))?,
        ),
    };
    let event = word("event", asked.event)?;
    let event = (!event.is_empty()).then_some(event.as_str());
    let filter = DeliveryFilter { webhook: Some(&webhook.id), status, event };
    let page = state.context.store.deliveries(&webhook.org_id, filter, &paging).await?;
    Ok(ok(Listed::of(page, DeliveryResponse::from)))
}

/// Read a delivery
#[utoipa::path(
    get, path = "/v1/deliveries/{delivery_id}", operation_id = "getDelivery", tag = "Webhooks",
    params(("delivery_id" = String, Path)), responses((status = 200, body = DeliveryResponse))
)]
pub async fn read(delivery: Within<Delivery>, _: QueryParams<NoParams>) -> Result<Response, Problem> {
    Ok(ok(DeliveryResponse::from(delivery.it)))
}

/// Send a test event
///
/// Whatever events the endpoint is told. After 20 test events to an endpoint, or 60 to all of an organization, there is
/// another every 30 or 15 seconds (429).
#[utoipa::path(
    post, path = "/v1/webhooks/{webhook_id}/test", operation_id = "testWebhook", tag = "Webhooks",
    params(("webhook_id" = String, Path)),
    responses(
        (status = 202, description = "It is sent", body = DeliveryResponse),
        (status = 409, description = "The endpoint is off (`webhook_off`), or has no secret (`no_secret`)",
            content_type = "application/problem+json", body = Problem, example = json!({
                "type": "about:blank", "title": "Conflict", "status": 409, "code": "webhook_off",
                "detail": "This endpoint is off. Turn it on first.", "request_id": "req_5wQm2hVdK8sLp0aZ3xYc",
            })),
    )
)]
pub async fn test(
    State(state): State<AppState>,
    Within { manager, it: webhook }: Within<Webhook>,
    _: QueryParams<NoParams>,
    _: NoFields,
) -> Result<Response, Problem> {
    let made = test_events::send(&state.context, &manager.act(), &webhook).await?;
    Ok(accepted(&format!("/v1/deliveries/{}", made.id), DeliveryResponse::from(made)))
}

/// Send a delivery again
///
/// Under the same id, whether it was delivered or not.
#[utoipa::path(
    post, path = "/v1/deliveries/{delivery_id}/resend", operation_id = "resendDelivery", tag = "Webhooks",
    params(("delivery_id" = String, Path)),
    responses(
        (status = 202, description = "It is sent", body = DeliveryResponse),
        (status = 409, description = "It is being sent (`being_sent`), or the endpoint is off (`webhook_off`) or has no secret \
            (`no_secret`)",
            content_type = "application/problem+json", body = Problem, example = json!({
                "type": "about:blank", "title": "Conflict", "status": 409, "code": "being_sent",
                "detail": "This delivery is being sent right now.", "request_id": "req_5wQm2hVdK8sLp0aZ3xYc",
            })),
    )
)]
pub async fn resend(
    State(state): State<AppState>,
    Within { manager, it: delivery }: Within<Delivery>,
    _: QueryParams<NoParams>,
    _: NoFields,
) -> Result<Response, Problem> {
    let again = state.context.store.resend_delivery(&manager.act(), &delivery).await?;
    Ok(accepted(&format!("/v1/deliveries/{}", again.id), DeliveryResponse::from(again)))
}

/// Send again what failed
///
/// Deliveries that are not tried any more, each under its own id.
#[utoipa::path(
    post, path = "/v1/webhooks/{webhook_id}/resend-failed", operation_id = "resendFailedDeliveries", tag = "Webhooks",
    params(("webhook_id" = String, Path)), request_body = ResendFailed,
    responses(
        (status = 200, body = ResentResponse),
        (status = 409, description = "The endpoint is off (`webhook_off`), or has no secret (`no_secret`)",
            content_type = "application/problem+json", body = Problem, example = json!({
                "type": "about:blank", "title": "Conflict", "status": 409, "code": "webhook_off",
                "detail": "This endpoint is off. Turn it on first.", "request_id": "req_5wQm2hVdK8sLp0aZ3xYc",
            })),
    )
)]
pub async fn resend_failed(
    State(state): State<AppState>,
    Within { manager, it: webhook }: Within<Webhook>,
    _: QueryParams<NoParams>,
    Sent(body): Sent<ResendFailed>,
) -> Result<Response, Problem> {
    let since = Timestamp::parse_rfc3339(&body.since)
        .ok_or_else(|| Error::field("since", "Write a time like 2026-11-22T06:00:00Z."))?;
    let deliveries = state.context.store.resend_failed_deliveries(&manager.act(), &webhook.id, since).await?;
    Ok(ok(ResentResponse { deliveries }))
}
