//! Requests that wait for an approval: made and read here, decided in `decisions.rs`, claimed in `claims.rs`.

mod claims;
mod decisions;
mod leaving;
mod lists;
mod mails;

pub use claims::Claimed;
pub use lists::ApprovalFilter;
pub(super) use lists::holds;

use std::time::Duration;

use serde_json::json;
use sqlx::any::AnyRow;

use super::{Store, old_rows::Old, row::Read, sight::granted, tx::Tx};
use crate::{
    Error, Result, Timestamp,
    approval::{Approval, Asker, DECIDED_WITHIN, Decision, MOST_IN_A_DAY, MOST_OPEN, Wish, WishedChange, WishedKey},
    audit::{Action, Actor, NewEvent, Target},
    id::{AppId, ApprovalId, KeyId, OrgId, UserId},
    key::{Holder, Key, KeySettings, NewKey},
    member::Permission,
};

/// How long one is kept after its end.
const KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// The most requests of an organization that wait at once.
const MOST_OPEN_OF_ORG: i64 = 500;

/// The most of one person, or token, among them: nobody takes the places of all.
const MOST_OPEN_OF_ONE: i64 = 60;

/// With the names of people, tokens and keys as they are now.
const SELECT: &str = "SELECT a.*, COALESCE((SELECT p.name FROM apps p WHERE p.id = a.app_id), \
    (SELECT u.name FROM users u WHERE u.id = a.owner_id), o.name) AS owner_name, \
    COALESCE((SELECT u.name FROM users u WHERE u.id = a.asked_by), \
    (SELECT t.name FROM root_tokens t WHERE t.id = a.asked_by), \
    (SELECT k.label FROM keys k WHERE k.id = a.asked_by), '') AS asked_by_name, \
    COALESCE((SELECT u.name FROM users u WHERE u.id = a.decided_by), \
    (SELECT t.name FROM root_tokens t WHERE t.id = a.decided_by), '') AS decided_by_name \
    FROM approvals a JOIN orgs o ON o.id = a.org_id";

fn read(row: &AnyRow) -> Result<Approval> {
    let decision = match row.time_opt("decided_at")? {
        None => None,
        Some(at) => Some(Decision {
            approved: row.flag("approved")?,
            at,
            by: Asker { kind: row.text("decided_by_kind")?, id: row.text("decided_by")? },
            by_name: row.text("decided_by_name")?,
            reason: row.text("reason")?,
        }),
    };
    let wish = serde_json::from_str(&row.text("asked")?);
    Ok(Approval {
        id: ApprovalId::stored(row.text("id")?),
        org_id: OrgId::stored(row.text("org_id")?),
        app_id: row.text_opt("app_id")?.map(AppId::stored),
        owner_name: row.text("owner_name")?,
        owner_id: row.text_opt("owner_id")?.map(UserId::stored),
        key_id: row.text_opt("key_id")?.map(KeyId::stored),
        label: row.text("label")?,
        environment: row.text("environment")?,
        wish: wish.map_err(|error| Error::Unavailable(format!("a request can't be read: {error}")))?,
        asked_by: Asker { kind: row.text("asked_by_kind")?, id: row.text("asked_by")? },
        asked_by_name: row.text("asked_by_name")?,
        person_id: row.text_opt("person_id")?,
        asked_at: row.time("asked_at")?,
        expires_at: row.time("expires_at")?,
        decision,
        withdrawn_at: row.time_opt("withdrawn_at")?,
        claimed_at: row.time_opt("claimed_at")?,
    })
}

/// As it is stored.
fn asked(wish: &Wish) -> String {
    serde_json::to_string(wish).expect("texts and numbers are JSON")
}

fn target(approval: &Approval) -> Target {
    let target = Target::new("approval", &approval.id, &approval.label);
    match &approval.app_id {
        Some(app) => target.of_app(app),
        None => target,
    }
}

/// What an event tells of a request.
fn told(approval: &Approval) -> serde_json::Value {
    let mut details =
        json!({ "kind": approval.wish.kind(), "environment": approval.environment, "asked": approval.wish.asked() });
    if let Some(key) = &approval.key_id {
        details["key"] = key.as_str().into();
    }
    details
}

impl Store {
    /// A request. Whether the reader may see it is checked by the caller.
    pub async fn approval(&self, id: &ApprovalId) -> Result<Option<Approval>> {
        let sql = format!("{SELECT} WHERE a.id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.to_string()).fetch_optional(self.read()).await?;
        row.as_ref().map(read).transpose()
    }

    /// Deletes requests that ended long ago. Returns how many.
    pub async fn delete_approvals(&self) -> Result<u64> {
        let old = Old { table: "approvals", key: "id", when: "expires_at < $1" };
        self.delete_old(old, (self.now() - KEPT).micros()).await
    }
}

impl Tx {
    /// Asks for a key instead of making it, and commits. A form that was sent before asks for nothing more.
    pub(super) async fn ask_for_key(
        mut self,
        holder: &Holder,
        new: &NewKey,
        form: Option<Vec<u8>>,
    ) -> Result<ApprovalId> {
        if let Some(form) = &form {
            let before = sqlx::query("SELECT id FROM approvals WHERE form_token = $1").bind(form.clone());
            if let Some(row) = before.fetch_optional(self.on()).await? {
                self.commit_counts().await?;
                return Ok(ApprovalId::stored(row.text("id")?));
            }
        }
        let wish = Wish::Key(WishedKey::from(new));
        let approval = self.approval_of(holder.org_id(), new.label.clone(), new.environment.name.clone(), wish).await?;
        let approval = Approval {
            app_id: holder.app().map(|app| app.id.clone()),
            owner_id: holder.person().map(|person| person.id.clone()),
            ..approval
        };
        self.ask(approval, form).await
    }

