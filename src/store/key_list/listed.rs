//! Keys as lists show them.

use sqlx::any::AnyRow;

use crate::{
    Result, Timestamp,
    id::{KeyId, UserId},
    key::{ListedKey, Status},
    profile::{HolderKind, Mode},
    store::{key_secrets::shown_column, key_status, keys::scopes, row::Read},
};

/// What a row's flags are made of, in one column: the driver takes its time for each.
const REVOKED: i64 = 1;
const PAUSED: i64 = 2;
const SUSPENDED: i64 = 4;
const LIVE: i64 = 8;

const OWNER: &str = "k.owner, k.owner_id, CASE k.owner WHEN 'app' THEN (SELECT a.name FROM apps a WHERE a.id = k.app_id) \
    WHEN 'member' THEN (SELECT u.name FROM users u WHERE u.id = k.owner_id) END AS owner_name, ";

/// The columns of a [`ListedKey`], of `keys k` of the organization whose id is `org` in SQL; in the list of an app, whose id
/// is `app`, all keys are the app's.
pub(super) fn columns(org: &str, app: Option<&str>) -> String {
    let (owner, suspended) = match app {
        Some(app) => ("", key_status::suspended_with_app(org, app)),
        None => (OWNER, key_status::suspended(org)),
    };
    format!(
        "{owner}k.id, k.label, k.environment, {}, k.scopes, k.created_at, k.expires_at, \
         (SELECT v.last_at FROM key_uses v WHERE v.key_id = k.id) AS last_used_at, \
         CAST(CASE WHEN k.revoked_at IS NULL THEN 0 ELSE {REVOKED} END \
         + CASE WHEN k.paused_at IS NULL THEN 0 ELSE {PAUSED} END + CASE WHEN {suspended} THEN {SUSPENDED} ELSE 0 END \
         + CASE k.mode WHEN 'live' THEN {LIVE} ELSE 0 END AS BIGINT) AS flags",
        shown_column!(),
    )
}

pub(super) fn listed(row: &AnyRow, of_app: bool, now: Timestamp) -> Result<ListedKey> {
    let (owner, owner_id, owner_name) = if of_app { (HolderKind::App, None, None) } else { owner(row)? };
    let expires_at = row.time_opt("expires_at")?;
    let flags = row.int("flags")?;
    let is = |flag: i64| flags & flag != 0;
    let expired = expires_at.is_some_and(|at| at <= now);
    Ok(ListedKey {
        id: KeyId::stored(row.text("id")?),
        owner,
        owner_id,
        owner_name: owner_name.unwrap_or_default(),
        label: row.text("label")?,
        environment: row.text("environment")?,
        mode: if is(LIVE) { Mode::Live } else { Mode::Test },
        shown: row.text("shown")?,
        scopes: scopes(&row.text("scopes")?),
        created_at: row.time("created_at")?,
        expires_at,
        last_used_at: row.time_opt("last_used_at")?,
        status: Status::first_of(is(REVOKED), expired, is(SUSPENDED), is(PAUSED)),
        paused: is(PAUSED),
    })
}

fn owner(row: &AnyRow) -> Result<(HolderKind, Option<UserId>, Option<String>)> {
    let id = row.text_opt("owner_id")?.map(UserId::stored);
    Ok((row.word("owner", HolderKind::parse)?, id, row.text_opt("owner_name")?))
}
