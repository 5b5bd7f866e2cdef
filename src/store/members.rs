//! Members of organizations and their roles.

use std::collections::HashMap;

use sqlx::any::AnyRow;

use super::{Store, detached, row::Read, tx::Tx, users};
use crate::{
    Error, Result,
    audit::{Act, Action, Actor, NewEvent, Target},
    id::{OrgId, UserId},
    member::{Member, Permission, Role, RoleGiven},
    user::User,
};

/// The columns of a [`Member`], of `grants g` and `users u`.
macro_rules! member_columns {
    () => {
        "u.*, g.role, g.granted_at AS since, \
         (SELECT MAX(s.last_seen_at) FROM sessions s WHERE s.user_id = u.id) AS last_seen_at"
    };
}

fn member(row: &AnyRow) -> Result<Member> {
    Ok(Member {
        user: users::user(row)?,
        role: row.word("role", Role::parse)?,
        since: row.time("since")?,
        disabled: row.time_opt("disabled_at")?.is_some(),
        last_seen_at: row.time_opt("last_seen_at")?,
    })
}

impl Store {
    /// The members of an organization, by name.
    pub async fn members(&self, org: &OrgId) -> Result<Vec<Member>> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            member_columns!(),
            " FROM grants g JOIN users u ON u.id = g.subject \
             WHERE g.org_id = $1 AND g.place_id = $1 ORDER BY u.name_folded, u.id",
        ))
        .bind(org.to_string())
        .fetch_all(self.read())
        .await?;
        rows.iter().map(member).collect()
    }

    /// The next members after the given one, in the order in which they joined: a chunk of an export.
    pub async fn members_after(&self, org: &OrgId, after: Option<&Member>) -> Result<Vec<Member>> {
        let (since, id) =
            after.map_or((i64::MIN, String::new()), |last| (last.since.micros(), last.user.id.to_string()));
        let rows = sqlx::query(concat!(
            "SELECT ",
            member_columns!(),
            " FROM grants g JOIN users u ON u.id = g.subject \
             WHERE g.org_id = $1 AND g.place_id = $1 AND (g.granted_at, g.subject) > ($2, $3) \
             ORDER BY g.granted_at, g.subject LIMIT 200",
        ))
        .bind(org.to_string())
        .bind(since)
        .bind(id)
        .fetch_all(self.read())
        .await?;
        rows.iter().map(member).collect()
    }

    /// How many keys that are not revoked each person created in an organization, by the person's id.
    pub async fn keys_made(&self, org: &OrgId) -> Result<HashMap<String, i64>> {
        let rows = sqlx::query(
            "SELECT created_by, COUNT(*) AS n FROM keys WHERE org_id = $1 AND created_by IS NOT NULL \
             AND revoked_at IS NULL GROUP BY created_by",
        )
        .bind(org.to_string())
        .fetch_all(self.read())
        .await?;
        rows.iter().map(|row| Ok((row.text("created_by")?, row.int("n")?))).collect()
    }

    /// The name of a person who created a key of the organization, or is a member of it.
    pub async fn creator_name(&self, org: &OrgId, user: &UserId) -> Result<Option<String>> {
        let row = sqlx::query(
            "SELECT u.name FROM users u WHERE u.id = $2 \
             AND (EXISTS (SELECT 1 FROM grants g WHERE g.org_id = $1 AND g.subject = u.id) \
             OR EXISTS (SELECT 1 FROM keys k WHERE k.org_id = $1 AND k.created_by = u.id))",
        )
        .bind(org.to_string())
        .bind(user.to_string())
        .fetch_optional(self.read())
        .await?;
        row.map(|row| row.text("name")).transpose()
    }

    /// Adds a member, or changes their role. The last owner can't be demoted.
    pub async fn add_member(&self, act: &Act, org: &OrgId, user: &User, role: Role) -> Result<RoleGiven> {
        self.give_role(act, org, user, role, true).await
    }

    /// Changes a member's role; `NotFound` if they are not a member. The last owner can't be demoted.
    pub async fn change_role(&self, act: &Act, org: &OrgId, user: &User, role: Role) -> Result<RoleGiven> {
        self.give_role(act, org, user, role, false).await
    }

    async fn give_role(&self, act: &Act, org: &OrgId, user: &User, role: Role, adds: bool) -> Result<RoleGiven> {
        let (store, act, org, user) = (self.clone(), act.clone(), org.clone(), user.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let had = tx.role_to_change(&org, &user.id, Some(role)).await?;
            let (given, action, details) = match had {
                Some(had) if had == role => return Ok(RoleGiven::Unchanged),
                Some(had) => {
                    let details = serde_json::json!({ "from": had.as_str(), "role": role.as_str() });
                    (RoleGiven::Changed, Action::MemberRoleChanged, details)
                }
                None if adds => (RoleGiven::Added, Action::MemberAdded, serde_json::json!({ "role": role.as_str() })),
                None => return Err(Error::NotFound),
            };
            tx.grant(&org, &user.id, had, role).await?;
            // Personal keys of a former member become valid again.
            tx.touches_keys_of_person(&user.id).await?;
            let target = Target::new("user", &user.id, &user.name);
            tx.record(NewEvent::of(&org, action, target).with(details)).await?;
            tx.commit().await?;
            Ok(given)
        })
        .await
    }

    /// The names of an organization's owners, for people who have to ask one.
    pub async fn owners(&self, org: &OrgId) -> Result<Vec<String>> {
        let rows = sqlx::query(
            "SELECT u.name FROM grants g JOIN users u ON u.id = g.subject \
             WHERE g.org_id = $1 AND g.place_id = $1 AND g.role = 'owner' AND u.disabled_at IS NULL ORDER BY u.name_folded, u.id LIMIT 5",
        )
        .bind(org.to_string())
        .fetch_all(self.read())
        .await?;
        rows.iter().map(|row| row.text("name")).collect()
    }
}

impl Tx {
    /// The current role of a member who is about to lose it, if the actor may do that and an owner remains.
    /// Concurrent calls wait for the organization's chain, so that the last two owners can't remove each other.
    pub(super) async fn role_to_change(
        &mut self,
        org: &OrgId,
        user: &UserId,
        to: Option<Role>,
    ) -> Result<Option<Role>> {
        self.lock_chain(org.as_str()).await?;
        let from = self.role(org, user).await?;
        if let Actor::User { id, .. } = self.actor().clone() {
            let own = self.role(org, &id).await?.ok_or(Error::NotFound)?;
            if !own.may_change(from, to) {
                return Err(Error::Forbidden(match own {
                    Role::Member => "Your role here is Member. Ask an owner or an admin.",
                    _ => "Only owners decide who is an owner. Ask one of them.",
                }));
            }
        } else {
            self.needs(org, Permission::ManageOrg).await?;
        }
        if from == Some(Role::Owner) && to != Some(Role::Owner) {
            let others = sqlx::query(
                "SELECT 1 FROM grants g JOIN users u ON u.id = g.subject WHERE g.org_id = $1 AND g.place_id = $1 \
                 AND g.subject <> $2 AND g.role = 'owner' AND u.disabled_at IS NULL LIMIT 1",
            )
            .bind(org.to_string())
            .bind(user.to_string());
            if others.fetch_optional(self.on()).await?.is_none() {
                return Err(Error::field("role", "This is the last owner. Make another member an owner first."));
            }
        }
        Ok(from)
    }
}
