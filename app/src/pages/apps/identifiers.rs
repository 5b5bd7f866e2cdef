//! `/apps/{app_id}/identifiers.json`: four names, no secret, as a download.

use super::download::download;
use crate::{
    access::AppAccess,
    error::{PageError, PageResult},
};

pub async fn get(access: AppAccess) -> PageResult {
    let text = serde_json::to_string_pretty(&access.app.identifiers()).map_err(|_| PageError::Unavailable)?;
    Ok(download(&format!("identifiers-{}.json", access.app.id), &text))
}
