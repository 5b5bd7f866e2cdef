//! `GET /v1/openapi.json`: the OpenAPI 3.1 document. It is generated from the handlers; common parts and those that
//! depend on the profile are added afterwards.

mod examples;
mod properties;
mod responses;
mod schemes;
mod shared;

use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use sallyport::profile::Profile;
use serde_json::{Value, json};
use utoipa::OpenApi;

use super::{auth, described, problem, verify};
use crate::{probes, state::AppState};

/// Endpoints outside of the router of `/v1`.
#[derive(OpenApi)]
#[openapi(
    paths(verify::verify, auth::auth, auth::envoy, probes::healthz, probes::readyz),
    components(schemas(problem::Problem)),
    info(
        title = "Sallyport",
        description = "Verify API keys, and manage them.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    )
)]
struct Others;

/// Read this OpenAPI description
#[utoipa::path(
    get, path = "/v1/openapi.json", operation_id = "getOpenApi", tag = "Service", responses((status = 200, body = Object))
)]
pub async fn read(State(state): State<AppState>) -> Response {
    ([(header::CACHE_CONTROL, "no-cache")], Json(&*state.context.api)).into_response()
}

/// The document, for a deployment with this profile.
pub fn document(profile: &Profile, public_url: &str) -> Value {
    let mut document = Others::openapi();
    document.merge(described().into_openapi());
    document.info.version = env!("CARGO_PKG_VERSION").to_owned();
    let mut document = serde_json::to_value(document).expect("a description has texts for keys");
    document["servers"] = json!([{ "url": public_url }]);
    shared::complete(&mut document, profile);
    document
}
