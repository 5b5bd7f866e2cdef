//! `ANY /v1/auth`: a gateway forwards the client's headers. The key is the credential; no root token is needed.

mod forwarded;
mod nginx;
pub mod presented;
mod signed;

use std::borrow::Cow;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, header},
    response::{IntoResponse, Response},
};
use sallyport::{
    key::{Ask, KeyRecord, Verdict, verdict::Via},
    profile::Profile,
    request::Client,
    scope,
};

use utoipa::{IntoParams, openapi::schema::Object};

use super::{
    problem::Problem,
    refusal::RefusalResponse,
    requirement::Requirement,
    schema::{about, words},
};
use crate::{middleware::client::is_https, state::AppState};
pub use forwarded::ENVOY;
use forwarded::Forwarded;

/// Authorize a request for a gateway
///
/// For gateways that send the client’s method and path in headers, and their requirements in the query: nginx
/// `auth_request`, Traefik ForwardAuth, Caddy forward_auth. The key is the credential; no root token is needed. Any method
/// is answered like GET, so one operation describes them all.
#[utoipa::path(
    get, path = "/v1/auth", operation_id = "authorizeRequest", tag = "Verification", params(Requirement, Nginx),
    responses((status = 200, description = "The key is valid for this request"))
)]
pub async fn auth(state: &AppState, client: &Client, request: Request<Body>) -> Response {
    let (head, body) = request.into_parts();
    let asked = GatewayRequest { state, client, headers: &head.headers };
    let pairs = url::form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes());
    // Checked first: errors in the query are reported in nginx's format too.
    let for_nginx = pairs.clone().any(|(name, value)| name == "gateway" && value == "nginx");
    let required = Requirement::parse(pairs.filter(|(name, value)| !(name == "gateway" && value == "nginx")));
    let judged = async {
        if !asked.client.proxied && Forwarded::is_in(asked.headers) {
            // Checking the gateway's own GET instead of the client's DELETE would fail open.
            let detail = "Forwarding headers are accepted from trusted proxies only; add the gateway's address to trusted_proxies.";
            return Err(Problem::new(StatusCode::FORBIDDEN, "untrusted_proxy", detail));
        }
        let required = required.map_err(Problem::bad_request)?;
        asked.judge(&required, Forwarded::in_headers(asked.headers)?, body).await
    };
    match (judged.await, for_nginx) {
        (Ok(Ok(passed)), _) => passed,
        (Ok(Err(refused)), true) => nginx::answer(refused),
        (Ok(Err(refused)), false) => refused.into_response(),
        (Err(problem), true) => nginx::answer(asked.show(&problem)),
        (Err(problem), false) => asked.show(&problem).into_response(),
    }
}

/// Authorize a request for Envoy
///
/// Envoy appends the client’s own path and query to this address, so the requirements have a name in the settings:
/// `[requirements.NAME]`. Any method is answered like GET, so one operation describes them all.
#[utoipa::path(
    get, path = "/v1/auth/envoy/{requirement}", operation_id = "authorizeEnvoyRequest", tag = "Verification",
    params(("requirement" = String, Path, description = "A name from the settings")),
    responses((status = 200, description = "The key is valid for this request"))
)]
pub async fn envoy(state: &AppState, client: &Client, request: Request<Body>) -> Response {
    let (head, body) = request.into_parts();
    let asked = GatewayRequest { state, client, headers: &head.headers };
    let (name, forwarded) = Forwarded::in_path(head.method.as_str(), &head.uri);
    let Some(required) = state.requirements.get(name) else {
        let detail = "No requirement has the name in this path; add it to sallyport.toml as [requirements.NAME].";
        return asked.show(&Problem::new(StatusCode::FORBIDDEN, "unknown_requirement", detail)).into_response();
    };
    match asked.judge(required, forwarded, body).await {
        Ok(judged) => judged.unwrap_or_else(IntoResponse::into_response),
        Err(problem) => asked.show(&problem).into_response(),
    }
}

/// Only for nginx.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "read from the pairs of the query; this describes it")]
pub struct Nginx {
    #[param(schema_with = nginx_alone, required = false)]
    gateway: Option<String>,
}

fn nginx_alone() -> Object {
    let text = "`nginx` knows only 2xx, 401 and 403: with this, every refusal is a 403 with the status in `X-Auth-Status`, \
        the body in `X-Auth-Body` and its type in `X-Auth-Content-Type`.";
    about(text, words(["nginx"]))
}

/// A gateway's request.
struct GatewayRequest<'a> {
    state: &'a AppState,
    client: &'a Client,
    headers: &'a HeaderMap,
}

