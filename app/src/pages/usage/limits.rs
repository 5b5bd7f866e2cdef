//! How near a key came to its limits.

use leptos::prelude::*;
use sallyport::{
    Timestamp,
    id::KeyId,
    limit::{Day, Limits},
    scope::Request,
    store::Store,
    usage::Span,
};

use super::breakdown::{Bar, BarRow};
use crate::{components::Card, words::digits};

/// What a key used of a limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitUse {
    title: &'static str,
    used: u64,
    most: u64,
}

/// Of a key's limits that do not depend on the path.
pub async fn limit_uses(store: &Store, key: &KeyId, now: Timestamp) -> sallyport::Result<Vec<LimitUse>> {
    let Some(stored) = store.key_by_id(key).await? else { return Ok(Vec::new()) };
    let limits = Limits::of(store.profile(), &stored.record, &Request::default());
    let mut uses = Vec::new();
    if let Some(most) = limits.day {
        let used = store.key_day(key, Day::of(now).number()).await?.requests;
        uses.push(LimitUse { title: "Today (UTC)", used, most });
    }
    if let Some(limit) = limits.minute {
        let from = Span::Hour.start(now) - Span::Day.duration();
        let used = store.busiest_minute(key, from).await?;
        uses.push(LimitUse { title: "Busiest minute of 24 h", used, most: limit.requests().into() });
    }
    Ok(uses)
}

#[component]
pub(super) fn LimitsCard(uses: Vec<LimitUse>) -> impl IntoView {
    let rows = uses.into_iter().map(|LimitUse { title, used, most }| {
        let numbers = format!("{} of {}", digits(used), digits(most));
        view! { <BarRow name=title.into_any() numbers bar=Bar { part: used.min(most), all: most }/> }
    });
    let rows: Vec<_> = rows.collect();
    (!rows.is_empty()).then(|| view! { <Card title="Limits"><ul class="bars">{rows}</ul></Card> })
}
