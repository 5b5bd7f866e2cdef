//! The keys that are used most, and how busy a key was.

use super::{Store, row::Read};
use crate::{
    Result, Timestamp,
    id::KeyId,
    place::{Place, PlaceKind},
    usage::Span,
};

/// Of so many keys that were used last, those with the most requests are shown: a place may have any number of them.
const RANKED: usize = 200;

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
        let sql = format!(
            "SELECT u.id, u.label, CAST(SUM(c.n) AS BIGINT) AS requests FROM (\
                SELECT k.id, k.label FROM keys k JOIN key_uses l ON l.key_id = k.id \
                WHERE {of_place} AND l.last_at >= $2 ORDER BY l.last_at DESC, k.id LIMIT {RANKED}) u \
             JOIN usage_counts c ON c.place = u.id AND c.span = $3 AND c.at >= $2 AND c.at < $4 \
             WHERE c.code <> 'not_counted' GROUP BY u.id, u.label ORDER BY requests DESC, u.id LIMIT {most}"
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(place.id.to_string());
        let query = query.bind(from.micros()).bind(span.seconds()).bind(to.micros());
        query.fetch_all(self.read()).await?.iter().map(key_rank).collect()
    }
}

fn key_rank(row: &sqlx::any::AnyRow) -> Result<KeyRank> {
    Ok(KeyRank { id: row.text("id")?, label: row.text("label")?, requests: row.int("requests")?.unsigned_abs() })
}
