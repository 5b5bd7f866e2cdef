//! The last part of a link: the token of `/reset/{token}` or `/invitations/{token}`, the id of `/handover/{handover_id}`.

use axum::extract::{Path, rejection::PathRejection};

/// The last part of the address, even if it is not text: no link has such a token, and the page says so.
pub type Asked = Result<Path<String>, PathRejection>;

pub fn text(asked: Asked) -> String {
    asked.map(|Path(token)| token).unwrap_or_default()
}
