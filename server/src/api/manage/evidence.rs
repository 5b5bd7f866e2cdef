//! `/v1/orgs/{org_id}/audit/evidence.zip`: what an auditor needs to check the log without the portal.

use axum::{extract::State, response::Response};
use sallyport::Timestamp;
use sallyport_app::evidence::Evidence;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    audit_proof::WholeLog,
    query::{Parameters, QueryParams},
};
use crate::{api::problem::Problem, state::AppState};

/// Of which time.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PeriodParams {
    /// The beginning of the period; without it, that of the log.
    #[param(format = DateTime, nullable = false)]
    from: Option<String>,
    /// The end of the period, which is not included; without it, now.
    #[param(format = DateTime, nullable = false)]
    to: Option<String>,
}

impl Parameters for PeriodParams {
    const FIELDS: &str = "The query takes from and to (RFC 3339), each once.";
}

/// Export an evidence pack of an organization
///
/// A ZIP with the events from the first one up to the first checkpoint that covers the period, the signed checkpoints, the
/// public keys, the members with their roles, the API keys without secrets, and how to verify it. Two at once at most.
#[utoipa::path(
    get, path = "/v1/orgs/{org_id}/audit/evidence.zip", operation_id = "exportEvidence", tag = "Activity",
    params(("org_id" = String, Path), PeriodParams),
    responses((status = 200, body = Vec<u8>, content_type = "application/zip"))
)]
pub async fn pack(
    State(state): State<AppState>,
    WholeLog(org, manager): WholeLog,
    QueryParams(PeriodParams { from, to }): QueryParams<PeriodParams>,
) -> Result<Response, Problem> {
    let moment = |text: Option<String>| match text {
        None => Ok(None),
        Some(text) => Timestamp::parse_rfc3339(&text)
            .map(Some)
            .ok_or_else(|| Problem::bad_request("Write from and to like 2027-01-31T12:00:00Z (RFC 3339).")),
    };
    let evidence = Evidence { org, from: moment(from)?, to: moment(to)?, act: manager.act() };
    Ok(evidence.answer(&state.context).await?)
}
