//! Organizations as operators see them, and their suspension.

use serde_json::json;
use sqlx::any::AnyRow;

use super::{
    super::{Store, WRITE_OF_MANY, detached_within, orgs::org, retried, row::Read},
    ConsolePage, ConsoleQuery,
    list::Listed,
};
use crate::{
    Result, Timestamp,
    audit::{Act, Action, NewEvent},
    journal::Entry,
    org::Org,
    place::Place,
    text,
};

/// An organization with its figures. Members and keys are counted up to one more than [`COUNTED`](super::COUNTED).
#[derive(Clone, Debug)]
pub struct ConsoleOrg {
    pub org: Org,
    pub members: i64,
    /// Keys that are not revoked.
    pub keys: i64,
    /// The time of its newest event.
    pub last_active_at: Option<Timestamp>,
}

const ORGS: Listed = Listed {
    columns: "x.*, \
        (SELECT COUNT(*) FROM (SELECT DISTINCT g.subject FROM grants g WHERE g.org_id = x.id \
        AND g.service_account IS NULL LIMIT 1001) AS some_members) \
            AS members, \
        (SELECT COUNT(*) FROM (SELECT 1 AS one FROM keys k WHERE k.org_id = x.id AND k.revoked_at IS NULL LIMIT 1001) \
            AS some_keys) AS keys, \
        (SELECT e.at FROM events e WHERE e.chain = x.id ORDER BY e.seq DESC LIMIT 1) AS last_active_at",
    from: "orgs x",
    matches: "(x.name_folded LIKE $1 ESCAPE '!' OR lower(x.id) LIKE $2 ESCAPE '!')",
    statuses: &[
        ("active", "x.suspended_at IS NULL AND x.archived_at IS NULL"),
        ("suspended", "x.suspended_at IS NOT NULL"),
        ("archived", "x.suspended_at IS NULL AND x.archived_at IS NOT NULL"),
    ],
};

fn listed(row: &AnyRow) -> Result<ConsoleOrg> {
    Ok(ConsoleOrg {
        org: org(row)?,
        members: row.int("members")?,
        keys: row.int("keys")?,
        last_active_at: row.time_opt("last_active_at")?,
    })
}

impl Store {
    /// Organizations, newest first.
    pub async fn console_orgs(&self, query: &ConsoleQuery) -> Result<ConsolePage<ConsoleOrg>> {
        self.console_page(&ORGS, query, listed).await
    }

    /// Suspends an organization: every request with a key of it is refused when this returns. Repeating it changes
    /// nothing.
    pub async fn suspend_org(&self, act: &Act, org: &Org, reason: &str) -> Result<()> {
        let reason = text::line("reason", reason, 200, "Say why. Its members see it on every page.")?;
        self.set_suspended(act, org, Some(reason)).await
    }

    /// Opens a suspended organization again.
    pub async fn open_org(&self, act: &Act, org: &Org) -> Result<()> {
        self.set_suspended(act, org, None).await
    }

    async fn set_suspended(&self, act: &Act, org: &Org, reason: Option<String>) -> Result<()> {
        let (store, act, place) = (self.clone(), act.clone(), Place::from(org));
        let work = move || set_suspended(store.clone(), act.clone(), place.clone(), reason.clone());
        detached_within(WRITE_OF_MANY, retried(work)).await
    }
}

async fn set_suspended(store: Store, act: Act, place: Place, reason: Option<String>) -> Result<()> {
    let mut tx = store.begin_many(&act).await?;
    tx.needs_operator().await?;
    // A key that is being issued is invalidated below, or read as suspended.
    tx.hold_place(&place).await?;
    let unless = if reason.is_some() { "suspended_at IS NULL" } else { "suspended_at IS NOT NULL" };
    let at = reason.as_ref().map(|_| store.now().micros());
    let sql = format!("UPDATE orgs SET suspended_at = $1, suspend_reason = $2 WHERE id = $3 AND {unless} RETURNING id");
    let changed = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(at).bind(reason.clone()).bind(place.id.clone());
    if changed.fetch_optional(tx.on()).await?.is_none() {
        if reason.is_some() {
            tx.unchanged().await?;
        }
        return Ok(());
    }
    tx.touches_keys_of(&place).await?;
    tx.notes(Entry::Suspended { org: place.id.clone(), at });
    let event = match reason {
        Some(reason) => {
            let details = json!({ "reason": reason });
            NewEvent::of(&place.org_id, Action::OrgSuspended, place.target()).with(details)
        }
        None => NewEvent::of(&place.org_id, Action::OrgOpened, place.target()),
    };
    tx.record(event).await?;
    tx.commit().await
}
