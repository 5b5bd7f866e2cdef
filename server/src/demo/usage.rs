//! A month of requests with some keys of the example company, more by day than at night.

use std::time::Duration;

use sallyport::{
    Error, Timestamp,
    app::App,
    id::KeyId,
    store::{AttributeName, CountBatch, CountName, Store},
    usage::Span,
};

use super::HOUR;

/// Rows of one transaction.
const BATCH: usize = 500;

/// A key that was used regularly.
pub struct Used<'a> {
    pub key: KeyId,
    pub app: &'a App,
    /// How long ago it was first used.
    pub since: Duration,
    /// Requests in a busy hour.
    pub per_hour: u64,
    /// How much of them needs the scope `write`, in percent.
    pub writes: u64,
}

/// Requests per cent of a busy hour, from midnight UTC on.
const DAY: [u64; 24] = [8, 6, 5, 4, 5, 9, 22, 45, 70, 88, 96, 92, 84, 90, 100, 97, 86, 70, 52, 40, 31, 24, 17, 12];

/// Counts them, and from where they came.
pub async fn send(store: &Store, now: Timestamp, keys: &[Used<'_>]) -> Result<(), Error> {
    let mut all = CountBatch::default();
    for used in keys {
        let mut hour = Span::Hour.start(now - used.since);
        while hour < now {
            add(&mut all, used, hour, now);
            hour = hour + HOUR;
        }
    }
    let writer = store.new_usage_writer().await?;
    let mut counts: Vec<_> = all.counts.into_iter().collect();
    let mut number = 0;
    while !counts.is_empty() {
        number += 1;
        let batch = counts.split_off(counts.len().saturating_sub(BATCH));
        store
            .add_usage(writer, number, &CountBatch { counts: batch.into_iter().collect(), ..CountBatch::default() })
            .await?;
    }
    let mut attributes: Vec<_> = all.attributes.into_iter().collect();
    while !attributes.is_empty() {
        number += 1;
        let batch = attributes.split_off(attributes.len().saturating_sub(BATCH)).into_iter().collect();
        store.add_usage(writer, number, &CountBatch { attributes: batch, ..CountBatch::default() }).await?;
    }
    Ok(())
}

fn add(all: &mut CountBatch, used: &Used<'_>, hour: Timestamp, now: Timestamp) {
    // Some hours are busier than others.
    let n = hour.seconds().unsigned_abs() / 3_600;
    let varied = 85 + n.wrapping_mul(7_919) % 31;
    let weekend = matches!(n / 24 % 7, 2 | 3);
    let share = DAY.get(usize::try_from(n % 24).unwrap_or(0)).copied().unwrap_or(0);
    let requests = used.per_hour * share * varied / 10_000 / if weekend { 3 } else { 1 };
    let minutes = now.since(hour).as_secs().min(3_600).div_ceil(60);
    let requests = requests * minutes / 60;
    let writes = requests * used.writes / 100;
    // Where there is much to do, some of it is too much.
    let limited = if share > 90 { requests / 25 } else { 0 };
    let lacking = if n.is_multiple_of(5) { requests / 60 } else { 0 };
    let results = [
        ("valid", "write", writes),
        ("valid", "read", requests.saturating_sub(writes + limited + lacking)),
        ("rate_limited", "", limited),
        ("insufficient_scope", "", lacking),
    ];
    let place =
        [used.key.to_string(), used.app.id.to_string(), used.app.project_id.to_string(), used.app.org_id.to_string()];
    for (code, scope, n) in results.into_iter().filter(|(.., n)| *n > 0) {
        for place in &place {
            for span in [Span::Hour, Span::Day] {
                *all.counts.entry(name(place, span, hour, code, scope)).or_default() += n;
            }
            // Minutes are kept for two days; a page shows the last hour of them.
            if now.since(hour) < HOUR * 2 {
                for (minute, n) in spread(n, minutes) {
                    let at = hour + Duration::from_secs(minute * 60);
                    *all.counts.entry(name(place, Span::Minute, at, code, scope)).or_default() += n;
                }
            }
        }
    }
    // Earlier than two days ago in one hour of the day, which is enough for pages of many days.
    let hour = if now.since(hour) < HOUR * 48 { hour } else { Span::Day.start(hour) };
    let counted: u64 = results.iter().map(|(.., n)| n).sum();
    let (near, posts) = (counted * 72 / 100, counted * used.writes / 100);
    for (kind, value, n) in [
        ("network", "198.51.100.0/24", near),
        ("network", "203.0.113.0/24", counted - near),
        ("method", "GET", counted - posts),
        ("method", "POST", posts),
    ] {
        if n > 0 {
            let name = AttributeName { key: used.key.clone(), hour, kind, value: value.to_owned() };
            *all.attributes.entry(name).or_default() += n;
        }
    }
}

fn name(place: &str, span: Span, at: Timestamp, code: &'static str, scope: &str) -> CountName {
    CountName { place: place.to_owned(), span, at: span.start(at), code, scope: scope.to_owned() }
}

/// The requests of each minute, as equal as possible.
fn spread(requests: u64, minutes: u64) -> impl Iterator<Item = (u64, u64)> {
    let before = move |minute: u64| requests * minute / minutes.max(1);
    (0..minutes).map(move |minute| (minute, before(minute + 1) - before(minute))).filter(|(_, n)| *n > 0)
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn no_request_is_lost_between_minutes() {
        for (requests, minutes) in [(0, 60), (1, 60), (59, 60), (61, 60), (7, 1), (10, 3)] {
            assert_eq!(spread(requests, minutes).map(|(_, n)| n).sum::<u64>(), requests);
        }
    }
}
