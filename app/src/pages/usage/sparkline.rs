//! The requests of a key in the last seven days, as a small drawing beside its last use.

use std::{collections::HashMap, fmt::Write, time::Duration};

use leptos::prelude::*;
use sallyport::{Timestamp, key::ListedKey, store::Store, usage::Span};

use crate::words::count;

const DAYS: usize = 7;
/// The width of a day with the space after it, and the height of the drawing.
const STEP: usize = 4;
const HEIGHT: u64 = 12;

/// The requests of each day (UTC), the last one today's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Days([u64; DAYS]);

impl Days {
    /// Of the keys of a list that were used in these days.
    pub async fn of_keys(
        store: &Store,
        keys: &[ListedKey],
        now: Timestamp,
    ) -> sallyport::Result<HashMap<String, Self>> {
        let today = Span::Day.start(now);
        let from = today - Span::Day.duration() * 6;
        let used = keys.iter().filter(|key| key.last_used_at.is_some_and(|at| at >= from)).map(|key| &key.id);
        let days = store.requests_by_day(used, from).await?;
        Ok(days.into_iter().map(|(key, days)| (key, Self::from(from, &days))).collect())
    }

    fn from(from: Timestamp, days: &[(Timestamp, u64)]) -> Self {
        let mut all = [0; DAYS];
        for (at, requests) in days {
            let place = at.since(from).as_secs() / Span::Day.duration().max(Duration::from_secs(1)).as_secs();
            if let Some(day) = usize::try_from(place).ok().and_then(|place| all.get_mut(place)) {
                *day += requests;
            }
        }
        Self(all)
    }

    /// A column for each day with requests, on a line.
    fn path(&self) -> String {
        let most = self.0.iter().copied().max().unwrap_or(0).max(1);
        let mut path = format!("M0 {HEIGHT}h{}v1h-{0}z", DAYS * STEP - 1);
        for (place, requests) in self.0.iter().enumerate().filter(|(_, requests)| **requests > 0) {
            let height = u128::from(*requests) * u128::from(HEIGHT) / u128::from(most);
            let _ = write!(path, "M{} {HEIGHT}v-{}h3v{1}z", place * STEP, height.max(1));
        }
        path
    }
}

#[component]
pub fn Sparkline(days: Days) -> impl IntoView {
    let label = format!("{} in 7 days", count(days.0.iter().sum::<u64>(), "request"));
    let size = format!("0 0 {} {}", DAYS * STEP - 1, HEIGHT + 1);
    view! {
        <svg viewBox=size role="img" aria-label=label.clone() class="spark">
            <title>{label.clone()}</title>
            <path d=days.path()/>
        </svg>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_day_has_its_column() {
        let from = Timestamp::parse_rfc3339("2026-11-16T00:00:00Z").expect("a time");
        let day = |n: u32| from + Span::Day.duration() * n;
        let days = Days::from(from, &[(day(0), 6), (day(6), 3), (day(6), 9), (day(7), 100)]);
        assert_eq!(days, Days([6, 0, 0, 0, 0, 0, 12]));
        assert_eq!(days.path(), "M0 12h27v1h-27zM0 12v-6h3v6zM24 12v-12h3v12z");
        assert_eq!(Days::default().path(), "M0 12h27v1h-27z");
    }
}
