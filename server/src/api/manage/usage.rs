//! `/v1/{keys,apps,projects,orgs}/{id}/usage`

mod csv;
mod endpoints;
mod period;
mod place;

use std::{collections::BTreeMap, time::Duration};

use axum::response::Response;
use sallyport::{
    Timestamp,
    store::{UsageCount, without_key},
    usage::Code,
};
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;

use super::{
    access::{Reachable, Within},
    answer::ok,
};
use crate::{api::problem::Problem, state::AppState};
pub use endpoints::*;
use period::{Period, UsageParams};
use place::CountedPlace;

/// How long an answer waits for counts of the last seconds to be written.
const WRITTEN_WITHIN: Duration = Duration::from_secs(1);

/// How often keys were verified in a period.
#[derive(Serialize, ToSchema)]
#[schema(as = Usage)]
pub struct UsageResponse {
    /// All requests that were counted.
    total: u64,
    /// Requests by the verdict’s code; `valid` are those that were accepted.
    by_code: BTreeMap<&'static str, u64>,
    /// One for each minute, hour or day with requests, in order.
    buckets: Vec<UsageBucket>,
    /// Requests in the period that could not be counted, because there was no room for them: of this resource, or of an
    /// unknown one of its organization. Usually 0.
    not_counted: u64,
    /// Up to when everything was counted. With several servers, the others write what they counted two seconds later.
    #[schema(value_type = String, format = DateTime)]
    as_of: Timestamp,
}

/// A minute, hour or day.
#[derive(Serialize, ToSchema)]
pub struct UsageBucket {
    /// When it begins.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Requests by the verdict’s code.
    by_code: BTreeMap<&'static str, u64>,
}

/// Writes what was counted until now, unless the database is busy.
pub(super) async fn write_counts(state: &AppState) {
    let _ = timeout(WRITTEN_WITHIN, state.verifier.flush_counts()).await;
}

/// What was counted of a resource, if the caller may see it.
struct Counted {
    counts: Vec<UsageCount>,
    not_counted: u64,
    as_of: Timestamp,
}

impl Counted {
    async fn read<T: Reachable + CountedPlace>(
        state: &AppState,
        within: &Within<T>,
        params: UsageParams,
    ) -> Result<Self, Problem> {
        let store = &state.context.store;
        if let Some(place) = within.it.place() {
            within.manager.needs(store, &place, sallyport::member::Permission::SeeKeys).await?;
        }
        let Period { span, from, to } = params.period(store.now())?;
        // If the database is busy, the answer is a little older, and says so.
        write_counts(state).await;
        let as_of = state.verifier.counted_until();
        let counts = store.usage(within.it.id(), span, from, to).await?;
        let without_key = match within.it.within() {
            Some(org) => store.usage(&without_key(org), span, from, to).await?,
            None => Vec::new(),
        };
        let not_counted = counts.iter().filter(|count| count.code == Code::NotCounted).chain(&without_key);
        let not_counted = not_counted.map(|count| count.requests).sum();
        Ok(Self { counts, not_counted, as_of })
    }

    fn response(self) -> UsageResponse {
        let mut by_code = BTreeMap::new();
        let mut buckets: Vec<UsageBucket> = Vec::new();
        for UsageCount { at, code, requests, .. } in self.counts {
            let Code::Verdict(verdict) = code else { continue };
            if buckets.last().is_none_or(|last| last.at != at) {
                buckets.push(UsageBucket { at, by_code: BTreeMap::new() });
            }
            let bucket = buckets.last_mut().map(|last| &mut last.by_code);
            for counts in bucket.into_iter().chain([&mut by_code]) {
                *counts.entry(verdict.code()).or_default() += requests;
            }
        }
        UsageResponse {
            total: by_code.values().sum(),
            by_code,
            buckets,
            not_counted: self.not_counted,
            as_of: self.as_of,
        }
    }
}

async fn json<T: Reachable + CountedPlace>(
    state: &AppState,
    within: &Within<T>,
    params: UsageParams,
) -> Result<Response, Problem> {
    Ok(ok(Counted::read(state, within, params).await?.response()))
}
