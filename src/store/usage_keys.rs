//! The keys that are used most, and how busy a key was.

use super::{Store, row::Read};
use crate::{
    Result, Timestamp,
    id::KeyId,
    place::{Place, PlaceKind},
    usage::Span,
};

/// Of so many keys that were used last, those with the most requests are shown: a place may have any number of them.
const RANKED: usize = 100;

/// A key and its requests in a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRank {
    pub id: String,
    pub label: String,
    pub requests: u64,
}

impl Store {
    /// The most accepted requests of a key in a minute, from `from` on.
    pub async fn busiest_minute(&self, key: &KeyId, from: Timestamp) -> Result<u64> {
        let query = sqlx::query(
            "SELECT CAST(COALESCE(MAX(m.n), 0) AS BIGINT) AS n FROM (SELECT SUM(n) AS n FROM usage_counts \
             WHERE place = $1 AND span = 60 AND at >= $2 AND code = 'valid' GROUP BY at) m",
        );
        let row = query.bind(key.to_string()).bind(from.micros()).fetch_one(self.read()).await?;
        Ok(row.int("n")?.unsigned_abs())
    }

    /// The keys of a place with the most requests, among those that were used last.
    pub async fn top_keys(
        &self,
        place: &Place,
        span: Span,
        from: Timestamp,
        to: Timestamp,
        most: usize,
    ) -> Result<Vec<KeyRank>> {
        let of_place = match place.kind {
            PlaceKind::Org => "k.org_id = $1",
            PlaceKind::Tenant => {
                "k.app_id IN (SELECT a.id FROM apps a JOIN projects p ON p.id = a.project_id WHERE p.tenant_id = $1)"
            }
            PlaceKind::Project => "k.app_id IN (SELECT id FROM apps WHERE project_id = $1)",
            PlaceKind::App => "k.app_id = $1",
        };
        let parts = parts(span, from, to);
        let part = |at: usize| {
            format!(
                "SELECT CAST(${} AS BIGINT) AS span, CAST(${} AS BIGINT) AS begins, CAST(${} AS BIGINT) AS ends",
                at,
                at + 1,
                at + 2
            )
        };
        let list: Vec<_> = (0..parts.len()).map(|n| part(3 + 3 * n)).collect();
        // CROSS JOIN: SQLite would otherwise read the counts of all keys in the period, by their age.
        let sql = format!(
            "SELECT u.id, u.label, CAST(SUM(c.n) AS BIGINT) AS requests FROM (\
                SELECT k.id, k.label FROM keys k JOIN key_uses l ON l.key_id = k.id \
                WHERE {of_place} AND l.last_at >= $2 ORDER BY l.last_at DESC, k.id LIMIT {RANKED}) u \
             CROSS JOIN ({}) p CROSS JOIN usage_counts c \
             WHERE c.place = u.id AND c.span = p.span AND c.at >= p.begins AND c.at < p.ends AND c.code <> 'not_counted' \
             GROUP BY u.id, u.label ORDER BY requests DESC, u.id LIMIT {most}",
            list.join(" UNION ALL ")
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(place.id.to_string()).bind(from.micros());
        let query = parts
            .into_iter()
            .fold(query, |query, (span, from, to)| query.bind(span.seconds()).bind(from.micros()).bind(to.micros()));
        query.fetch_all(self.read()).await?.iter().map(key_rank).collect()
    }
}

/// The same period in fewer rows: whole days instead of their hours.
fn parts(span: Span, from: Timestamp, to: Timestamp) -> Vec<(Span, Timestamp, Timestamp)> {
    let (first, last) = (Span::Day.end(from), Span::Day.start(to));
    if span != Span::Hour || first >= last {
        return vec![(span, from, to)];
    }
    let parts = [(span, from, first), (Span::Day, first, last), (span, last, to)];
    parts.into_iter().filter(|(_, from, to)| from < to).collect()
}

fn key_rank(row: &sqlx::any::AnyRow) -> Result<KeyRank> {
    Ok(KeyRank { id: row.text("id")?, label: row.text("label")?, requests: row.int("requests")?.unsigned_abs() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).expect("a time")
    }

    #[test]
    fn a_week_is_read_by_days_and_the_hours_around_them() {
        let [from, first, last, to] =
            ["2026-11-15T09:00:00Z", "2026-11-16T00:00:00Z", "2026-11-22T00:00:00Z", "2026-11-22T07:00:00Z"].map(time);
        let week = [(Span::Hour, from, first), (Span::Day, first, last), (Span::Hour, last, to)];
        assert_eq!(parts(Span::Hour, from, to), week);
        assert_eq!(parts(Span::Hour, first, last), [(Span::Day, first, last)]);
        assert_eq!(parts(Span::Hour, last, to), [(Span::Hour, last, to)]);
        assert_eq!(parts(Span::Day, first, to), [(Span::Day, first, to)]);
        assert_eq!(parts(Span::Minute, from, to), [(Span::Minute, from, to)]);
    }
}
