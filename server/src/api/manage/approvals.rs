//! `/v1/orgs/{org_id}/approvals` and `/v1/approvals/{approval_id}`

use axum::{extract::State, response::Response};
use sallyport::{
    Error, Result as StoreResult, Timestamp,
    approval::{Approval, ApprovalStatus, check_reason},
    id::{AppId, ApprovalId, KeyId, OrgId},
    member::Permission,
    org::Org,
    store::{ApprovalFilter, Claimed, Paging, Reader, Store},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema, openapi::schema::Object};

use super::{
    access::{Manager, Reachable, Within},
    answer::{Listed, accepted, created, ok},
    creation::CreationIn,
    key_response::{IssuedKeyResponse, KeyResponse},
    query::{self, NoParams, Parameters, QueryParams},
    rotation::NoFields,
};
use crate::{
    api::{
        json::{self, RequestBody, Sent},
        problem::Problem,
        schema::words,
    },
    state::AppState,
};

/// What was asked for waits for the approval of another person.
#[derive(Serialize, ToSchema)]
#[schema(as = WaitingForApproval)]
pub struct WaitingResponse {
    #[schema(value_type = String, example = "apr_5F4iGN2e1DLYq3Xw")]
    approval_id: ApprovalId,
    #[schema(schema_with = statuses)]
    status: &'static str,
}

/// Nothing was made or changed yet: the request, and where it can be read.
pub fn waiting(approval_id: ApprovalId) -> Response {
    let path = format!("/v1/approvals/{approval_id}");
    accepted(&path, WaitingResponse { approval_id, status: ApprovalStatus::Waiting.as_str() })
}

/// A key, or a change of one, that somebody asked for.
#[derive(Serialize, ToSchema)]
#[schema(as = Approval)]
pub struct ApprovalResponse {
    #[schema(value_type = String, example = "apr_5F4iGN2e1DLYq3Xw")]
    approval_id: ApprovalId,
    #[schema(value_type = String)]
    org_id: OrgId,
    #[schema(value_type = Option<String>, required = true)]
    app_id: Option<AppId>,
    #[schema(schema_with = kinds)]
    kind: &'static str,
    #[schema(schema_with = statuses)]
    status: &'static str,
    label: String,
    environment: String,
    /// As they would be; `null` if they stay.
    #[schema(required = true)]
    scopes: Option<Vec<String>>,
    /// The expiry of the key as it would be; `null` for never, and if it stays.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    key_expires_at: Option<Timestamp>,
    /// As they would be; `null` if they stay.
    #[schema(required = true)]
    addresses: Option<Vec<String>>,
    /// Everything that is asked for; of a change only what changes, each as `from` and `to`.
    #[schema(value_type = Object)]
    asked: serde_json::Value,
    /// The key to change, or the one that was made; `null` before.
    #[schema(value_type = Option<String>, required = true)]
    key_id: Option<KeyId>,
    /// The name of the person, token or key that asked.
    asked_by: String,
    /// When they asked.
    #[schema(value_type = String, format = DateTime)]
    asked_at: Timestamp,
    /// Until when it can be decided or, once it is approved, claimed.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// The name of the person or token that approved or refused it; `null` before.
    #[schema(required = true)]
    decided_by: Option<String>,
    /// When it was approved or refused; `null` before.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    decided_at: Option<Timestamp>,
    /// Why it was refused; `null` if it was not.
    #[schema(required = true)]
    reason: Option<String>,
}

impl ApprovalResponse {
    fn of(approval: Approval, now: Timestamp) -> Self {
        let status = approval.status(now).as_str();
        let wish = &approval.wish;
        let addresses = wish.addresses().map(|blocks| blocks.split_whitespace().map(str::to_owned).collect());
        let decision = approval.decision.as_ref();
        Self {
            kind: wish.kind(),
            status,
            scopes: wish.scopes().map(<[String]>::to_vec),
            key_expires_at: wish.expires_at().flatten(),
            addresses,
            asked: wish.asked(),
            decided_by: decision.map(|decision| decision.by_name.clone()),
            decided_at: decision.map(|decision| decision.at),
            reason: decision.map(|decision| decision.reason.clone()).filter(|reason| !reason.is_empty()),
            approval_id: approval.id,
            org_id: approval.org_id,
            app_id: approval.app_id,
            label: approval.label,
            environment: approval.environment,
            key_id: approval.key_id,
            asked_by: approval.asked_by_name,
            asked_at: approval.asked_at,
            expires_at: approval.expires_at,
        }
    }
}

fn statuses() -> Object {
    words(ApprovalStatus::ALL.map(ApprovalStatus::as_str))
}

fn kinds() -> Object {
    words(["key", "change"])
}

/// Whoever asked sees it, and whoever may decide it.
impl Reachable for Approval {
    fn org(&self) -> &OrgId {
        &self.org_id
    }

