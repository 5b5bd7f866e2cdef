//! How often keys were used: added to by verifiers, read by periods.

use std::collections::BTreeMap;

use super::{SecretUseName, SecretUses, Store, detached, row::Read, rows::Cell, secret_uses};
use crate::{
    Error, Result, Timestamp,
    audit::{Act, Actor},
    id::{KeyId, OrgId, TenantId},
    usage::{Code, Span},
};

/// The place of requests with keys that were not found, all together.
pub const PORTAL: &str = "portal";

/// The place of an organization's requests that could not be counted for their key, app and project.
pub fn without_key(org: &OrgId) -> String {
    format!("other:{org}")
}

/// The maximum number of counts of a period. Callers name the scopes that are counted, and an organization may have many.
const MOST_READ: usize = 100_000;

/// Once a key has 16 values of a kind in an hour, further ones are counted together: verifiers remember the values of active
/// keys only. Each condition counts, over the primary key: PostgreSQL might read the whole table for an EXISTS.
const ADD_ATTRIBUTES: &str = "INSERT INTO usage_attributes (key_id, at, kind, value, n) \
    SELECT w.key_id, w.at, w.kind, w.kept, CAST(SUM(w.requests) AS BIGINT) FROM (\
        SELECT v.key_id, v.at, v.kind, v.requests, CASE WHEN (SELECT COUNT(*) FROM usage_attributes a \
                WHERE a.key_id = v.key_id AND a.at = v.at AND a.kind = v.kind AND a.value = v.value) = 1 \
            OR (SELECT COUNT(*) FROM usage_attributes a \
                WHERE a.key_id = v.key_id AND a.at = v.at AND a.kind = v.kind) < 16 THEN v.value ELSE 'other' END AS kept \
        FROM v WHERE v.n > 0) w \
    WHERE 1 = 1 GROUP BY w.key_id, w.at, w.kind, w.kept ORDER BY w.key_id, w.at, w.kind, w.kept \
    ON CONFLICT (key_id, at, kind, value) DO UPDATE SET n = usage_attributes.n + excluded.n";

/// The networks among them, each once a day: further ones than 64 of a key are `other`. Each condition counts, as above.
const ADD_NETWORKS: &str = "INSERT INTO usage_networks (key_id, network, last_at) \
    SELECT k.key_id, k.kept, MAX(k.day) FROM (SELECT w.key_id, w.day, \
            CASE WHEN (SELECT COUNT(*) FROM usage_networks u WHERE u.key_id = w.key_id AND u.network = w.value) = 1 \
                OR (SELECT COUNT(*) FROM usage_networks u WHERE u.key_id = w.key_id) < 64 THEN w.value ELSE 'other' END AS kept \
        FROM (SELECT v.key_id, v.value, MAX(v.at - v.at % 86400000000) AS day FROM v WHERE v.n > 0 GROUP BY v.key_id, v.value) w \
        WHERE (SELECT COUNT(*) FROM usage_networks u WHERE u.key_id = w.key_id AND u.network = w.value AND u.last_at >= w.day) = 0) k \
    GROUP BY k.key_id, k.kept ORDER BY k.key_id, k.kept \
    ON CONFLICT (key_id, network) DO UPDATE SET last_at = excluded.last_at WHERE usage_networks.last_at < excluded.last_at";

/// What a count is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CountName {
    pub place: String,
    pub span: Span,
    pub at: Timestamp,
    pub code: &'static str,
    /// Names of scopes, a space between.
    pub scope: String,
}

/// What a count of an attribute is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AttributeName {
    pub key: KeyId,
    pub hour: Timestamp,
    pub kind: &'static str,
    pub value: String,
}

/// What is added in one transaction, in the order in which rows are locked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CountBatch {
    pub counts: BTreeMap<CountName, u64>,
    pub attributes: BTreeMap<AttributeName, u64>,
    pub secrets: BTreeMap<SecretUseName, SecretUses>,
}

impl CountBatch {
    /// How many rows it is written as, but for networks that are new on a day.
    pub fn rows(&self) -> usize {
        self.counts.len() + self.attributes.len() + self.secrets.len()
    }
}

/// The requests of a span with one code and scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageCount {
    pub at: Timestamp,
    pub code: Code,
    pub scope: String,
    pub requests: u64,
}

