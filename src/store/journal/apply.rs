//! Takes away again what was taken away before the database was restored, with events that say so.

use std::collections::BTreeMap;

use serde_json::json;

use super::{
    super::{
        Store, detached,
        lifecycle::{keys_within, table},
        row::Read,
        tx::Tx,
    },
    wanted::{Commit, Wanted},
};
use crate::{
    Result,
    audit::{Act, Action, NewEvent, Target},
    id::{AppId, OrgId, UserId},
    journal::{Entry, HeldRole},
    place::PlaceKind,
};

/// How many events of each kind there were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts(pub(super) BTreeMap<&'static str, u64>);

impl Counts {
    pub(super) fn add(&mut self, action: Action) {
        *self.0.entry(action.as_str()).or_default() += 1;
    }
}

impl Store {
    /// Applies everything. Doing it again changes nothing.
    pub(super) async fn apply_again(&self, act: &Act, wanted: Wanted) -> Result<Counts> {
        let mut counts = Counts::default();
        for (entry, commit) in wanted.others.clone() {
            if entry == Entry::CapabilityKeysReplaced {
                let reason = "They were replaced before the database was restored.".to_owned();
                self.replace_capability_keys(act, reason).await?;
                counts.add(Action::CapabilityKeyReplaced);
                continue;
            }
            let (store, act, resumes) = (self.clone(), act.clone(), wanted.resumes);
            let done = detached(async move {
                let mut tx = store.begin_many(&act).await?;
                let events = tx.apply_entry(&entry, commit, resumes).await?;
                let actions: Vec<_> = events.iter().map(|event| event.action).collect();
                if events.is_empty() {
                    tx.commit_counts().await?;
                    return Ok(actions);
                }
                for event in events {
                    let chain = event.chain().to_owned();
                    tx.record_others(&chain, vec![(act.clone(), event)]).await?;
                }
                tx.touches_everything();
                tx.commit().await?;
                Ok(actions)
            });
            done.await?.into_iter().for_each(|action| counts.add(action));
        }
        self.apply_to_keys(act, &wanted, &mut counts).await?;
        Ok(counts)
    }
}

impl Tx {
    /// The events of what was changed; none if it was so already, or does not exist.
    async fn apply_entry(&mut self, entry: &Entry, commit: Commit, resumes: bool) -> Result<Vec<NewEvent>> {
        let now = self.now().micros();
        let details = commit.details();
        let system =
            |action, kind, id: &str| vec![NewEvent::of_system(action, Target::new(kind, id, id)).with(details.clone())];
        let none = Ok(Vec::new());
        match entry {
            Entry::RootTokenRevoked { id } => {
                let sql = "UPDATE root_tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
                if self.changes(sql, id, commit.at).await? {
                    Ok(system(Action::TokenRevoked, "root_token", id))
                } else {
                    none
                }
            }
            Entry::PersonalTokenRevoked { id } => {
                let sql = "UPDATE personal_tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
                let action = Action::PersonalTokenRevoked;
                if self.changes(sql, id, now).await? { Ok(system(action, "personal_token", id)) } else { none }
            }
            Entry::Erased { person } => {
                // Erasing is a command of its own: it goes through all logs.
                let sql =
                    "UPDATE users SET disabled_at = $2 WHERE id = $1 AND disabled_at IS NULL AND erased_at IS NULL";
                if !self.changes(sql, person, now).await? {
                    return none;
                }
                let mut event = system(Action::AccountDisabled, "user", person);
                event[0].details["erase_again"] = json!(true);
                Ok(event)
            }
            Entry::Person { id, disabled, operator } => {
                self.apply_to_person(id, *disabled, *operator, resumes, commit).await
            }
            Entry::PasswordChanged { person } => {
                // The one that the backup knows was given up.
                let sql = "UPDATE users SET password_hash = NULL WHERE id = $1 AND password_hash IS NOT NULL AND created_at < $2";
                if self.changes(sql, person, commit.at).await? {
                    Ok(system(Action::PasswordChanged, "user", person))
                } else {
                    none
                }
            }
            Entry::TrustRule { id, paused: Some(at) } => {
                let sql = "UPDATE trust_rules SET paused_at = $2 WHERE id = $1 AND paused_at IS NULL RETURNING org_id";
                self.of_org(sql, id, *at, (Action::TrustRulePaused, "trust_rule"), commit).await
            }
            Entry::TrustRuleDeleted { id } => {
                let sql = "UPDATE trust_rules SET paused_at = $2 WHERE id = $1 AND paused_at IS NULL RETURNING org_id";
                self.of_org(sql, id, now, (Action::TrustRulePaused, "trust_rule"), commit).await
            }
            Entry::Ingestion { app, verified: false } => {
                let sql = "UPDATE apps SET ingestion_verified = 0 WHERE id = $1 AND ingestion_verified = 1 AND CAST($2 AS BIGINT) IS NOT NULL RETURNING org_id";
                self.of_org(sql, app, now, (Action::IngestionEnded, "app"), commit).await
            }
            Entry::Suspended { org, at: Some(at) } => {
                let sql = "UPDATE orgs SET suspended_at = $2, suspend_reason = 'Suspended before the database was restored' \
                           WHERE id = $1 AND suspended_at IS NULL RETURNING id AS org_id";
                self.of_org(sql, org, *at, (Action::OrgSuspended, "organization"), commit).await
            }
            Entry::Suspended { org, at: None } if resumes => {
                let sql = "UPDATE orgs SET suspended_at = NULL, suspend_reason = NULL \
                           WHERE id = $1 AND suspended_at IS NOT NULL AND CAST($2 AS BIGINT) IS NOT NULL RETURNING id AS org_id";
                self.of_org(sql, org, now, (Action::OrgOpened, "organization"), commit).await
            }
            Entry::Archived { place, id, at } => self.archive_again(place, id, *at, resumes, commit).await,
            Entry::Deleted { place, id } => {
                if place == PlaceKind::Org.noun() {
                    let sql = "UPDATE root_tokens SET revoked_at = $2 WHERE org_id = $1 AND revoked_at IS NULL";
                    self.changes(sql, id, now).await?;
                }
                self.archive_again(place, id, Some(now), false, commit).await
            }
            Entry::KeysRevoked { place, id } => self.revoke_keys_again(place, id, commit).await,
            Entry::Roles { person, org, roles, synced } => self.roles_again(person, org, (roles, synced), commit).await,
            Entry::IdentityUnlinked { person, digest } => self.unlink_again(person, digest, commit).await,
            Entry::SignInRequired { org, provider } => {
                self.require_again(org, provider.as_deref(), resumes, commit).await
            }
            _ => none,
        }
    }

