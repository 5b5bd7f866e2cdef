//! `/v1/orgs/{org_id}/webhooks` and `/v1/webhooks/{webhook_id}`

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use sallyport::{
    Error, Result as StoreResult, Timestamp,
    id::{OrgId, WebhookId},
    member::Permission,
    org::Org,
    place::Place,
    store::{Page, Reader, Store},
    webhook::{Stopped, Webhook, WebhookInput, check_grace},
};
use serde::{Deserialize, Serialize};
use utoipa::{ToSchema, openapi::schema::Object};

use super::{
    access::{Reachable, Within},
    answer::{Listed, created, ok},
    creation::CreationIn,
    query::{NoParams, QueryParams},
};
use crate::{
    api::{
        json::{self, RequestBody, Sent},
        problem::Problem,
        schema::{about, or_null, words},
    },
    state::AppState,
};

/// An endpoint that is told what happens.
#[derive(Serialize, ToSchema)]
#[schema(as = Webhook)]
pub struct WebhookResponse {
    #[schema(value_type = String, example = "whk_5F4iGN2e1DLYq3Xw")]
    webhook_id: WebhookId,
    #[schema(value_type = String)]
    org_id: OrgId,
    /// Where deliveries are sent.
    url: String,
    /// Of events about keys only those of this environment are sent.
    environment: String,
    /// The names of the events that are sent; `*` for all.
    events: Vec<String>,
    description: String,
    /// Whether anything is sent.
    active: bool,
    #[schema(schema_with = stopped, required = true)]
    stopped: Option<&'static str>,
    /// Whether it has a secret: nothing is sent without.
    has_secret: bool,
    /// Until when the secret before signs beside it; `null` if it does not.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    previous_expires_at: Option<Timestamp>,
    /// Since when every attempt failed; `null` if the last one did not.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    failing_since: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

fn stopped() -> Object {
    let text = "Why the portal stopped it: it answered 410, or every attempt failed for five days; `null` otherwise.";
    about(text, or_null(words([Stopped::Gone, Stopped::Failing].map(Stopped::as_str))))
}

impl WebhookResponse {
    fn of(webhook: Webhook, now: Timestamp) -> Self {
        Self {
            webhook_id: webhook.id,
            org_id: webhook.org_id,
            url: webhook.url,
            environment: webhook.environment,
            events: webhook.events.names().to_vec(),
            description: webhook.description,
            active: webhook.active,
            stopped: webhook.stopped.map(Stopped::as_str),
            has_secret: webhook.has_secret,
            previous_expires_at: webhook.previous_until.filter(|until| now < *until),
            failing_since: webhook.failing_since,
            created_at: webhook.created_at,
        }
    }
}

/// An endpoint with its secret, which no other answer contains.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookWithSecret)]
pub struct WebhookSecretResponse {
    #[serde(flatten)]
    webhook: WebhookResponse,
    /// Signs the deliveries (Standard Webhooks 1.0).
    #[schema(example = "whsec_…")]
    secret: String,
}

/// For people with the permission, and for root tokens and keys that manage the organization. It does not exist for others.
impl Reachable for Webhook {
    fn org(&self) -> &OrgId {
        &self.org_id
    }

