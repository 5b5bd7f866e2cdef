//! The same as a file for spreadsheets, with scopes.

use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use sallyport::{export::ExportRow, store::UsageCount};

use super::{
    super::access::{Reachable, Within},
    Counted,
    period::UsageParams,
    place::CountedPlace,
};
use crate::{api::problem::Problem, state::AppState};

const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("text/csv; charset=utf-8; header=present");

/// For the description.
pub(super) const EXAMPLE: &str =
    "at,code,scope,requests\r\n2026-11-22T06:00:00Z,rate_limited,,4\r\n2026-11-22T06:00:00Z,valid,read,1000\r\n";

pub(super) async fn csv<T: Reachable>(
    state: &AppState,
    within: &Within<T>,
    params: UsageParams,
) -> Result<Response, Problem>
where
    for<'a> &'a T: Into<CountedPlace>,
{
    let CountedPlace { id, .. } = (&within.it).into();
    let counted = Counted::read(state, within, params).await?;
    let lines = counted.counts.iter().map(ExportRow::csv_line);
    let body: String = [UsageCount::csv_head()].into_iter().chain(lines).collect();
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, CONTENT_TYPE);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Ids are plain letters.
    let name = format!("attachment; filename=\"usage-{}.csv\"", id);
    headers.extend(HeaderValue::from_str(&name).ok().map(|name| (header::CONTENT_DISPOSITION, name)));
    Ok((headers, body).into_response())
}