    /// Runs an update with an id and a time; returns whether it changed a row.
    async fn changes(&mut self, sql: &'static str, id: &str, at: i64) -> Result<bool> {
        let done = sqlx::query(sql).bind(id.to_owned()).bind(at).execute(self.on()).await?;
        Ok(done.rows_affected() > 0)
    }

    /// The same for something of an organization, with an event in its log.
    async fn of_org(
        &mut self,
        sql: &'static str,
        id: &str,
        at: i64,
        (action, kind): (Action, &'static str),
        commit: Commit,
    ) -> Result<Vec<NewEvent>> {
        let row = sqlx::query(sql).bind(id.to_owned()).bind(at).fetch_optional(self.on()).await?;
        let Some(row) = row else { return Ok(Vec::new()) };
        let org = OrgId::stored(row.text("org_id")?);
        let target = Target::new(kind, id, id);
        let target = if kind == "app" { target.of_app(&AppId::stored(id.to_owned())) } else { target };
        Ok(vec![NewEvent::of(&org, action, target).with(commit.details())])
    }

    async fn archive_again(
        &mut self,
        place: &str,
        id: &str,
        at: Option<i64>,
        resumes: bool,
        commit: Commit,
    ) -> Result<Vec<NewEvent>> {
        let Some(kind) = PlaceKind::parse(place) else { return Ok(Vec::new()) };
        if at.is_none() && !resumes {
            return Ok(Vec::new());
        }
        let unless = if at.is_some() { "archived_at IS NULL" } else { "archived_at IS NOT NULL" };
        let org = if kind == PlaceKind::Org { "id AS org_id" } else { "org_id" };
        let sql =
            format!("UPDATE {} SET archived_at = $2 WHERE id = $1 AND {unless} RETURNING {org}, name", table(kind));
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.to_owned()).bind(at).fetch_optional(self.on()).await?;
        let Some(row) = row else { return Ok(Vec::new()) };
        let action = if at.is_some() { kind.archived() } else { kind.restored() };
        let target = Target::new(kind.noun(), id, row.text("name")?);
        Ok(vec![NewEvent::of(&OrgId::stored(row.text("org_id")?), action, target).with(commit.details())])
    }

