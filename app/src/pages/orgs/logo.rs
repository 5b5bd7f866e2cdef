//! `/orgs/{org_id}/logo/{digest}`: the logo of an organization, for those who see the organization.

use axum::extract::{Path, State, rejection::PathRejection};

use crate::{
    access::OrgAccess,
    context::Context,
    error::{PageError, PageResult},
    picture,
};

pub async fn get(
    State(context): State<Context>,
    access: OrgAccess,
    path: Result<Path<(String, String)>, PathRejection>,
) -> PageResult {
    let Path((_, digest)) = path.map_err(|_| PageError::NotFound)?;
    let logo = context.store.org_logo(&access.org.id, &digest).await?.ok_or(PageError::NotFound)?;
    // Another logo has another address.
    Ok(picture::answer(&logo, "private, max-age=31536000, immutable"))
}