    /// The same for a change of a locked key.
    pub(super) async fn ask_for_change(
        mut self,
        key: &Key,
        before: &KeySettings,
        after: &KeySettings,
    ) -> Result<ApprovalId> {
        let wish = Wish::Change(WishedChange::of(before, after)?);
        let approval = self.approval_of(&key.org_id, key.label.clone(), key.environment.clone(), wish).await?;
        let approval = Approval {
            app_id: key.app_id.clone(),
            owner_id: key.owner_id.clone(),
            key_id: Some(key.id.clone()),
            ..approval
        };
        // The same change is not asked for twice: clients send one again if they got no answer.
        let sql = format!(
            "SELECT a.id FROM approvals a WHERE a.key_id = $1 AND a.asked_by_kind = $2 AND a.asked_by = $3 AND a.asked = $4 \
             AND {}",
            is_open("a", "$5")
        );
        let before =
            sqlx::query(sqlx::AssertSqlSafe(sql)).bind(key.id.to_string()).bind(approval.asked_by.kind.clone());
        let before = before.bind(approval.asked_by.id.clone()).bind(asked(&approval.wish)).bind(self.now().micros());
        if let Some(row) = before.fetch_optional(self.on()).await? {
            self.commit_counts().await?;
            return Ok(ApprovalId::stored(row.text("id")?));
        }
        self.ask(approval, None).await
    }

    async fn approval_of(&mut self, org: &OrgId, label: String, environment: String, wish: Wish) -> Result<Approval> {
        let actor = self.actor().clone();
        let now = self.now();
        Ok(Approval {
            id: ApprovalId::mint(self.store().entropy()),
            org_id: org.clone(),
            app_id: None,
            owner_name: String::new(),
            owner_id: None,
            key_id: None,
            label,
            environment,
            wish,
            asked_by: Asker { kind: actor.kind().to_owned(), id: actor.id().to_owned() },
            asked_by_name: actor.name().to_owned(),
            person_id: self.person_behind(&actor).await?,
            asked_at: now,
            expires_at: now + DECIDED_WITHIN,
            decision: None,
            withdrawn_at: None,
            claimed_at: None,
        })
    }