/// What was counted of a place in a period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlaceUsage {
    pub counts: Vec<UsageCount>,
    pub not_counted: u64,
}

impl PlaceUsage {
    pub fn of(counts: Vec<UsageCount>) -> Self {
        let not_counted = counts.iter().filter(|count| count.code == Code::NotCounted);
        let not_counted = not_counted.map(|count| count.requests).sum();
        Self { counts, not_counted }
    }
}

impl Store {
    /// The number under which a process writes batches: the next one, since random ones could repeat.
    pub async fn new_usage_writer(&self) -> Result<i64> {
        let store = self.clone();
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            let id = loop {
                // Waits for another that is about to take the same number, and then tries the next one.
                let made = sqlx::query(
                    "INSERT INTO usage_writers (id, batch, last_at) \
                     SELECT COALESCE(MAX(id), 0) + 1, 0, $1 FROM usage_writers WHERE 1 = 1 \
                     ON CONFLICT (id) DO NOTHING RETURNING id",
                );
                if let Some(made) = made.bind(store.now().micros()).fetch_optional(tx.on()).await? {
                    break made.int("id")?;
                }
            };
            tx.commit_counts().await?;
            Ok(id)
        })
        .await
    }

    /// Adds a batch, once: a repetition with the same number adds nothing. A writer's numbers ascend from 1, and the next
    /// batch is written only once this one is confirmed. Returns `false`, and adds nothing, if the numbers stored for this
    /// writer are not its own: another backup was restored, or its row was deleted. It needs a new number then.
    pub async fn add_usage(&self, writer: i64, number: i64, batch: &CountBatch) -> Result<bool> {
        let counts: Vec<_> = batch.counts.iter().map(count_row).collect();
        let attributes: Vec<_> = batch.attributes.iter().map(attribute_row).collect();
        let secrets: Vec<_> = batch.secrets.iter().map(secret_uses::row).collect();
        let networks: Vec<_> = batch.attributes.keys().filter(|name| name.kind == "network").map(network_row).collect();
        let store = self.clone();
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            // Waits for an earlier attempt whose commit is still under way.
            let next = sqlx::query("UPDATE usage_writers SET batch = $1, last_at = $2 WHERE id = $3 AND batch < $1");
            let next = next.bind(number).bind(store.now().micros()).bind(writer);
            if next.execute(tx.on()).await?.rows_affected() == 0 {
                let last = sqlx::query("SELECT batch FROM usage_writers WHERE id = $1").bind(writer);
                let last = last.fetch_optional(tx.on()).await?.map(|row| row.int("batch")).transpose()?;
                tx.commit_counts().await?;
                return Ok(last == Some(number));
            }
            if !counts.is_empty() {
                let statement = "INSERT INTO usage_counts (place, span, at, code, scope, n) \
                    SELECT v.place, v.span, v.at, v.code, v.scope, v.requests FROM v WHERE v.n > 0 ORDER BY v.n \
                    ON CONFLICT (place, span, at, code, scope) DO UPDATE SET n = usage_counts.n + excluded.n";
                let columns = ["place", "span", "at", "code", "scope", "requests"];
                store.with_rows(columns, counts, statement).execute(tx.on()).await?;
            }
            if !attributes.is_empty() {
                let columns = ["key_id", "at", "kind", "value", "requests"];
                store.with_rows(columns, attributes, ADD_ATTRIBUTES).execute(tx.on()).await?;
            }
            if !networks.is_empty() {
                store.with_rows(["key_id", "at", "value"], networks, ADD_NETWORKS).execute(tx.on()).await?;
            }
            if !secrets.is_empty() {
                store.with_rows(secret_uses::COLUMNS, secrets, secret_uses::ADD).execute(tx.on()).await?;
            }
            tx.commit_counts().await?;
            Ok(true)
        })
        .await
    }

    /// What was counted of a place from `from` on and before `to`, in order.
    pub async fn usage(&self, place: &str, span: Span, from: Timestamp, to: Timestamp) -> Result<Vec<UsageCount>> {
        let query = sqlx::query(
            "SELECT at, code, scope, n FROM usage_counts WHERE place = $1 AND span = $2 AND at >= $3 AND at < $4 \
             ORDER BY at, code, scope LIMIT 100001",
        );
        let query = query.bind(place.to_owned()).bind(span.seconds()).bind(from.micros()).bind(to.micros());
        let rows = query.fetch_all(self.read()).await?;
        if rows.len() > MOST_READ {
            return Err(Error::field(
                "from",
                "Requests named too many combinations of scopes in this period. Choose a shorter one.",
            ));
        }
        rows.iter().map(usage_count).collect()
    }

    /// The same with how many requests could not be counted: of the place, or of unknown keys of its organization.
    pub async fn usage_within(
        &self,
        place: &str,
        org: &OrgId,
        span: Span,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<PlaceUsage> {
        let counts = self.usage(place, span, from, to).await?;
        // Those of the organization contain them already.
        let unknown = match place == org.as_str() {
            true => Vec::new(),
            false => self.usage(&without_key(org), span, from, to).await?,
        };
        let of_place = PlaceUsage::of(counts);
        let of_unknown: u64 = unknown.iter().map(|count| count.requests).sum();
        Ok(PlaceUsage { not_counted: of_place.not_counted + of_unknown, ..of_place })
    }

    /// The same of all projects of a tenant together, which are not counted as one.
    pub async fn usage_of_tenant(
        &self,
        tenant: &TenantId,
        span: Span,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<UsageCount>> {
        let query = sqlx::query(
            "SELECT c.at AS at, c.code AS code, c.scope AS scope, CAST(SUM(c.n) AS BIGINT) AS n \
             FROM projects p CROSS JOIN usage_counts c \
             WHERE p.tenant_id = $1 AND c.place = p.id AND c.span = $2 AND c.at >= $3 AND c.at < $4 \
             GROUP BY c.at, c.code, c.scope ORDER BY c.at, c.code, c.scope",
        );
        let query = query.bind(tenant.to_string()).bind(span.seconds()).bind(from.micros()).bind(to.micros());
        query.fetch_all(self.read()).await?.iter().map(usage_count).collect()
    }

    /// From where and how a key was used, from `from` on and before `to`.
    pub async fn usage_attributes(&self, key: &KeyId, from: Timestamp, to: Timestamp) -> Result<Vec<KeyAttribute>> {
        let query = sqlx::query(
            "SELECT at, kind, value, n FROM usage_attributes WHERE key_id = $1 AND at >= $2 AND at < $3 \
             ORDER BY at, kind, value",
        );
        let query = query.bind(key.to_string()).bind(from.micros()).bind(to.micros());
        query.fetch_all(self.read()).await?.iter().map(key_attribute).collect()
    }
}

/// The requests of an hour with one attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyAttribute {
    pub hour: Timestamp,
    /// `network`, `agent` or `method`.
    pub kind: String,
    pub value: String,
    pub requests: u64,
}