    async fn find(store: &Store, reader: Reader<'_>, id: &str) -> StoreResult<Option<Self>> {
        let Some(id) = WebhookId::parse(id) else { return Ok(None) };
        let Some(found) = store.webhook(&id).await? else { return Ok(None) };
        Ok(may_manage(store, reader, &found.org_id).await?.then_some(found))
    }
}

pub(super) async fn may_manage(store: &Store, reader: Reader<'_>, org: &OrgId) -> StoreResult<bool> {
    if reader.closed(org).is_some() {
        return Ok(false);
    }
    match reader {
        Reader::Person(user) | Reader::Bearer { user, .. } => store.may(user, org, Permission::ManageWebhooks).await,
        Reader::Account(account) => store.subject_may(account.as_str(), org, Permission::ManageWebhooks).await,
        Reader::All | Reader::Org(_) => Ok(store.find(reader, org).await?.is_some()),
    }
}

/// An endpoint to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewWebhook)]
pub struct MakeWebhook {
    /// `https://`, a public host, port 443 or one from 1024 on, and neither user nor password.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(required = true, max_length = 500)]
    url: String,
    /// Of events about keys only those of this environment are sent.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(required = true)]
    environment: String,
    /// The names of the events to send, or `*` for all.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(required = true, min_items = 1)]
    events: Vec<String>,
    /// For people.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(required = false, max_length = 200)]
    description: String,
}

impl RequestBody for MakeWebhook {
    const FIELDS: &str =
        "Its fields are url, environment, events (a list of names, or *) and, optionally, description.";
}

/// Changes of an endpoint. What is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WebhookUpdate)]
pub struct UpdateWebhook {
    /// Where deliveries are sent from now on, those that wait, too.
    #[serde(default, deserialize_with = "json::present")]
    #[schema(nullable = false, max_length = 500)]
    url: Option<String>,
    /// Of events about keys only those of this environment are sent.
    #[serde(default, deserialize_with = "json::present")]
    #[schema(nullable = false)]
    environment: Option<String>,
    /// The names of the events to send, or `*` for all.
    #[serde(default, deserialize_with = "json::present")]
    #[schema(nullable = false, min_items = 1)]
    events: Option<Vec<String>>,
    /// For people.
    #[serde(default, deserialize_with = "json::present")]
    #[schema(nullable = false, max_length = 200)]
    description: Option<String>,
    /// Whether anything is sent. What happens while it is off is not sent later.
    #[serde(default, deserialize_with = "json::present")]
    #[schema(nullable = false)]
    active: Option<bool>,
}

impl RequestBody for UpdateWebhook {
    const FIELDS: &str = "Its fields are url, environment, events (a list of names, or *), description and active (true or \
        false). Those left out stay as they are.";
}

/// How long the old secret signs, too.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewWebhookSecret)]
pub struct ChangeSecret {
    /// For so long, each delivery has the signatures of both secrets. Without it, the old one stops at once.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(required = false, maximum = 2_592_000, example = 86_400)]
    grace_seconds: u64,
}

impl RequestBody for ChangeSecret {
    const FIELDS: &str = "The only field is grace_seconds, a whole number.";
    const IS_OPTIONAL: bool = true;
}

/// List the webhooks of an organization
///
/// All of them, oldest first: there are at most 20.
#[utoipa::path(
    get, path = "/v1/orgs/{org_id}/webhooks", operation_id = "listWebhooks", tag = "Webhooks",
    params(("org_id" = String, Path)), responses((status = 200, body = Listed<WebhookResponse>))
)]
pub async fn list(
    State(state): State<AppState>,
    Within { manager, it: org }: Within<Org>,
    _: QueryParams<NoParams>,
) -> Result<Response, Problem> {
    let store = &state.context.store;
    manager.needs(store, &Place::from(&org), Permission::ManageWebhooks).await?;
    let (items, now) = (store.webhooks(&org.id).await?, store.now());
    Ok(ok(Listed::of(Page { items, next: None }, |webhook| WebhookResponse::of(webhook, now))))
}

