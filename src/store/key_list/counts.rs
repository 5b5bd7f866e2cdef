//! How many keys there are.

use super::{KeyFilter, conditions::Conditions};
use crate::{
    Result,
    id::{AppId, OrgId},
    place::Place,
    store::{Store, lifecycle::keys_within, row::Read},
};

impl Store {
    /// How many keys of a place [`Store::revoke_all`] revokes: all that are not revoked, whatever else they are.
    pub async fn keys_to_revoke(&self, place: &Place) -> Result<i64> {
        let sql = format!("SELECT COUNT(*) AS n FROM keys WHERE {} AND revoked_at IS NULL", keys_within(place.kind));
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(place.id.clone()).fetch_one(self.read()).await?;
        row.int("n")
    }

    /// How many keys of an organization each of these filters lists, counted up to one more than [`super::KeyPage::COUNTED`], in one
    /// query.
    pub async fn count_each(&self, org: &OrgId, filters: &[KeyFilter]) -> Result<Vec<i64>> {
        let mut all = Conditions::of_keys(org, None);
        let base = all.sql.clone();
        let counts = filters.iter().enumerate().map(|(place, filter)| {
            all.sql.clone_from(&base);
            all.narrow(filter, self.profile(), self.now());
            format!("({}) AS n{place}", all.count())
        });
        let counts = counts.collect::<Vec<_>>().join(", ");
        let rows = all.fetch(self, format!("SELECT {counts}")).await?;
        let Some(row) = rows.first() else { return Ok(Vec::new()) };
        (0..filters.len()).map(|place| row.int(&format!("n{place}"))).collect()
    }

    /// How many keys match, counted up to one more than [`super::KeyPage::COUNTED`].
    pub async fn count_keys(&self, org: &OrgId, app: Option<&AppId>, filter: &KeyFilter) -> Result<i64> {
        let mut conditions = Conditions::of_keys(org, app);
        conditions.narrow(filter, self.profile(), self.now());
        let sql = format!("SELECT CASE WHEN {} THEN ({}) ELSE 0 END AS n", conditions.of_all, conditions.count());
        conditions.fetch(self, sql).await?.first().map_or(Ok(0), |row| row.int("n"))
    }
}
