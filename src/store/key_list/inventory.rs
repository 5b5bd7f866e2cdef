//! The inventory: every key that a filter shows, a chunk at a time.

use sqlx::any::AnyRow;

use super::{KeyFilter, KeyPage, KeySort, listed};
use crate::{
    Result, Timestamp,
    id::{AppId, OrgId},
    key::InventoryKey,
    key_policy::Deadlines,
    store::{Store, row::Read},
};

/// So many are in memory at once.
const CHUNK: u8 = 200;

fn columns(org: &str) -> String {
    format!("{} AS line, k.app_id, k.revoked_at", listed::line(org, None, "NULL"))
}

fn inventory_key(row: &AnyRow, now: Timestamp) -> Result<InventoryKey> {
    Ok(InventoryKey {
        // The file says nothing of the rules.
        listed: listed::listed(&row.text("line")?, now, Deadlines::default())?,
        app_id: row.text_opt("app_id")?.map(AppId::stored),
        revoked_at: row.time_opt("revoked_at")?,
    })
}

impl Store {
    /// The next keys that match, newest first, after the chunk that ended at `after`. In that order no key changes its
    /// place meanwhile, and one that is made meanwhile comes before all of them: it is in no later chunk. The filter's own
    /// order and page are left aside.
    pub async fn key_inventory(
        &self,
        org: &OrgId,
        app: Option<&AppId>,
        filter: &KeyFilter,
        after: Option<String>,
    ) -> Result<KeyPage<InventoryKey>> {
        let now = self.now();
        let filter =
            KeyFilter { sort: KeySort::Newest, limit: Some(CHUNK), before: after, after: None, ..filter.clone() };
        self.page_of_rows(org, app, &filter, listed::JOINS, columns, |row| inventory_key(row, now)).await
    }
}
