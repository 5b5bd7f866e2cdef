//! Who belongs to an organization.

use super::{Store, detached, row::Read, tx::Tx};
use crate::{
    Result, Timestamp,
    audit::{Act, Action, NewEvent, Target},
    id::{OrgId, UserId},
    member::Role,
    user::User,
};

impl Store {
    /// Makes a person a member, or changes their role.
    pub async fn add_member(&self, act: &Act, org: &OrgId, user: &User, role: Role) -> Result<()> {
        let (store, act, org, user) = (self.clone(), act.clone(), org.clone(), user.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let now = store.now();
            tx.insert_member(&org, &user.id, role, now).await?;
            let target = Target::new("user", &user.id, &user.name);
            let details = serde_json::json!({ "role": role.as_str() });
            tx.record(NewEvent::of(&org, Action::MemberAdded, target).with(details)).await?;
            tx.commit().await
        })
        .await
    }

    /// Whom to ask: the names of an organization's owners.
    pub async fn owners(&self, org: &OrgId) -> Result<Vec<String>> {
        let rows = sqlx::query(
            "SELECT u.name FROM members m JOIN users u ON u.id = m.user_id \
             WHERE m.org_id = $1 AND m.role = 'owner' AND u.disabled_at IS NULL ORDER BY lower(u.name), u.id LIMIT 5",
        )
        .bind(org.to_string())
        .fetch_all(self.read())
        .await?;
        rows.iter().map(|row| row.text("name")).collect()
    }
}

impl Tx {
    pub(super) async fn insert_member(&mut self, org: &OrgId, user: &UserId, role: Role, at: Timestamp) -> Result<()> {
        sqlx::query(
            "INSERT INTO members (org_id, user_id, role, created_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (org_id, user_id) DO UPDATE SET role = excluded.role",
        )
        .bind(org.to_string())
        .bind(user.to_string())
        .bind(role.as_str())
        .bind(at.micros())
        .execute(self.on())
        .await?;
        Ok(())
    }
}