/// Make a webhook
///
/// It is told what happens from now on. Its secret is in this answer only. The name of its host is judged whenever something is
/// sent; an address that is not on the public internet is refused at once.
#[utoipa::path(
    post, path = "/v1/orgs/{org_id}/webhooks", operation_id = "createWebhook", tag = "Webhooks",
    params(("org_id" = String, Path)), request_body = MakeWebhook,
    responses(
        (status = 201, body = WebhookSecretResponse),
        (status = 409, description = "The organization has 20 endpoints (`too_many_webhooks`), or this request was answered \
            before (`already_made`)",
            content_type = "application/problem+json", body = Problem, example = json!({
                "type": "about:blank", "title": "Conflict", "status": 409, "code": "too_many_webhooks",
                "detail": "An organization has at most 20 endpoints. Delete one that is not needed.",
                "request_id": "req_5wQm2hVdK8sLp0aZ3xYc",
            })),
    )
)]
pub async fn create(
    State(state): State<AppState>,
    CreationIn { parent: org, body, act }: CreationIn<Org, MakeWebhook>,
) -> Result<Response, Problem> {
    let store = &state.context.store;
    let input = WebhookInput {
        url: Some(body.url),
        environment: Some(body.environment),
        events: Some(body.events),
        description: Some(body.description),
        active: None,
    };
    let new = input.check_new(store.profile(), &state.context.webhook_targets).map_err(Error::from)?;
    let (webhook, secret) = store.create_webhook(&act, &org.id, new, true, None).await?;
    let secret = secret.map(|secret| secret.expose().to_owned()).unwrap_or_default();
    let path = format!("/v1/webhooks/{}", webhook.id);
    Ok(created(&path, WebhookSecretResponse { webhook: WebhookResponse::of(webhook, store.now()), secret }))
}

/// Read a webhook
#[utoipa::path(
    get, path = "/v1/webhooks/{webhook_id}", operation_id = "getWebhook", tag = "Webhooks",
    params(("webhook_id" = String, Path)), responses((status = 200, body = WebhookResponse))
)]
pub async fn read(
    State(state): State<AppState>,
    webhook: Within<Webhook>,
    _: QueryParams<NoParams>,
) -> Result<Response, Problem> {
    Ok(ok(WebhookResponse::of(webhook.it, state.context.store.now())))
}

/// Change a webhook
#[utoipa::path(
    patch, path = "/v1/webhooks/{webhook_id}", operation_id = "updateWebhook", tag = "Webhooks",
    params(("webhook_id" = String, Path)), request_body = UpdateWebhook,
    responses((status = 200, body = WebhookResponse))
)]
pub async fn update(
    State(state): State<AppState>,
    Within { manager, it: webhook }: Within<Webhook>,
    _: QueryParams<NoParams>,
    Sent(body): Sent<UpdateWebhook>,
) -> Result<Response, Problem> {
    let store = &state.context.store;
    let UpdateWebhook { url, environment, events, description, active } = body;
    let input = WebhookInput { url, environment, events, description, active };
    let change = input.check(store.profile(), &state.context.webhook_targets).map_err(Error::from)?;
    let changed = store.change_webhook(&manager.act(), &webhook.id, change).await?;
    Ok(ok(WebhookResponse::of(changed, store.now())))
}

/// Delete a webhook
///
/// With its deliveries.
#[utoipa::path(
    delete, path = "/v1/webhooks/{webhook_id}", operation_id = "deleteWebhook", tag = "Webhooks",
    params(("webhook_id" = String, Path)), responses((status = 204, description = "Nothing is sent to it any more"))
)]
pub async fn delete(
    State(state): State<AppState>,
    Within { manager, it: webhook }: Within<Webhook>,
    _: QueryParams<NoParams>,
) -> Result<Response, Problem> {
    state.context.store.delete_webhook(&manager.act(), &webhook.id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Replace the secret of a webhook
///
/// The new secret is in this answer only. The old one stops signing at once, or signs beside it for `grace_seconds`.
#[utoipa::path(
    post, path = "/v1/webhooks/{webhook_id}/secret", operation_id = "replaceWebhookSecret", tag = "Webhooks",
    params(("webhook_id" = String, Path)), request_body = ChangeSecret,
    responses((status = 201, body = WebhookSecretResponse))
)]
pub async fn change_secret(
    State(state): State<AppState>,
    CreationIn { parent: webhook, body, act }: CreationIn<Webhook, ChangeSecret>,
) -> Result<Response, Problem> {
    let store = &state.context.store;
    let grace = check_grace(body.grace_seconds).map_err(Error::from)?;
    let (webhook, secret) = store.change_webhook_secret(&act, &webhook.id, None, grace).await?;
    let path = format!("/v1/webhooks/{}", webhook.id);
    let webhook = WebhookResponse::of(webhook, store.now());
    Ok(created(&path, WebhookSecretResponse { webhook, secret: secret.expose().to_owned() }))
}
