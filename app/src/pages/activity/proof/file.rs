//! `…/activity/{seq}/proof.json`: the same as a download, as `verify.py` reads it.

use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::IntoResponse,
};

use super::{ProvenLog, Seq, file_name, proof_of};
use crate::{
    context::Context,
    error::{PageError, PageResult},
    ui::Ui,
};

pub async fn get<L: ProvenLog>(ui: Ui, State(context): State<Context>, log: L, path: Seq) -> PageResult {
    log.note_view(&ui);
    let proof = proof_of(&context, &log, &path).await?;
    let text = serde_json::to_string_pretty(&proof.json()).map_err(|_| PageError::Unavailable)?;
    let mut response = format!("{text}\n").into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let name = format!("attachment; filename=\"{}\"", file_name(&proof));
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}
