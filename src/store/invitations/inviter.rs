//! Whether the person or root token that invited may still give the role.

use sqlx::{Any, Executor};

use super::super::{grants::chain, row::Read};
use crate::{
    Result, Timestamp,
    id::TokenId,
    invitation::Invitation,
    member::{Role, Roles},
    place::PlaceKind,
};

/// A person needs roles that allow as much, as when they invited, and an account that is not disabled; a root token has to
/// be valid still.
pub(super) async fn may_still_invite<'c, E>(on: E, invitation: &Invitation, now: Timestamp) -> Result<bool>
where
    E: Executor<'c, Database = Any>,
{
    let (org, by) = (invitation.org_id.to_string(), invitation.invited_by.clone());
    if by.starts_with(TokenId::PREFIX) {
        let valid = sqlx::query(
            "SELECT 1 FROM root_tokens WHERE id = $1 AND revoked_at IS NULL AND manage = 1 \
             AND (org_id IS NULL OR org_id = $2) AND (expires_at IS NULL OR expires_at > $3)",
        );
        return Ok(valid.bind(by).bind(org).bind(now.micros()).fetch_optional(on).await?.is_some());
    }
    let sql = format!(
        "SELECT g.role FROM grants g JOIN users u ON u.id = g.subject \
         WHERE g.org_id = $1 AND g.subject = $2 AND u.disabled_at IS NULL AND g.place_id IN ({})",
        chain(invitation.kind)
    );
    let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(org).bind(by);
    let query = if invitation.kind == PlaceKind::Org { query } else { query.bind(invitation.place_id.clone()) };
    let rows = query.fetch_all(on).await?;
    let roles: Roles = rows.iter().map(|row| row.word("role", Role::parse)).collect::<Result<_>>()?;
    Ok(roles.may_grant(invitation.role))
}