    async fn ask(mut self, approval: Approval, form: Option<Vec<u8>>) -> Result<ApprovalId> {
        self.makes(approval.id.as_str()).await?;
        self.may_ask_here(&approval).await?;
        self.may_ask(&approval).await?;
        let wish = asked(&approval.wish);
        sqlx::query(
            "INSERT INTO approvals (id, org_id, app_id, owner_id, key_id, label, environment, asked, form_token, \
             asked_by_kind, asked_by, person_id, asked_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        )
        .bind(approval.id.to_string())
        .bind(approval.org_id.to_string())
        .bind(approval.app_id.as_ref().map(ToString::to_string))
        .bind(approval.owner_id.as_ref().map(ToString::to_string))
        .bind(approval.key_id.as_ref().map(ToString::to_string))
        .bind(approval.label.clone())
        .bind(approval.environment.clone())
        .bind(wish)
        .bind(form)
        .bind(approval.asked_by.kind.clone())
        .bind(approval.asked_by.id.clone())
        .bind(approval.person_id.clone())
        .bind(approval.asked_at.micros())
        .bind(approval.expires_at.micros())
        .execute(self.on())
        .await?;
        let event = NewEvent::of(&approval.org_id, Action::ApprovalRequested, target(&approval)).with(told(&approval));
        let seq = self.record_numbered(event).await?;
        self.tell_approvers(&approval, seq).await?;
        self.commit().await?;
        Ok(approval.id)
    }

    /// Fails if too many wait already of the app, the person or the organization, which is locked.
    async fn may_ask(&mut self, approval: &Approval) -> Result<()> {
        let sql = format!(
            "SELECT COUNT(CASE WHEN a.asked_at > $5 THEN 1 END) AS lately, COUNT(CASE WHEN {} THEN 1 END) AS n \
             FROM approvals a WHERE a.org_id = $1 AND COALESCE(a.app_id, '') = $2 AND COALESCE(a.owner_id, '') = $3 \
             AND a.expires_at > $5",
            is_open("a", "$4")
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(approval.org_id.to_string());
        let query = query.bind(approval.app_id.as_ref().map(ToString::to_string).unwrap_or_default());
        let query = query.bind(approval.owner_id.as_ref().map(ToString::to_string).unwrap_or_default());
        let yesterday = approval.asked_at - Duration::from_secs(24 * 60 * 60);
        let query = query.bind(approval.asked_at.micros()).bind(yesterday.micros());
        let row = query.fetch_one(self.on()).await?;
        let message = if row.int("n")? >= MOST_OPEN {
            format!("{MOST_OPEN} requests wait already. Withdraw or claim one, or wait for a decision.")
        } else if row.int("lately")? >= MOST_IN_A_DAY {
            format!("{MOST_IN_A_DAY} requests were made since yesterday. Ask again later.")
        } else {
            return Ok(());
        };
        Err(Error::Conflict { code: "too_many_requests_wait", message })
    }

    /// Fails for keys and service accounts, of which nobody knows who holds their secrets: whoever does could approve their own
    /// request. And if too many requests of the organization wait: each app has a limit of its own.
    async fn may_ask_here(&mut self, approval: &Approval) -> Result<()> {
        if matches!(self.actor(), Actor::Key { .. } | Actor::ServiceAccount { .. }) {
            let message = if self.actor().is_service_account() {
                "This needs the approval of another person: a service account can't ask for it. A person or a root token can."
            } else {
                "This needs the approval of another person: a key can't ask for it. A person or a root token can."
            };
            return Err(conflict("approval_needs_a_person", message));
        }
        let sql = format!(
            "SELECT COUNT(*) AS n, COUNT(CASE WHEN a.asked_by = $3 THEN 1 END) AS own FROM approvals a \
             WHERE a.org_id = $1 AND {}",
            is_open("a", "$2")
        );
        let open = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(approval.org_id.to_string());
        let open = open.bind(approval.asked_at.micros()).bind(approval.asked_by.id.clone());
        let open = open.fetch_one(self.on()).await?;
        let message = if open.int("own")? >= MOST_OPEN_OF_ONE {
            format!("{MOST_OPEN_OF_ONE} of your requests wait. Withdraw or claim some, or wait for decisions.")
        } else if open.int("n")? >= MOST_OPEN_OF_ORG {
            format!("{MOST_OPEN_OF_ORG} requests of this organization wait. Decide, claim or withdraw some.")
        } else {
            return Ok(());
        };
        Err(conflict("too_many_requests_wait", message))
    }

    /// The person behind an actor: themselves, or who made the key.
    async fn person_behind(&mut self, actor: &Actor) -> Result<Option<String>> {
        match actor {
            Actor::User { id, .. } => Ok(Some(id.to_string())),
            Actor::Key { id, .. } => {
                let row = sqlx::query("SELECT created_by FROM keys WHERE id = $1").bind(id.to_string());
                let row = row.fetch_optional(self.on()).await?;
                Ok(row.map(|row| row.text_opt("created_by")).transpose()?.flatten())
            }
            _ => Ok(None),
        }
    }
}

/// The condition on a request `w` that is open, and that a person sees: their own, or all of the organization for those who
/// decide. `org`, `person` and `now` are numbers of parameters; the app, if any, is `$1`.
pub(super) fn approvals_open(org: &str, of_app: bool, person: &str, now: &str) -> String {
    let place = if of_app { "w.app_id = $1" } else { "w.org_id = $1" };
    format!("{place} AND {} AND (w.asked_by = {person} OR {})", is_open("w", now), governs(org, person))
}

/// The condition on a request that somebody has yet to decide or to claim, as [`Approval::status`] has it.
pub(super) fn is_open(approval: &str, now: &str) -> String {
    format!(
        "{approval}.withdrawn_at IS NULL AND {approval}.claimed_at IS NULL AND COALESCE({approval}.approved, 1) = 1 \
         AND {approval}.expires_at > {now}"
    )
}

/// The condition that a person decides what is asked for in an organization.
fn governs(org: &str, person: &str) -> String {
    granted(org, org, person, Permission::GovernKeys)
}

/// The key is another than the one that was seen.
fn changed_since() -> Error {
    conflict("approval_outdated", "The key was changed since this was asked for. Withdraw it, and ask again.")
}

/// The error for a request that is not as far as an act needs it to be.
fn conflict(code: &'static str, message: impl Into<String>) -> Error {
    Error::Conflict { code, message: message.into() }
}

/// Why a request can't be decided or claimed any more, or not yet.
fn ended(approval: &Approval, now: Timestamp) -> Error {
    use crate::approval::ApprovalStatus as S;
    match approval.status(now) {
        S::Waiting => conflict("approval_waiting", "Nobody has approved this request yet."),
        S::Approved => conflict("approval_decided", "This request was approved already."),
        S::Refused => conflict("approval_refused", "This request was refused. Ask again, with what the reason says."),
        S::Withdrawn => conflict("approval_withdrawn", "This request was withdrawn. Ask again if it is still needed."),
        S::Claimed => conflict("approval_claimed", "This request was claimed already; its secrets were shown then."),
        S::Expired => conflict("approval_expired", "This request has expired. Ask again if it is still needed."),
    }
}
