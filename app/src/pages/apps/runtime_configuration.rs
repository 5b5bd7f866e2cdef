//! `/apps/{app_id}/runtime-configuration.json`: the file that the app reads, without its key.

use axum::extract::State;

use super::download::download;
use crate::{
    access::AppAccess,
    context::Context,
    error::{PageError, PageResult},
};

pub async fn get(State(context): State<Context>, access: AppAccess) -> PageResult {
    let services = context.store.service_urls(&access.app.org_id).await?;
    let configuration = access.app.runtime_configuration("", &services);
    let text = serde_json::to_string_pretty(&configuration).map_err(|_| PageError::Unavailable)?;
    Ok(download(&context.store.profile().runtime_file, &text))
}
