//! `/v1/{keys,apps,projects,orgs}/{id}/usage`

mod csv;
mod endpoints;
mod period;
mod place;

use std::collections::BTreeMap;

use axum::response::Response;
use sallyport::{
    Timestamp,
    store::{KeyAttribute, PlaceUsage, UsageCount},
    usage::Code,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    access::{Reachable, Within},
    answer::ok,
};
use crate::{api::problem::Problem, state::AppState};
pub use endpoints::*;
use period::{Period, UsageParams};
use place::CountedPlace;

/// In microseconds: from where keys were used is counted by hour.
const HOUR: i64 = 60 * 60 * 1_000_000;

/// How often keys were verified in a period.
#[derive(Serialize, ToSchema)]
#[schema(as = Usage)]
pub struct UsageResponse {
    /// All requests that were counted.
    total: u64,
    /// Requests by the verdict’s code; `valid` are those that were accepted.
    by_code: BTreeMap<&'static str, u64>,
    /// Of a key, requests by the client’s network (/24 or /48), in whole hours; about 16 an hour, further ones are `other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    by_network: Option<BTreeMap<String, u64>>,
    /// The same by the client’s program.
    #[serde(skip_serializing_if = "Option::is_none")]
    by_agent: Option<BTreeMap<String, u64>>,
    /// The same by method, where it was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    by_method: Option<BTreeMap<String, u64>>,
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

/// What was counted of a resource, if the caller may see it.
struct Counted {
    counts: Vec<UsageCount>,
    /// Of a key.
    attributes: Option<Vec<KeyAttribute>>,
    not_counted: u64,
    as_of: Timestamp,
}

impl Counted {
    async fn read<T: Reachable>(state: &AppState, within: &Within<T>, params: UsageParams) -> Result<Self, Problem>
    where
        for<'a> &'a T: Into<CountedPlace>,
    {
        let store = &state.context.store;
        let CountedPlace { id, org, key, needs } = (&within.it).into();
        if let Some(place) = needs {
            within.manager.needs(store, &place, sallyport::member::Permission::SeeKeys).await?;
        }
        let Period { span, from, to } = params.period(store.now())?;
        // If the database is busy, the answer is a little older, and says so.
        state.verifier.flush_counts_briefly().await;
        let as_of = state.verifier.counted_until();
        let PlaceUsage { counts, not_counted } = store.usage_within(&id, &org, span, from, to).await?;
        let attributes = match key {
            Some(key) => {
                let hour = Timestamp::from_micros(from.micros() - from.micros().rem_euclid(HOUR));
                Some(store.usage_attributes(&key, hour, to).await?)
            }
            None => None,
        };
        Ok(Self { counts, attributes, not_counted, as_of })
    }

    /// Requests by the values of an attribute.
    fn by(&self, kind: &str) -> Option<BTreeMap<String, u64>> {
        let mut by = BTreeMap::new();
        for attribute in self.attributes.as_ref()?.iter().filter(|attribute| attribute.kind == kind) {
            *by.entry(attribute.value.clone()).or_default() += attribute.requests;
        }
        Some(by)
    }

    fn response(self) -> UsageResponse {
        let [by_network, by_agent, by_method] = ["network", "agent", "method"].map(|kind| self.by(kind));
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
            by_network,
            by_agent,
            by_method,
            buckets,
            not_counted: self.not_counted,
            as_of: self.as_of,
        }
    }
}

async fn json<T: Reachable>(state: &AppState, within: &Within<T>, params: UsageParams) -> Result<Response, Problem>
where
    for<'a> &'a T: Into<CountedPlace>,
{
    Ok(ok(Counted::read(state, within, params).await?.response()))
}
