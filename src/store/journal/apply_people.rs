//! Takes away again what people and service accounts had: roles, and passwords.

use serde_json::json;

use super::{
    super::{lifecycle::table, row::Read, tx::Tx},
    wanted::Commit,
};
use crate::{
    Result,
    audit::{Action, NewEvent, Target},
    id::{OrgId, ServiceAccountId, UserId},
    journal::HeldRole,
    member::Role,
    place::PlaceKind,
};

impl Tx {
    /// Gives a person, or a service account, the roles that they had in an organization, but for those that groups gave, and no
    /// others. Of two people who were made and unmade owner the later entry comes last, so somebody stays the owner. If the
    /// database was changed since (`resumes` is false), roles are only taken: they may have been taken for cause. The last owner
    /// stays.
    pub(super) async fn roles_again(
        &mut self,
        person: &str,
        org: &str,
        (roles, synced): (&[HeldRole], &[HeldRole]),
        resumes: bool,
        commit: Commit,
    ) -> Result<Vec<NewEvent>> {
        self.lock_chain(org).await?;
        let known = "SELECT (SELECT COUNT(*) FROM orgs WHERE id = $1) AS orgs, (SELECT COUNT(*) FROM users WHERE id = $2) \
            + (SELECT COUNT(*) FROM service_accounts WHERE id = $2 AND org_id = $1) AS subjects";
        let known = sqlx::query(known).bind(org.to_owned()).bind(person.to_owned()).fetch_one(self.on()).await?;
        if known.int("orgs")? == 0 || known.int("subjects")? == 0 {
            return Ok(Vec::new());
        }
        let had = sqlx::query("SELECT place_kind, place_id, role FROM grants WHERE org_id = $1 AND subject = $2");
        let had = had.bind(org.to_owned()).bind(person.to_owned()).fetch_all(self.on()).await?;
        let had: Vec<_> = had
            .iter()
            .map(|row| Ok((row.text("place_kind")?, row.text("place_id")?, row.text("role")?)))
            .collect::<Result<_>>()?;
        let (mut gone, mut given) = (0, 0);
        for (_, place, role) in had.iter().filter(|role| !roles.contains(role)) {
            if !resumes && *role == Role::Owner.as_str() && self.is_last_owner(org, person).await? {
                tracing::warn!(
                    org,
                    person,
                    "the last owner keeps the role, which they had lost before the database was restored"
                );
                continue;
            }
            let sql = "DELETE FROM grants WHERE org_id = $1 AND subject = $2 AND place_id = $3 AND role = $4";
            let query = sqlx::query(sql).bind(org.to_owned()).bind(person.to_owned());
            gone += query.bind(place.clone()).bind(role.clone()).execute(self.on()).await?.rows_affected();
        }
        for (kind, place, role) in roles.iter().filter(|role| resumes && !had.contains(role) && !synced.contains(role))
        {
            let Some(found) = PlaceKind::parse(kind) else { continue };
            let sql = format!(
                "INSERT INTO grants (org_id, subject, place_kind, place_id, role, granted_at) \
                 SELECT $1, $2, $3, id, $5, $6 FROM {} WHERE id = $4",
                table(found)
            );
            let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(org.to_owned()).bind(person.to_owned());
            let query = query.bind(kind.clone()).bind(place.clone()).bind(role.clone()).bind(commit.at);
            given += query.execute(self.on()).await?.rows_affected();
        }
        if gone + given == 0 {
            return Ok(Vec::new());
        }
        let (action, kind) = match ServiceAccountId::parse(person) {
            Some(_) => (Action::ServiceAccountChanged, "service_account"),
            None if roles.is_empty() => (Action::MemberRemoved, "user"),
            None => (Action::MemberRoleChanged, "user"),
        };
        let event = NewEvent::of(&OrgId::stored(org.to_owned()), action, Target::new(kind, person, person));
        Ok(vec![event.with(commit.details())])
    }

    async fn is_last_owner(&mut self, org: &str, person: &str) -> Result<bool> {
        let others = sqlx::query("SELECT 1 FROM grants WHERE org_id = $1 AND role = $2 AND subject <> $3");
        let others = others.bind(org.to_owned()).bind(Role::Owner.as_str()).bind(person.to_owned());
        Ok(others.fetch_optional(self.on()).await?.is_none())
    }

    /// The password that the backup knows was given up. One that was set later stays.
    pub(super) async fn forget_password_again(&mut self, person: &str, commit: Commit) -> Result<Vec<NewEvent>> {
        let later = format!("%{}%", json!({ "password_changed": { "person": person } }));
        let later = sqlx::query("SELECT 1 FROM changes WHERE at > $1 AND journal LIKE $2").bind(commit.at).bind(later);
        if later.fetch_optional(self.on()).await?.is_some() {
            return Ok(Vec::new());
        }
        let sql =
            "UPDATE users SET password_hash = NULL WHERE id = $1 AND password_hash IS NOT NULL AND created_at < $2";
        if !self.changes(sql, person, commit.at).await? {
            return Ok(Vec::new());
        }
        self.passkeys_need_more(&UserId::stored(person.to_owned())).await?;
        let event = NewEvent::of_system(Action::PasswordChanged, Target::new("user", person, person));
        Ok(vec![event.with(commit.details())])
    }
}