    /// Of the keys that there were then: all that a backup has are older.
    async fn revoke_keys_again(&mut self, place: &str, id: &str, commit: Commit) -> Result<Vec<NewEvent>> {
        let Some(kind) = PlaceKind::parse(place) else { return Ok(Vec::new()) };
        let org = if kind == PlaceKind::Org { "id AS org_id" } else { "org_id" };
        let sql = format!("SELECT {org}, name FROM {} WHERE id = $1", table(kind));
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.to_owned()).fetch_optional(self.on()).await?;
        let Some(row) = row else { return Ok(Vec::new()) };
        let then = format!("{} AND revoked_at IS NULL AND created_at <= {}", keys_within(kind), commit.at);
        self.end_secrets_within(&then, &[id]).await?;
        let sql = format!("UPDATE keys SET revoked_at = $2, revoked_by = $3, revoke_reason = $4 WHERE {then}");
        let revoked = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id.to_owned())
            .bind(commit.at)
            .bind(self.actor().name().to_owned())
            .bind("Revoked with all keys before the database was restored")
            .execute(self.on())
            .await?
            .rows_affected();
        if revoked == 0 {
            return Ok(Vec::new());
        }
        let mut details = commit.details();
        details["keys"] = revoked.into();
        let target = Target::new(kind.noun(), id, row.text("name")?);
        let event = NewEvent::of(&OrgId::stored(row.text("org_id")?), Action::AllKeysRevoked, target);
        Ok(vec![event.with(details)])
    }

    async fn apply_to_person(
        &mut self,
        id: &str,
        disabled: Option<i64>,
        operator: bool,
        resumes: bool,
        commit: Commit,
    ) -> Result<Vec<NewEvent>> {
        let row = sqlx::query("SELECT disabled_at, operator, erased_at FROM users WHERE id = $1").bind(id.to_owned());
        let Some(row) = row.fetch_optional(self.on()).await? else { return Ok(Vec::new()) };
        let (was, was_operator) = (row.int_opt("disabled_at")?, row.flag("operator")?);
        let mut actions = Vec::new();
        match (was, disabled) {
            (None, Some(_)) => actions.push(Action::AccountDisabled),
            (Some(_), None) if resumes && row.int_opt("erased_at")?.is_none() => actions.push(Action::AccountEnabled),
            _ => {}
        }
        match (was_operator, operator) {
            (true, false) => actions.push(Action::OperatorRemoved),
            (false, true) if resumes => actions.push(Action::OperatorAdded),
            _ => {}
        }
        if actions.is_empty() {
            return Ok(Vec::new());
        }
        let disabled = if actions.contains(&Action::AccountEnabled) { None } else { was.or(disabled) };
        let operator = if actions.contains(&Action::OperatorAdded) { true } else { was_operator && operator };
        let set = sqlx::query("UPDATE users SET disabled_at = $2, operator = $3 WHERE id = $1").bind(id.to_owned());
        set.bind(disabled).bind(i64::from(operator)).execute(self.on()).await?;
        if disabled.is_some() {
            self.end_personal_tokens(&UserId::stored(id.to_owned())).await?;
        }
        let target = Target::new("user", id, id);
        Ok(actions
            .into_iter()
            .map(|action| NewEvent::of_system(action, target.clone()).with(commit.details()))
            .collect())
    }

    /// Gives a person the roles that they had in an organization, but for those that groups gave, and no others. Of two people who were made and unmade owner the
    /// later entry comes last, so somebody stays the owner.
    async fn roles_again(
        &mut self,
        person: &str,
        org: &str,
        (roles, synced): (&[HeldRole], &[HeldRole]),
        commit: Commit,
    ) -> Result<Vec<NewEvent>> {
        self.lock_chain(org).await?;
        let known = "SELECT (SELECT COUNT(*) FROM orgs WHERE id = $1) AS orgs, (SELECT COUNT(*) FROM users WHERE id = $2) AS people";
        let known = sqlx::query(known).bind(org.to_owned()).bind(person.to_owned()).fetch_one(self.on()).await?;
        if known.int("orgs")? == 0 || known.int("people")? == 0 {
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
            let sql = "DELETE FROM grants WHERE org_id = $1 AND subject = $2 AND place_id = $3 AND role = $4";
            let query = sqlx::query(sql).bind(org.to_owned()).bind(person.to_owned());
            gone += query.bind(place.clone()).bind(role.clone()).execute(self.on()).await?.rows_affected();
        }
        for (kind, place, role) in roles.iter().filter(|role| !had.contains(role) && !synced.contains(role)) {
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
        let action = if roles.is_empty() { Action::MemberRemoved } else { Action::MemberRoleChanged };
        let event = NewEvent::of(&OrgId::stored(org.to_owned()), action, Target::new("user", person, person));
        Ok(vec![event.with(commit.details())])
    }
}
