//! Keys as lists show them.

use sqlx::any::AnyRow;

use crate::{
    Result, Timestamp,
    id::{KeyId, UserId},
    key::{ListedKey, Status},
    profile::{Mode, Owner},
    store::{key_secrets::shown_column, key_status, keys::scopes, row::Read},
};

/// What a row's flags are made of, in one column: the driver takes its time for each.
const REVOKED: i64 = 1;
const PAUSED: i64 = 2;
const SUSPENDED: i64 = 4;

/// The columns of a [`ListedKey`], of `keys k` of the organization whose id is `org` in SQL.
pub(super) fn columns(org: &str) -> String {
    format!(
        "k.id, k.owner, k.owner_id, CASE k.owner WHEN 'app' THEN (SELECT a.name FROM apps a WHERE a.id = k.app_id) \
         WHEN 'member' THEN (SELECT u.name FROM users u WHERE u.id = k.owner_id) END AS owner_name, \
         k.label, k.environment, k.mode, {}, k.scopes, k.created_at, k.expires_at, \
         (SELECT v.last_at FROM key_uses v WHERE v.key_id = k.id) AS last_used_at, \
         CAST(CASE WHEN k.revoked_at IS NULL THEN 0 ELSE {REVOKED} END \
         + CASE WHEN k.paused_at IS NULL THEN 0 ELSE {PAUSED} END + CASE WHEN {} THEN {SUSPENDED} ELSE 0 END AS BIGINT) \
         AS flags",
        shown_column!(),
        key_status::suspended(org)
    )
}

pub(super) fn listed(row: &AnyRow, now: Timestamp) -> Result<ListedKey> {
    let expires_at = row.time_opt("expires_at")?;
    let flags = row.int("flags")?;
    let is = |flag: i64| flags & flag != 0;
    let expired = expires_at.is_some_and(|at| at <= now);
    Ok(ListedKey {
        id: KeyId::stored(row.text("id")?),
        owner: row.word("owner", Owner::parse)?,
        owner_id: row.text_opt("owner_id")?.map(UserId::stored),
        owner_name: row.text_opt("owner_name")?.unwrap_or_default(),
        label: row.text("label")?,
        environment: row.text("environment")?,
        mode: row.word("mode", Mode::parse)?,
        shown: row.text("shown")?,
        scopes: scopes(&row.text("scopes")?),
        created_at: row.time("created_at")?,
        expires_at,
        last_used_at: row.time_opt("last_used_at")?,
        status: Status::first_of(is(REVOKED), expired, is(SUSPENDED), is(PAUSED)),
        paused: is(PAUSED),
    })
}