fn count_row((name, n): (&CountName, &u64)) -> [Cell; 6] {
    let CountName { place, span, at, code, scope } = name;
    [
        place.clone().into(),
        span.seconds().into(),
        at.micros().into(),
        (*code).to_owned().into(),
        scope.clone().into(),
        number(*n).into(),
    ]
}

fn attribute_row((name, n): (&AttributeName, &u64)) -> [Cell; 5] {
    let AttributeName { key, hour, kind, value } = name;
    [key.to_string().into(), hour.micros().into(), (*kind).to_owned().into(), value.clone().into(), number(*n).into()]
}

fn network_row(name: &AttributeName) -> [Cell; 3] {
    [name.key.to_string().into(), name.hour.micros().into(), name.value.clone().into()]
}

fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

pub(super) fn usage_count(row: &sqlx::any::AnyRow) -> Result<UsageCount> {
    Ok(UsageCount {
        at: row.time("at")?,
        code: row.word("code", Code::parse)?,
        scope: row.text("scope")?,
        requests: row.int("n")?.unsigned_abs(),
    })
}

fn key_attribute(row: &sqlx::any::AnyRow) -> Result<KeyAttribute> {
    Ok(KeyAttribute {
        hour: row.time("at")?,
        kind: row.text("kind")?,
        value: row.text("value")?,
        requests: row.int("n")?.unsigned_abs(),
    })
}
