//! Events by the hundred, oldest first: what an export is made of.

use sqlx::Row;

use super::{EventFilter, Store, events::event};
use crate::{
    Result, Timestamp,
    audit::export::Exported,
    id::{AppId, OrgId},
};

/// So much is in memory at once.
const CHUNK: i64 = 500;

impl Store {
    /// The next events of an organization, or of one of its apps, that match; none once all were told. The filter's
    /// own edges are left aside: `after` is where the chunk before ended.
    pub async fn export(
        &self,
        org: &OrgId,
        app: Option<&AppId>,
        filter: &EventFilter,
        after: i64,
    ) -> Result<Vec<Exported>> {
        let of_app = if app.is_some() { "app_id = $2" } else { "$2 = ''" };
        let sql = sqlx::AssertSqlSafe(format!(
            "SELECT * FROM events WHERE chain = $1 AND {of_app} AND seq > $3 \
             AND ($4 = '' OR actor_name = $4) AND ($5 = '' OR action = $5) \
             AND ($6 = '' OR ($6 = 'done' AND outcome = 0) OR ($6 = 'refused' AND outcome > 0)) \
             AND at >= $7 AND at < $8 ORDER BY seq LIMIT {CHUNK}"
        ));
        let rows = sqlx::query(sql)
            .bind(org.to_string())
            .bind(app.map(ToString::to_string).unwrap_or_default())
            .bind(after)
            .bind(filter.actor.clone())
            .bind(filter.action.clone())
            .bind(filter.outcome.clone())
            .bind(filter.from.map_or(i64::MIN, Timestamp::micros))
            .bind(filter.to.map_or(i64::MAX, Timestamp::micros))
            .fetch_all(self.read())
            .await?;
        rows.iter().map(|row| Ok(Exported { event: event(row)?, hash: row.try_get("hash")? })).collect()
    }
}
