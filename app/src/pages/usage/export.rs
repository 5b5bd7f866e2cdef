//! `…/usage.csv`: the counts of a period for spreadsheets, with scopes.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use sallyport::{export::ExportRow, store::UsageCount};

use super::{Counted, UsageQuery, period::Period};
use crate::{context::Context, error::PageResult, export::Format, ui::UrlQuery};

pub async fn get<A: Counted>(
    State(context): State<Context>,
    access: A,
    UrlQuery(query): UrlQuery<UsageQuery>,
) -> PageResult {
    access.needs_usage()?;
    let period = query.period()?;
    let (starts, to) = period.starts(context.store.now());
    let from = starts.first().copied().unwrap_or(to);
    let counts = context.store.usage(access.id(), period.span(), from, to).await?;
    Ok(csv(&counts, access.id(), period))
}

/// The file of these counts, `of` a place.
pub(super) fn csv(counts: &[UsageCount], of: &str, period: Period) -> Response {
    let lines = counts.iter().map(ExportRow::csv_line);
    let body: String = [UsageCount::csv_head()].into_iter().chain(lines).collect();
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(Format::Csv.content_type()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Ids are plain letters.
    let name = format!("attachment; filename=\"usage-{of}-{}.csv\"", period.word());
    headers.extend(HeaderValue::from_str(&name).ok().map(|name| (header::CONTENT_DISPOSITION, name)));
    (headers, body).into_response()
}