    async fn find(store: &Store, reader: Reader<'_>, id: &str) -> StoreResult<Option<Self>> {
        let Some(id) = ApprovalId::parse(id) else { return Ok(None) };
        let Some(found) = store.approval(&id).await? else { return Ok(None) };
        // Not if they left the organization since.
        if store.find(reader, &found.org_id).await?.is_none() {
            return Ok(None);
        }
        let sees = match reader {
            Reader::All | Reader::Org(_) => true,
            Reader::Account(account) => {
                store.subject_may(account.as_str(), &found.org_id, Permission::GovernKeys).await?
            }
            Reader::Person(user) | Reader::Bearer { user, .. } => {
                found.asked_by.id == user.as_str() || store.may(user, &found.org_id, Permission::GovernKeys).await?
            }
        };
        Ok(sees.then_some(found))
    }
}

/// Whether the caller sees what others asked for, too. A key that manages does not: it decides nothing.
async fn sees_all(store: &Store, manager: &Manager, org: &OrgId) -> Result<bool, Problem> {
    match manager.subject() {
        Some(subject) => Ok(store.subject_may(subject, org, Permission::GovernKeys).await?),
        None => Ok(!manager.is_key()),
    }
}

/// Why a request is refused.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ApprovalRefusal)]
pub struct Refusal {
    /// Whoever asked reads it.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(required = true, min_length = 1, max_length = 200)]
    reason: String,
}

impl RequestBody for Refusal {
    const FIELDS: &str = "The only field is reason, a sentence for whoever asked.";
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ApprovalListParams {
    /// Entries at most.
    #[param(value_type = Option<u8>, minimum = 1, maximum = 100, default = 25, nullable = false)]
    limit: Option<std::num::NonZeroU8>,
    /// The `next_cursor` of the previous part.
    #[param(nullable = false)]
    cursor: Option<String>,
    /// Only requests with this status.
    #[param(schema_with = statuses, required = false)]
    status: Option<String>,
    /// Only requests for keys of this app.
    #[param(nullable = false)]
    app_id: Option<String>,
}

impl Parameters for ApprovalListParams {
    const FIELDS: &str = "The query takes limit (1 to 100), cursor (the next_cursor of the previous part), status and app_id, \
        each once.";
}

fn no_status() -> Problem {
    Problem::bad_request(format!(
        "The status is one of {}.",
        ApprovalStatus::ALL.map(ApprovalStatus::as_str).join(", ")
    ))
}

/// List the requests for approval of an organization
///
/// Newest first: all of them for owners, admins and root tokens, for others those that they made.
#[utoipa::path(
    get, path = "/v1/orgs/{org_id}/approvals", operation_id = "listApprovals", tag = "Rules for keys",
    params(("org_id" = String, Path), ApprovalListParams), responses((status = 200, body = Listed<ApprovalResponse>))
)]
pub async fn list(
    State(state): State<AppState>,
    org: Within<Org>,
    QueryParams(params): QueryParams<ApprovalListParams>,
) -> Result<Response, Problem> {
    let store = &state.context.store;
    let me = org.manager.act().actor;
    let sees_all = sees_all(store, &org.manager, &org.it.id).await?;
    let status = match params.status.as_deref() {
        None => None,
        Some(word) => Some(ApprovalStatus::parse(word).ok_or_else(no_status)?),
    };
    let app = match params.app_id.as_deref() {
        None => None,
        Some(id) => Some(AppId::parse(id).ok_or_else(|| Problem::bad_request("The app_id is not an id of an app."))?),
    };
    let filter = ApprovalFilter { asked_by: (!sees_all).then(|| me.id().to_owned()), status, app };
    let paging = Paging::parse(query::limit(params.limit)?, params.cursor.as_deref()).ok_or_else(query::no_cursor)?;
    let page = store.approvals(&org.it.id, &filter, &paging).await?;
    let now = store.now();
    Ok(ok(Listed::of(page, |approval| ApprovalResponse::of(approval, now))))
}

/// Read a request for approval
#[utoipa::path(
    get, path = "/v1/approvals/{approval_id}", operation_id = "getApproval", tag = "Rules for keys",
    params(("approval_id" = String, Path)), responses((status = 200, body = ApprovalResponse))
)]
pub async fn read(
    State(state): State<AppState>,
    Within { manager, it: approval }: Within<Approval>,
    _: QueryParams<NoParams>,
) -> Result<Response, Problem> {
    let store = &state.context.store;
    if !approval.asked_by.is(&manager.act().actor) && !sees_all(store, &manager, &approval.org_id).await? {
        return Err(Error::NotFound.into());
    }
    Ok(ok(ApprovalResponse::of(approval, store.now())))
}

/// Approve a request
///
/// For owners and admins, and root tokens: of somebody else. Whoever asked can claim it for 7 days.
#[utoipa::path(
    post, path = "/v1/approvals/{approval_id}/approve", operation_id = "approveRequest", tag = "Rules for keys",
    params(("approval_id" = String, Path)),
    responses(
        (status = 200, body = ApprovalResponse),
        (status = 409, description = "It was decided or withdrawn, or has expired (`approval_decided`, `approval_refused`, \
            `approval_withdrawn`, `approval_claimed`, `approval_expired`)",
            content_type = "application/problem+json", body = Problem, example = json!({
                "type": "about:blank", "title": "Conflict", "status": 409, "code": "approval_decided",
                "detail": "This request was approved already.", "request_id": "req_5wQm2hVdK8sLp0aZ3xYc",
            })),
    )
)]
pub async fn approve(
    State(state): State<AppState>,
    Within { manager, it: approval }: Within<Approval>,
    _: QueryParams<NoParams>,
    _: NoFields,
) -> Result<Response, Problem> {
    let store = &state.context.store;
    let decided = store.approve(&manager.act(), &approval.id).await?;
    Ok(ok(ApprovalResponse::of(decided, store.now())))
}

