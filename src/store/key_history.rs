//! What was counted in the last 30 days of a key, or of the keys of an app or an organization.

use sqlx::any::AnyRow;

use super::{Store, row::Read, without_key};
use crate::{
    Result, Timestamp,
    id::{AppId, OrgId},
    key::{Key, addresses},
    suggestion::{KeyHistory, PlaceHistory, period_start},
    usage::Code,
};

/// Rows of the answers: what they are about, a name, a second one, and a number.
const CODES: &str = "SELECT 'code' AS about, code AS name, scope AS of, CAST(SUM(n) AS BIGINT) AS n \
    FROM usage_counts WHERE place = $1 AND span = 86400 AND at >= $2 GROUP BY code, scope";

/// Requests of the organization `$3` whose key is not known.
const WITHOUT_KEY: &str = "SELECT 'without', '', '', CAST(COALESCE(SUM(n), 0) AS BIGINT) \
    FROM usage_counts WHERE place = $3 AND span = 86400 AND at >= $2";

/// When counting began in the organization `$4`: what it was used for before is not known.
const BEGINNING: &str =
    "SELECT 'since', '', '', COALESCE(MIN(at), -1) FROM usage_counts WHERE place = $4 AND span = 86400";

/// Keys of a place that are read to tell where its keys were used from.
const MOST_KEY_NETWORKS: usize = 2_000;

impl Store {
    /// What was counted of a key in the last 30 days, in one query.
    pub async fn key_history(&self, key: &Key) -> Result<KeyHistory> {
        let (now, from) = (self.now(), period_start(self.now()));
        // Methods come first, and there are few.
        let most = addresses::MOST + 20;
        let sql = format!(
            "{CODES} UNION ALL {WITHOUT_KEY} UNION ALL {BEGINNING} UNION ALL SELECT kind, value, '', n FROM (\
             SELECT kind, value, CAST(SUM(n) AS BIGINT) AS n FROM usage_attributes WHERE key_id = $1 AND at >= $2 \
             AND kind IN ('method', 'network') GROUP BY kind, value ORDER BY kind, value LIMIT {most}) AS attributes"
        );
        let rows = self.history_rows(sql, key.id.as_str(), &key.org_id, from).await?;
        let mut history = KeyHistory::empty(now);
        for row in &rows {
            let (name, n) = (row.text("name")?, row.int("n")?);
            let requests = n.unsigned_abs();
            match row.text("about")?.as_str() {
                "code" => match Code::parse(&name) {
                    Some(Code::Verdict(verdict)) => {
                        history.requests += requests;
                        if verdict.is_valid() {
                            *history.accepted.entry(row.text("of")?).or_default() += requests;
                        }
                    }
                    Some(Code::NotCounted) | None => history.not_counted += requests,
                },
                "without" => history.not_counted += requests,
                "since" if n >= 0 => history.since = from.max(Timestamp::from_micros(n)).max(key.created_at),
                "method" => {
                    history.methods.insert(name, requests);
                }
                "network" => {
                    history.networks.insert(name, requests);
                }
                _ => {}
            }
        }
        Ok(history)
    }

    /// What was counted of the keys of an app or, without one, of an organization in the last 30 days, in one query.
    pub async fn place_history(&self, org: &OrgId, app: Option<&AppId>) -> Result<PlaceHistory> {
        let (now, from) = (self.now(), period_start(self.now()));
        let column = if app.is_some() { "app_id" } else { "org_id" };
        let keys = format!("k.{column} = $1 AND k.revoked_at IS NULL");
        // From one set of scopes to the next in the index, however many keys have each.
        let next = format!("SELECT MIN(k.scopes) FROM keys k WHERE {keys}");
        let most = MOST_KEY_NETWORKS + 1;
        let sql = format!(
            "WITH RECURSIVE held (scopes) AS (SELECT ({next}) UNION ALL \
             SELECT ({next} AND k.scopes > held.scopes) FROM held WHERE held.scopes IS NOT NULL), \
             networks (network) AS (SELECT u.network FROM keys k JOIN usage_networks u ON u.key_id = k.id \
             WHERE {keys} AND u.last_at >= $2 LIMIT {most}) \
             {CODES} UNION ALL {WITHOUT_KEY} UNION ALL {BEGINNING} \
             UNION ALL SELECT 'last', '', '', at FROM (SELECT at FROM usage_counts WHERE place = $1 AND span = 86400 \
             AND code = 'valid' ORDER BY at DESC LIMIT 1) AS latest \
             UNION ALL SELECT 'held', scopes, '', 0 FROM held WHERE scopes IS NOT NULL \
             UNION ALL SELECT 'network', network, '', COUNT(*) FROM networks GROUP BY network"
        );
        let place = app.map_or(org.as_str(), AppId::as_str);
        let rows = self.history_rows(sql, place, org, from).await?;
        let mut history = PlaceHistory::empty(now);
        let mut key_networks = 0;
        for row in &rows {
            let (name, n) = (row.text("name")?, row.int("n")?);
            let requests = n.unsigned_abs();
            match row.text("about")?.as_str() {
                "code" => match Code::parse(&name) {
                    Some(Code::Verdict(verdict)) if verdict.is_valid() => {
                        *history.accepted.entry(row.text("of")?).or_default() += requests;
                    }
                    Some(Code::Verdict(_)) => {}
                    Some(Code::NotCounted) | None => history.not_counted += requests,
                },
                "without" => history.not_counted += requests,
                "since" if n >= 0 => history.since = from.max(Timestamp::from_micros(n)),
                "last" => history.last_used = Some(Timestamp::from_micros(n)),
                "held" => {
                    history.held.insert(name);
                }
                "network" => {
                    key_networks += requests;
                    if let Some(networks) = &mut history.networks {
                        networks.insert(name);
                    }
                }
                _ => {}
            }
        }
        if key_networks > MOST_KEY_NETWORKS as u64 {
            history.networks = None;
        }
        Ok(history)
    }

    async fn history_rows(&self, sql: String, place: &str, org: &OrgId, from: Timestamp) -> Result<Vec<AnyRow>> {
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(place.to_owned()).bind(from.micros());
        let query = query.bind(without_key(org)).bind(org.to_string());
        Ok(query.fetch_all(self.read()).await?)
    }
}
