//! Who is told of a leak.

use crate::{
    Result,
    id::{OrgId, UserId},
    member::Permission,
    store::{Store, row::Read, sight::roles_with},
};

/// As many are told of one leak.
const MOST: i64 = 10;

impl Store {
    /// Those who set the rules for keys of an organization.
    pub(super) async fn governors(&self, org: &OrgId) -> Result<Vec<UserId>> {
        let roles = roles_with(Permission::GovernKeys);
        let sql = format!(
            "SELECT g.subject AS id FROM grants g JOIN users u ON u.id = g.subject \
             WHERE g.org_id = $1 AND g.place_id = g.org_id AND g.role IN ({roles}) AND u.disabled_at IS NULL \
             GROUP BY g.subject ORDER BY MIN(g.granted_at), g.subject LIMIT {MOST}"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(org.to_string()).fetch_all(self.read()).await?;
        rows.iter().map(|row| row.text("id").map(UserId::stored)).collect()
    }

    /// The operators of the portal.
    pub(super) async fn operators_to_tell(&self) -> Result<Vec<UserId>> {
        let sql = format!(
            "SELECT id FROM users WHERE operator = 1 AND disabled_at IS NULL ORDER BY created_at, id LIMIT {MOST}"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(self.read()).await?;
        rows.iter().map(|row| row.text("id").map(UserId::stored)).collect()
    }
}
