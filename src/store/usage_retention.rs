//! How long counts of usage are kept, and the deletion of older ones and of those of deleted keys and places.

use std::time::Duration;

use super::{Store, detached, old_rows::Old, row::Read, rows::MOST_ROWS};
use crate::{
    Result, Timestamp,
    audit::{Act, Actor},
};

/// How long counts are kept, by the span they are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsageRetention {
    pub minutes: Duration,
    /// From where and how keys were used is kept for the same time.
    pub hours: Duration,
    pub days: Duration,
}

const HOUR: u64 = 60 * 60;
const DAY: u64 = 24 * HOUR;

/// A process that counted nothing for so long takes a new number for its next batch.
const WRITERS_KEPT: Duration = Duration::from_secs(7 * DAY);

impl Default for UsageRetention {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { minutes: seconds(48 * HOUR), hours: seconds(90 * DAY), days: seconds(3 * 365 * DAY) }
    }
}

/// The next places that are no more, in the order of the index, from one to the next without reading the rows between.
macro_rules! deleted_places {
    ($table:literal, $column:literal, $exists:literal) => {
        concat!(
            "WITH RECURSIVE p(place) AS (SELECT (SELECT MIN(",
            $column,
            ") FROM ",
            $table,
            " WHERE ",
            $column,
            " > $1) \
             UNION ALL SELECT (SELECT MIN(",
            $column,
            ") FROM ",
            $table,
            " WHERE ",
            $column,
            " > p.place) FROM p \
             WHERE p.place IS NOT NULL) \
             SELECT p.place FROM p WHERE p.place IS NOT NULL AND NOT (",
            $exists,
            ") LIMIT 500"
        )
    };
}

/// Primary keys, which begin with the place.
const COUNT: &str = "place, span, at, code, scope";
const ATTRIBUTE: &str = "key_id, at, kind, value";
const NETWORK: &str = "key_id, network";
const SECRET: &str = "key_id, n, at, accepted, network, agent";

/// A table, its primary key, and the statement that finds places in it that are no more.
const DELETED: [(&str, &str, &str); 5] = [
    (
        "usage_counts",
        COUNT,
        deleted_places!(
            "usage_counts",
            "place",
            "p.place = 'portal' OR p.place LIKE 'gateway:%' OR EXISTS (SELECT 1 FROM keys WHERE id = p.place) \
             OR EXISTS (SELECT 1 FROM apps WHERE id = p.place) OR EXISTS (SELECT 1 FROM projects WHERE id = p.place) \
             OR EXISTS (SELECT 1 FROM orgs WHERE id = p.place OR id = SUBSTR(p.place, 7)) OR EXISTS (SELECT 1 FROM root_tokens WHERE id = p.place)"
        ),
    ),
    (
        "usage_attributes",
        ATTRIBUTE,
        deleted_places!("usage_attributes", "key_id", "EXISTS (SELECT 1 FROM keys WHERE id = p.place)"),
    ),
    (
        "key_requests",
        "key_id, at, request_id",
        deleted_places!("key_requests", "key_id", "EXISTS (SELECT 1 FROM keys WHERE id = p.place)"),
    ),
    (
        "usage_networks",
        NETWORK,
        deleted_places!("usage_networks", "key_id", "EXISTS (SELECT 1 FROM keys WHERE id = p.place)"),
    ),
    ("secret_uses", SECRET, deleted_places!("secret_uses", "key_id", "EXISTS (SELECT 1 FROM keys WHERE id = p.place)")),
];

/// Networks of gateways that did not ask since `$2`. Everybody can call that endpoint, from many networks.
const OLD_GATEWAYS: &str = deleted_places!(
    "usage_counts",
    "place",
    "p.place NOT LIKE 'gateway:%' OR EXISTS (SELECT 1 FROM usage_counts WHERE place = p.place AND span = 86400 AND at >= $2)"
);

impl Store {
    /// Deletes counts that are older than they are kept. Returns how many rows there were.
    pub async fn delete_old_usage(&self, kept: UsageRetention) -> Result<u64> {
        let mut deleted = 0;
        for (when, kept) in [
            ("span = 60 AND at < $1", kept.minutes),
            ("span = 3600 AND at < $1", kept.hours),
            ("span = 86400 AND at < $1", kept.days),
        ] {
            deleted +=
                self.delete_old(Old { table: "usage_counts", key: COUNT, when }, (self.now() - kept).micros()).await?;
        }
        for (table, key, when, kept) in [
            ("usage_attributes", ATTRIBUTE, "at < $1", kept.hours),
            ("usage_networks", NETWORK, "last_at < $1", kept.hours),
            ("secret_uses", SECRET, "at < $1", kept.hours),
            // Of processes that ended. The largest number stays, so that none is given out twice.
            ("usage_writers", "id", "last_at < $1 AND id < (SELECT MAX(id) FROM usage_writers)", WRITERS_KEPT),
        ] {
            deleted += self.delete_old(Old { table, key, when }, (self.now() - kept).micros()).await?;
        }
        Ok(deleted
            + self.delete_usage_of_places("usage_counts", COUNT, OLD_GATEWAYS, Some(self.now() - kept.minutes)).await?)
    }

    /// Deletes counts of keys and places that were deleted. Returns how many rows there were.
    pub async fn delete_usage_of_deleted(&self) -> Result<u64> {
        let mut deleted = 0;
        for (table, key, statement) in DELETED {
            deleted += self.delete_usage_of_places(table, key, statement, None).await?;
        }
        Ok(deleted)
    }

    /// Deletes the counts of the places that the statement finds, part by part.
    async fn delete_usage_of_places(
        &self,
        table: &'static str,
        key: &'static str,
        statement: &'static str,
        before: Option<Timestamp>,
    ) -> Result<u64> {
        let (mut deleted, mut last) = (0, String::new());
        loop {
            let query = sqlx::query(statement).bind(last);
            let query = before.iter().fold(query, |query, before| query.bind(before.micros()));
            let rows = query.fetch_all(self.read()).await?;
            let places: Vec<_> = rows.iter().map(|row| row.text("place")).collect::<Result<_>>()?;
            let Some(next) = places.last().cloned() else { return Ok(deleted) };
            last = next;
            for place in places {
                deleted += self.delete_usage_of(table, key, place).await?;
            }
        }
    }

    /// In parts, so that other writes do not wait for long.
    async fn delete_usage_of(&self, table: &'static str, key: &'static str, place: String) -> Result<u64> {
        let column = key.split(',').next().unwrap_or(key);
        let mut deleted = 0;
        loop {
            let (store, place) = (self.clone(), place.clone());
            let sql = format!(
                "DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {column} = $1 LIMIT {MOST_ROWS})"
            );
            let some = detached(async move {
                let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
                let done = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(place).execute(tx.on()).await?;
                tx.commit_counts().await?;
                Ok(done.rows_affected())
            })
            .await?;
            deleted += some;
            if some == 0 {
                return Ok(deleted);
            }
        }
    }
}
