//! What was counted of the whole portal, for its operators.

use sqlx::any::AnyRow;

use super::{PORTAL, Store, UsageCount, row::Read, usage_counts::usage_count};
use crate::{Result, Timestamp, usage::Span};

/// Networks of gateways that are looked at; there are at most 64 new ones in an hour.
const GATEWAYS: usize = 5_000;

/// An organization, a root token or a gateway, and its requests in a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranked {
    pub id: String,
    pub name: String,
    pub requests: u64,
}

impl Store {
    /// The requests of all organizations together, and those with keys that were not found.
    pub async fn usage_of_portal(&self, span: Span, from: Timestamp, to: Timestamp) -> Result<Vec<UsageCount>> {
        let query = sqlx::query(
            "SELECT c.at AS at, c.code AS code, '' AS scope, CAST(SUM(c.n) AS BIGINT) AS n FROM (\
                SELECT id FROM orgs UNION ALL SELECT CAST($4 AS TEXT)) o \
             CROSS JOIN usage_counts c WHERE c.place = o.id AND c.span = $1 AND c.at >= $2 AND c.at < $3 \
             GROUP BY c.at, c.code ORDER BY c.at, c.code",
        );
        let query = query.bind(span.seconds()).bind(from.micros()).bind(to.micros()).bind(PORTAL);
        query.fetch_all(self.read()).await?.iter().map(usage_count).collect()
    }

    /// The organizations with the most requests.
    pub async fn top_orgs(&self, span: Span, from: Timestamp, to: Timestamp, most: usize) -> Result<Vec<Ranked>> {
        let sql = format!(
            "SELECT o.id AS id, o.name AS name, CAST(SUM(c.n) AS BIGINT) AS requests FROM orgs o \
             CROSS JOIN usage_counts c WHERE c.place = o.id AND c.span = $1 AND c.at >= $2 AND c.at < $3 \
             AND c.code <> 'not_counted' GROUP BY o.id, o.name ORDER BY requests DESC, o.id LIMIT {most}"
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(span.seconds()).bind(from.micros()).bind(to.micros());
        query.fetch_all(self.read()).await?.iter().map(ranked).collect()
    }

    /// Who sent the most requests with keys that were not found: root tokens, and networks of gateways.
    pub async fn top_without_key(
        &self,
        span: Span,
        from: Timestamp,
        to: Timestamp,
        most: usize,
    ) -> Result<Vec<Ranked>> {
        // Gateways are found in the order of the index, from one to the next.
        let sql = format!(
            "WITH RECURSIVE g(place) AS (\
                SELECT (SELECT MIN(place) FROM usage_counts WHERE place > 'gateway:') \
                UNION ALL SELECT (SELECT MIN(place) FROM usage_counts WHERE place > g.place) FROM g WHERE g.place LIKE 'gateway:%'), \
             a(id, name) AS (\
                SELECT id, name FROM root_tokens \
                UNION ALL SELECT place, SUBSTR(place, 9) FROM (SELECT place FROM g WHERE place LIKE 'gateway:%' LIMIT {GATEWAYS}) f) \
             SELECT a.id AS id, a.name AS name, CAST(SUM(c.n) AS BIGINT) AS requests FROM a \
             CROSS JOIN usage_counts c WHERE c.place = a.id AND c.span = $1 AND c.at >= $2 AND c.at < $3 \
             GROUP BY a.id, a.name ORDER BY requests DESC, a.id LIMIT {most}"
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(span.seconds()).bind(from.micros()).bind(to.micros());
        query.fetch_all(self.read()).await?.iter().map(ranked).collect()
    }
}

fn ranked(row: &AnyRow) -> Result<Ranked> {
    Ok(Ranked { id: row.text("id")?, name: row.text("name")?, requests: row.int("requests")?.unsigned_abs() })
}
