//! The endpoints: for each kind of resource, as JSON and as CSV.

use axum::{extract::State, response::Response};
use sallyport::{app::App, key::Key, org::Org, project::Project};

use super::{
    super::{access::Within, query::QueryParams},
    UsageResponse, csv, json,
    period::UsageParams,
};
use crate::{api::problem::Problem, state::AppState};

macro_rules! endpoints {
    ($($kind:ty, $id:tt:
        $(#[$about:meta])* $read:ident $path:tt $name:tt,
        $(#[$about_file:meta])* $file:ident $file_path:tt $file_name:tt;
    )*) => {$(
        $(#[$about])*
        ///
        /// By the verdict’s code. Buckets without requests are left out. At most 1,500 buckets.
        #[utoipa::path(
            get, path = $path, operation_id = $name, tag = "Usage", params(($id = String, Path), UsageParams),
            responses((status = 200, body = UsageResponse))
        )]
        pub async fn $read(
            State(state): State<AppState>,
            within: Within<$kind>,
            QueryParams(params): QueryParams<UsageParams>,
        ) -> Result<Response, Problem> {
            json(&state, &within, params).await
        }

        $(#[$about_file])*
        ///
        /// A line for each bucket, code and scope: the narrowest scopes that suffice for the accepted requests; empty if they
        /// named neither a scope nor a method.
        #[utoipa::path(
            get, path = $file_path, operation_id = $file_name, tag = "Usage", params(($id = String, Path), UsageParams),
            responses((status = 200, body = String, content_type = "text/csv", example = json!(csv::EXAMPLE)))
        )]
        pub async fn $file(
            State(state): State<AppState>,
            within: Within<$kind>,
            QueryParams(params): QueryParams<UsageParams>,
        ) -> Result<Response, Problem> {
            csv::csv(&state, &within, params).await
        }
    )*};
}

endpoints! {
    Key, "key_id":
        /// Read how often a key was used
        of_key "/v1/keys/{key_id}/usage" "getKeyUsage",
        /// Read how often a key was used, as CSV
        file_of_key "/v1/keys/{key_id}/usage.csv" "exportKeyUsage";
    App, "app_id":
        /// Read how often the keys of an app were used
        of_app "/v1/apps/{app_id}/usage" "getAppUsage",
        /// Read how often the keys of an app were used, as CSV
        file_of_app "/v1/apps/{app_id}/usage.csv" "exportAppUsage";
    Project, "project_id":
        /// Read how often the keys of a project were used
        of_project "/v1/projects/{project_id}/usage" "getProjectUsage",
        /// Read how often the keys of a project were used, as CSV
        file_of_project "/v1/projects/{project_id}/usage.csv" "exportProjectUsage";
    Org, "org_id":
        /// Read how often the keys of an organization were used
        of_org "/v1/orgs/{org_id}/usage" "getOrganizationUsage",
        /// Read how often the keys of an organization were used, as CSV
        file_of_org "/v1/orgs/{org_id}/usage.csv" "exportOrganizationUsage";
}
