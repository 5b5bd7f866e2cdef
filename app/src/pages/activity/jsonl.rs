//! `…/activity.jsonl`: the events of a view, for everything else.

use axum::extract::State;

use super::{
    ActivityQuery,
    export::{Watched, export, exported},
    format::Format,
};
use crate::{context::Context, error::PageResult, ui::Asked};

pub async fn get<A: Watched>(
    State(context): State<Context>,
    access: A,
    Asked(query): Asked<ActivityQuery>,
) -> PageResult {
    let answer = export(&context.store, &access, &query, Format::Jsonl).await?;
    let (act, event) = exported(&access, &query, Format::Jsonl);
    context.noted.note(act, event);
    Ok(answer)
}
