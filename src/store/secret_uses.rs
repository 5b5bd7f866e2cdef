//! Who uses which secret of a key while it is rotated: added to by verifiers, read by the rotation's page.

use sqlx::{Any, any::AnyArguments, query::Query};

use super::{Store, row::Read, rows::Cell, tx::Tx};
use crate::{Result, Timestamp, id::KeyId};

/// Once a secret has 32 networks and programs in an hour, further ones are counted together. Each condition counts, over the
/// primary key, as in `usage_counts`.
pub(super) const ADD: &str = "INSERT INTO secret_uses (key_id, n, at, accepted, network, agent, requests, first_at, last_at) \
    SELECT w.key_id, w.secret_n, w.at, w.accepted, w.network_kept, w.agent_kept, CAST(SUM(w.requests) AS BIGINT), \
        MIN(w.first_at), MAX(w.last_at) FROM (\
        SELECT v.key_id, v.secret_n, v.at, v.accepted, v.requests, v.first_at, v.last_at, \
            CASE WHEN s.kept = 1 THEN v.network ELSE 'other' END AS network_kept, \
            CASE WHEN s.kept = 1 THEN v.agent ELSE 'other' END AS agent_kept \
        FROM v JOIN (SELECT u.n AS row_n, CASE WHEN (SELECT COUNT(*) FROM secret_uses a WHERE a.key_id = u.key_id \
                AND a.n = u.secret_n AND a.at = u.at AND a.accepted = u.accepted AND a.network = u.network \
                AND a.agent = u.agent) = 1 \
            OR (SELECT COUNT(*) FROM secret_uses a WHERE a.key_id = u.key_id AND a.n = u.secret_n AND a.at = u.at) < 32 \
            THEN 1 ELSE 0 END AS kept FROM v u) s ON s.row_n = v.n WHERE v.n > 0) w \
    WHERE 1 = 1 GROUP BY w.key_id, w.secret_n, w.at, w.accepted, w.network_kept, w.agent_kept \
    ORDER BY w.key_id, w.secret_n, w.at, w.accepted, w.network_kept, w.agent_kept \
    ON CONFLICT (key_id, n, at, accepted, network, agent) DO UPDATE SET requests = secret_uses.requests + excluded.requests, \
        first_at = CASE WHEN excluded.first_at < secret_uses.first_at THEN excluded.first_at ELSE secret_uses.first_at END, \
        last_at = CASE WHEN excluded.last_at > secret_uses.last_at THEN excluded.last_at ELSE secret_uses.last_at END";

pub(super) const COLUMNS: [&str; 9] =
    ["key_id", "secret_n", "at", "accepted", "network", "agent", "requests", "first_at", "last_at"];

/// What uses are counted by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretUseName {
    pub key: KeyId,
    /// Which secret of the key, from 1.
    pub secret_n: u32,
    pub hour: Timestamp,
    pub accepted: bool,
    pub network: String,
    pub agent: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretUses {
    pub requests: u64,
    pub first_at: Timestamp,
    pub last_at: Timestamp,
}

impl SecretUses {
    pub fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.first_at = self.first_at.min(other.first_at);
        self.last_at = self.last_at.max(other.last_at);
    }
}

pub(super) fn row((name, uses): (&SecretUseName, &SecretUses)) -> [Cell; 9] {
    [
        name.key.to_string().into(),
        i64::from(name.secret_n).into(),
        name.hour.micros().into(),
        i64::from(name.accepted).into(),
        name.network.clone().into(),
        name.agent.clone().into(),
        i64::try_from(uses.requests).unwrap_or(i64::MAX).into(),
        uses.first_at.micros().into(),
        uses.last_at.micros().into(),
    ]
}

impl Store {
    /// When a secret of a key was last presented, as far as that is counted.
    pub async fn secret_last_used(&self, key: &KeyId, secret_n: i64) -> Result<Option<Timestamp>> {
        last_used(key, secret_n).fetch_one(self.read()).await?.time_opt("last_at")
    }

    /// Who used a secret of a key from a time on, by hour, network and program.
    pub async fn secret_uses(
        &self,
        key: &KeyId,
        secret_n: i64,
        from: Timestamp,
    ) -> Result<Vec<(SecretUseName, SecretUses)>> {
        let query = sqlx::query(
            "SELECT n, at, accepted, network, agent, requests, first_at, last_at FROM secret_uses \
             WHERE key_id = $1 AND n = $2 AND at >= $3 ORDER BY at, accepted, network, agent",
        );
        let query = query.bind(key.to_string()).bind(secret_n).bind(from.micros());
        let rows = query.fetch_all(self.read()).await?;
        let uses = rows.iter().map(|row| {
            let name = SecretUseName {
                key: key.clone(),
                secret_n: u32::try_from(row.int("n")?).unwrap_or(u32::MAX),
                hour: row.time("at")?,
                accepted: row.flag("accepted")?,
                network: row.text("network")?,
                agent: row.text("agent")?,
            };
            let requests = row.int("requests")?.unsigned_abs();
            Ok((name, SecretUses { requests, first_at: row.time("first_at")?, last_at: row.time("last_at")? }))
        });
        uses.collect()
    }
}

impl Tx {
    /// The same, within a transaction.
    pub(super) async fn secret_last_used(&mut self, key: &KeyId, secret_n: i64) -> Result<Option<Timestamp>> {
        last_used(key, secret_n).fetch_one(self.on()).await?.time_opt("last_at")
    }
}

fn last_used(key: &KeyId, secret_n: i64) -> Query<'static, Any, AnyArguments> {
    let query = sqlx::query("SELECT MAX(last_at) AS last_at FROM secret_uses WHERE key_id = $1 AND n = $2");
    query.bind(key.to_string()).bind(secret_n)
}