/// Refuse a request
///
/// For owners and admins, and root tokens: of somebody else, with a reason. It takes an approval back, as long as nobody
/// claimed it.
#[utoipa::path(
    post, path = "/v1/approvals/{approval_id}/refuse", operation_id = "refuseRequest", tag = "Rules for keys",
    params(("approval_id" = String, Path)), request_body = Refusal,
    responses(
        (status = 200, body = ApprovalResponse),
        (status = 409, description = "It was decided or withdrawn, or has expired (`approval_decided`, `approval_refused`, \
            `approval_withdrawn`, `approval_claimed`, `approval_expired`)",
            content_type = "application/problem+json", body = Problem, example = json!({
                "type": "about:blank", "title": "Conflict", "status": 409, "code": "approval_expired",
                "detail": "This request has expired. Ask again if it is still needed.",
                "request_id": "req_5wQm2hVdK8sLp0aZ3xYc",
            })),
    )
)]
pub async fn refuse(
    State(state): State<AppState>,
    Within { manager, it: approval }: Within<Approval>,
    _: QueryParams<NoParams>,
    Sent(body): Sent<Refusal>,
) -> Result<Response, Problem> {
    let store = &state.context.store;
    let reason = check_reason(&body.reason).map_err(Error::from)?;
    let decided = store.refuse_approval(&manager.act(), &approval.id, reason).await?;
    Ok(ok(ApprovalResponse::of(decided, store.now())))
}

/// Claim what was approved
///
/// By whoever asked, once, within 7 days of the approval: only then the key is made, and its secrets are in this answer only.
/// The role of the caller and the rules are judged again. A change of a key is applied, and answered 200 with the key.
#[utoipa::path(
    post, path = "/v1/approvals/{approval_id}/claim", operation_id = "claimApproval", tag = "Rules for keys",
    params(("approval_id" = String, Path)),
    responses(
        (status = 200, description = "The key was changed", body = KeyResponse),
        (status = 201, description = "The key was made", body = IssuedKeyResponse),
        (status = 409, description = "Nobody has approved it (`approval_waiting`), it was refused, withdrawn or claimed, or has \
            expired (`approval_refused`, `approval_withdrawn`, `approval_claimed`, `approval_expired`), somebody else asked \
            (`approval_of_another`), or the rules forbid it by now (`approval_outdated`)",
            content_type = "application/problem+json", body = Problem, example = json!({
                "type": "about:blank", "title": "Conflict", "status": 409, "code": "approval_claimed",
                "detail": "This request was claimed already; its secrets were shown then.",
                "request_id": "req_5wQm2hVdK8sLp0aZ3xYc",
            })),
    )
)]
pub async fn claim(
    State(state): State<AppState>,
    CreationIn { parent: approval, act, .. }: CreationIn<Approval, NoFields>,
) -> Result<Response, Problem> {
    let store = &state.context.store;
    match store.claim_approval(&act, &approval.id).await? {
        Claimed::Issued(issued) => Ok(created(&format!("/v1/keys/{}", issued.key.id), IssuedKeyResponse::of(&issued))),
        Claimed::Changed(key) => {
            let key = store.find(Some(&approval.org_id), &key).await?.ok_or(Error::NotFound)?;
            Ok(ok(KeyResponse::found(store, key).await?))
        }
    }
}

/// Withdraw a request
///
/// By whoever asked, as long as it was neither refused nor claimed.
#[utoipa::path(
    post, path = "/v1/approvals/{approval_id}/withdraw", operation_id = "withdrawRequest", tag = "Rules for keys",
    params(("approval_id" = String, Path)),
    responses(
        (status = 200, body = ApprovalResponse),
        (status = 409, description = "It was refused, withdrawn or claimed, or has expired, or somebody else asked \
            (`approval_of_another`)",
            content_type = "application/problem+json", body = Problem, example = json!({
                "type": "about:blank", "title": "Conflict", "status": 409, "code": "approval_claimed",
                "detail": "This request was claimed already; its secrets were shown then.",
                "request_id": "req_5wQm2hVdK8sLp0aZ3xYc",
            })),
    )
)]
pub async fn withdraw(
    State(state): State<AppState>,
    Within { manager, it: approval }: Within<Approval>,
    _: QueryParams<NoParams>,
    _: NoFields,
) -> Result<Response, Problem> {
    let store = &state.context.store;
    store.withdraw_approval(&manager.act(), &approval.id).await?;
    let withdrawn = store.approval(&approval.id).await?.ok_or(Error::NotFound)?;
    Ok(ok(ApprovalResponse::of(withdrawn, store.now())))
}
