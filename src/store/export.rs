//! Events by the hundred, oldest first: what an export is made of.

use sqlx::Row;

use super::{EventFilter, Store, events::event};
use crate::{
    Result,
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
        let from = EventFilter { before: None, after: Some(after), ..filter.clone() };
        let rows = self.event_rows(org.as_str(), app, &from, CHUNK).await?;
        rows.iter().map(|row| Ok(Exported { event: event(row)?, hash: row.try_get("hash")? })).collect()
    }
}
