//! `…/activity.jsonl`: the events of a view, for everything else.

use axum::extract::State;

use super::{
    ActivityQuery,
    export::{Format, Watched, export},
};
use crate::{context::Context, error::PageResult, ui::Asked};

pub async fn get<A: Watched>(
    State(context): State<Context>,
    access: A,
    Asked(query): Asked<ActivityQuery>,
) -> PageResult {
    Ok(export(&context.store, &access, &query, Format::Jsonl).await?)
}
