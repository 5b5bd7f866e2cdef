//! `/v1/me`: whose personal token it is.

use axum::{extract::State, http::StatusCode, response::Response};
use sallyport::{
    Timestamp,
    id::{OrgId, PersonalTokenId, UserId},
    member::Role,
    personal_token::{TokenKind, TokenScope},
};
use serde::Serialize;
use utoipa::{ToSchema, openapi::schema::Object};

use super::{
    access::Manager,
    answer::ok,
    members::roles,
    query::{NoParams, QueryParams},
};
use crate::{
    api::{problem::Problem, schema::words},
    state::AppState,
};

/// The person who calls, and with which token.
#[derive(Serialize, ToSchema)]
#[schema(as = Me)]
pub struct MeResponse {
    #[schema(value_type = String, example = "usr_5F4iGN2e1DLY")]
    user_id: UserId,
    name: String,
    email: String,
    /// The token of this request.
    token: TokenResponse,
    /// The organizations in which they have a role.
    orgs: Vec<MyOrg>,
}

/// A personal token.
#[derive(Serialize, ToSchema)]
#[schema(as = PersonalToken)]
pub struct TokenResponse {
    /// Id of the token.
    #[schema(value_type = String, example = "pat_5F4iGN2e1DLY")]
    token_id: PersonalTokenId,
    /// `created` on the page of the account, or a signed-in `command_line`.
    #[schema(schema_with = kinds)]
    kind: TokenKind,
    name: String,
    /// What it may do, as far as the person may: `read`, `keys`, `places`, `members`.
    #[schema(schema_with = scopes)]
    scopes: Vec<TokenScope>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// `null` if it does not expire.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    expires_at: Option<Timestamp>,
}

/// An organization, and the person's roles anywhere in it.
#[derive(Serialize, ToSchema)]
pub struct MyOrg {
    #[schema(value_type = String, example = "org_focus_labs_kB8mPx")]
    org_id: OrgId,
    name: String,
    /// Roles anywhere in it, as docs/roles.md lists them.
    #[schema(schema_with = all_roles)]
    roles: Vec<Role>,
}

fn kinds() -> Object {
    words([TokenKind::Created, TokenKind::CommandLine].map(TokenKind::as_str))
}

fn scopes() -> utoipa::openapi::schema::Array {
    utoipa::openapi::schema::Array::new(words(TokenScope::ALL.map(TokenScope::as_str)))
}

fn all_roles() -> utoipa::openapi::schema::Array {
    utoipa::openapi::schema::Array::new(roles())
}

/// Read whose personal token this is
///
/// Other credentials belong to no person.
#[utoipa::path(get, path = "/v1/me", operation_id = "getMe", tag = "Sign-in", responses((status = 200, body = MeResponse)))]
pub async fn read(
    State(state): State<AppState>,
    manager: Manager,
    _: QueryParams<NoParams>,
) -> Result<Response, Problem> {
    let Some(bearer) = manager.bearer() else {
        let detail = "This credential belongs to no person. Send a personal token: Authorization: Bearer sp_pat_…";
        return Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", detail));
    };
    let (user, token) = (&bearer.user, &bearer.token);
    let orgs = state.context.store.orgs_of(&user.id).await?.into_iter();
    let orgs = orgs.map(|(org, held)| MyOrg { org_id: org.id, name: org.name, roles: held.anywhere.iter().collect() });
    Ok(ok(MeResponse {
        user_id: user.id.clone(),
        name: user.name.clone(),
        email: user.email.clone(),
        token: TokenResponse {
            token_id: token.id.clone(),
            kind: token.kind,
            name: token.name.clone(),
            scopes: token.scopes.iter().collect(),
            created_at: token.created_at,
            expires_at: token.expires_at,
        },
        orgs: orgs.collect(),
    }))
}