impl GatewayRequest<'_> {
    fn show(&self, problem: &Problem) -> RefusalResponse {
        RefusalResponse::problem(self.state.context.store.profile(), problem, self.client)
    }

    /// The result for a request; a problem if no decision is possible.
    async fn judge(
        &self,
        required: &Requirement,
        forwarded: Forwarded<'_>,
        body: Body,
    ) -> Result<Result<Response, RefusalResponse>, Problem> {
        let profile = self.state.context.store.profile();
        let request =
            scope::Request { any_path: required.any_path, ..scope::Request::new(forwarded.method, forwarded.target) };
        if request.is_ambiguous() {
            // The upstream may read it differently: as a path with other requirements in the gateway.
            let detail = "This path can be read in two ways (//, /../, %2F, ;, # or the like); write it plainly.";
            return Err(Problem::bad_request(detail));
        }
        if forwarded.method.is_none() && forwarded.target.is_some() {
            return Err(Problem::bad_request(
                "The gateway sends the client's path and not its method; it has to send both.",
            ));
        }
        if forwarded.method.is_some() && forwarded.target.is_none() && profile.depends_on_paths() {
            // A scope would allow a path that the gateway restricts.
            return Err(Problem::bad_request(
                "The gateway sends the client's method and not its path, on which scopes and limits depend here; it has to send both.",
            ));
        }
        if request.is_options() && profile.credentials.pass_options {
            return Ok(Ok(StatusCode::OK.into_response()));
        }
        let key = self
            .state
            .places
            .presented(self.headers, forwarded.target, |text| profile.prefix_of(text).is_some())
            .map_err(Problem::from)?;
        let names = &profile.signatures;
        let body = signed::body(required.body, self.headers, names, body).await?;
        let ask = Ask {
            org_id: None,
            plain_http: !is_https(self.client, self.headers),
            workspace: self.workspace(profile)?,
            app_id: required.app_id.as_deref(),
            scopes: required.scope.iter().map(String::as_str).collect(),
            mode: required.mode,
            ingestion: required.ingestion,
            request,
            ip: Some(self.client.ip),
            signed: body.as_ref().map(|body| signed::signed(self.headers, names, body)),
            cost: 1,
            via: Via::Gateway,
            token: None,
        };
        let judged = self.state.verifier.judge(key.as_deref(), &ask, self.client).await?;
        let rates = &self.state.rates;
        Ok(match (judged.verdict, judged.record()) {
            (Verdict::Valid, Some(key)) => {
                let mut passed = identity(key, profile);
                passed.headers_mut().extend(rates.headers(&judged));
                Ok(passed)
            }
            _ => Err(RefusalResponse::judged(self.state, &judged, &ask, self.client)),
        })
    }

    fn workspace(&self, profile: &Profile) -> Result<Option<&str>, Problem> {
        let Some(name) = &profile.credentials.workspace_header else { return Ok(None) };
        let mut values = self.headers.get_all(name.as_str()).iter();
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => Ok(Some(value.to_str().unwrap_or("\u{fffd}").trim())),
            _ => Err(Problem::bad_request("More than one workspace was named; name one.")),
        }
    }
}

static KEY_ID: HeaderName = HeaderName::from_static("x-auth-key-id");
static ORG_ID: HeaderName = HeaderName::from_static("x-auth-org-id");
static TENANT_ID: HeaderName = HeaderName::from_static("x-auth-tenant-id");
static PROJECT_ID: HeaderName = HeaderName::from_static("x-auth-project-id");
static APP_ID: HeaderName = HeaderName::from_static("x-auth-app-id");
static SCOPES: HeaderName = HeaderName::from_static("x-auth-scopes");
static ENVIRONMENT: HeaderName = HeaderName::from_static("x-auth-environment");
static MODE: HeaderName = HeaderName::from_static("x-auth-mode");
static SECRET: HeaderName = HeaderName::from_static("x-auth-secret");

/// Headers with the key's identity, for the upstream behind the gateway.
fn identity(key: &KeyRecord, profile: &Profile) -> Response {
    // With room for the headers of every response.
    let mut headers = HeaderMap::with_capacity(24);
    let mut set = |name: &HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name.clone(), value);
        }
    };
    set(&KEY_ID, key.key_id.as_str());
    set(&ORG_ID, key.owner.org_id.as_str());
    if let Some(app) = key.app() {
        set(&TENANT_ID, app.tenant_id.as_str());
        set(&PROJECT_ID, app.project_id.as_str());
        set(&APP_ID, app.app_id.as_str());
    }
    let mut names = profile.names(key.scopes);
    let mut scopes = Cow::Borrowed(names.next().unwrap_or_default());
    for name in names {
        scopes.to_mut().extend([" ", name]);
    }
    set(&SCOPES, &scopes);
    set(&ENVIRONMENT, &key.environment.name);
    headers.insert(MODE.clone(), HeaderValue::from_static(key.mode().as_str()));
    headers.insert(SECRET.clone(), HeaderValue::from_static(key.secret_name()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let mut response = StatusCode::OK.into_response();
    *response.headers_mut() = headers;
    response
}
