//! `/v1/orgs/{org_id}/invitations`, the same of tenants and projects, and `/v1/invitations/{invitation_id}`

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use sallyport::{
    Result as StoreResult, Timestamp,
    id::{InvitationId, OrgId},
    invitation::{Invitation, NewInvitations},
    member::Permission,
    org::Org,
    place::PlaceRef,
    project::Project,
    store::{Reader, Store},
    tenant::Tenant,
};
use sallyport_app::acts::inviting::{self, NotSent, Sent};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    access::{Reachable, Within},
    answer::created_unaddressed,
    creation::CreationIn,
    members::{HasMembers, MembersManager, role_in, roles},
    query::{NoParams, QueryParams},
};
use crate::{
    api::{
        json::{self, RequestBody},
        problem::Problem,
    },
    state::AppState,
};

/// People to invite.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewInvitations)]
pub struct Invite {
    /// Their e-mail addresses: all of them are invited, or none.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(required = true, min_items = 1, max_items = 20, example = json!(["noor@example.com"]))]
    emails: Vec<String>,
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(schema_with = roles, required = true)]
    role: String,
    /// A sentence for the mail.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(required = false, max_length = 300)]
    message: String,
}

impl RequestBody for Invite {
    const FIELDS: &str = "The fields are emails (a list), role and message (optional).";
}

/// The new invitations.
#[derive(Serialize, ToSchema)]
#[schema(as = Invitations)]
pub struct InvitationsResponse {
    invitations: Vec<InvitationResponse>,
}

/// An invitation: a link that gives a role to the person with this address, once.
#[derive(Serialize, ToSchema)]
#[schema(as = Invitation)]
pub struct InvitationResponse {
    #[schema(value_type = String, example = "inv_5F4iGN2e1DLYq3Xw")]
    invitation_id: InvitationId,
    email: String,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// The link to hand over, if the portal does not send mail. It is in this answer only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    url: Option<String>,
}

impl From<Sent> for InvitationResponse {
    fn from(Sent { invitation, url }: Sent) -> Self {
        let Invitation { id, email, expires_at, .. } = invitation;
        Self { invitation_id: id, email, expires_at, url }
    }
}

impl From<NotSent> for Problem {
    fn from(not_sent: NotSent) -> Self {
        match not_sent {
            NotSent::Throttled { message, wait } => Self::too_many(message, Some(wait)),
            NotSent::Refused(error) => error.into(),
        }
    }
}

impl Reachable for Invitation {
    fn org(&self) -> &OrgId {
        &self.org_id
    }

    async fn find(store: &Store, reader: Reader<'_>, id: &str) -> StoreResult<Option<Self>> {
        let Some(id) = InvitationId::parse(id) else { return Ok(None) };
        let Some(found) = store.invitation(&id).await? else { return Ok(None) };
        if reader.closed(&found.org_id).is_some() {
            return Ok(None);
        }
        let sees = match reader {
            Reader::All => true,
            Reader::Org(org) => *org == found.org_id,
            Reader::Person(user) | Reader::Bearer { user, .. } => {
                let place = PlaceRef { kind: found.kind, id: &found.place_id, org_id: &found.org_id };
                store.may(user, place, Permission::SeePlace).await?
            }
            Reader::Account(account) => {
                let place = PlaceRef { kind: found.kind, id: &found.place_id, org_id: &found.org_id };
                store.subject_may(account.as_str(), place, Permission::SeePlace).await?
            }
        };
        Ok(sees.then_some(found))
    }
}

async fn invite<P: HasMembers>(state: &AppState, invite: CreationIn<P, Invite>) -> Result<Response, Problem> {
    let CreationIn { parent, body: Invite { emails, role, message }, act } = invite;
    let place = parent.place();
    let role = role_in(place.kind, &role)?;
    let emails = emails.iter().map(String::as_str);
    let new = NewInvitations::check(place.kind, emails, role.as_str(), &message).map_err(sallyport::Error::from)?;
    let sent = inviting::invite(&state.context, &act, &place, new).await?;
    Ok(created_unaddressed(InvitationsResponse {
        invitations: sent.into_iter().map(InvitationResponse::from).collect(),
    }))
}

/// Invite people to an organization
///
/// Each gets a mail with a link that works once, for 7 days. If the portal does not send mail, the links are in this answer
/// only. Send an `Idempotency-Key`, so that a retry invites nobody twice.
#[utoipa::path(
    post, path = "/v1/orgs/{org_id}/invitations", operation_id = "inviteToOrg", tag = "Members",
    params(("org_id" = String, Path)), request_body = Invite, responses((status = 201, body = InvitationsResponse))
)]
pub async fn invite_to_org(
    State(state): State<AppState>,
    _: MembersManager,
    new: CreationIn<Org, Invite>,
) -> Result<Response, Problem> {
    invite(&state, new).await
}

/// Invite people to a tenant
///
/// Each gets a mail with a link that works once, for 7 days. If the portal does not send mail, the links are in this answer
/// only. Send an `Idempotency-Key`, so that a retry invites nobody twice.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant_id}/invitations", operation_id = "inviteToTenant", tag = "Members",
    params(("tenant_id" = String, Path)), request_body = Invite, responses((status = 201, body = InvitationsResponse))
)]
pub async fn invite_to_tenant(
    State(state): State<AppState>,
    _: MembersManager,
    new: CreationIn<Tenant, Invite>,
) -> Result<Response, Problem> {
    invite(&state, new).await
}

/// Invite people to a project
///
/// Each gets a mail with a link that works once, for 7 days. If the portal does not send mail, the links are in this answer
/// only. Send an `Idempotency-Key`, so that a retry invites nobody twice.
#[utoipa::path(
    post, path = "/v1/projects/{project_id}/invitations", operation_id = "inviteToProject", tag = "Members",
    params(("project_id" = String, Path)), request_body = Invite, responses((status = 201, body = InvitationsResponse))
)]
pub async fn invite_to_project(
    State(state): State<AppState>,
    _: MembersManager,
    new: CreationIn<Project, Invite>,
) -> Result<Response, Problem> {
    invite(&state, new).await
}

/// Revoke an invitation
///
/// Its link ends at once.
#[utoipa::path(
    delete, path = "/v1/invitations/{invitation_id}", operation_id = "deleteInvitation", tag = "Members",
    params(("invitation_id" = String, Path)),
    responses(
        (status = 204, description = "Its link does not work any more"),
        (status = 409, description = "It was accepted or revoked already (`invitation_ended`)",
            content_type = "application/problem+json", body = Problem, example = json!({
                "type": "about:blank", "title": "Conflict", "status": 409, "code": "invitation_ended",
                "detail": "This invitation was accepted or revoked already.", "request_id": "req_5wQm2hVdK8sLp0aZ3xYc",
            })),
    )
)]
pub async fn revoke(
    State(state): State<AppState>,
    _: MembersManager,
    Within { manager, it: invitation }: Within<Invitation>,
    _: QueryParams<NoParams>,
) -> Result<Response, Problem> {
    state.context.store.revoke_invitation(&manager.act(), &invitation.id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
