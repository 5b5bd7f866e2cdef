//! The status of a key in SQL, for `keys k`: the same definition as [`Status::first_of`] in Rust.

use crate::key::Status;

/// The organizations that are archived, or suspended by an operator.
macro_rules! suspended_orgs {
    () => {
        "SELECT so.id FROM orgs so WHERE COALESCE(so.archived_at, so.suspended_at) IS NOT NULL AND so."
    };
}

/// The apps that are archived, or below something archived.
macro_rules! archived_apps {
    () => {
        "SELECT sa.id FROM apps sa JOIN projects sp ON sp.id = sa.project_id JOIN tenants st ON st.id = sa.tenant_id \
         WHERE COALESCE(sa.archived_at, sp.archived_at, st.archived_at) IS NOT NULL AND sa."
    };
}

/// The members who may use their organization.
macro_rules! members_in_use {
    () => {
        "SELECT sg.subject FROM grants sg JOIN users su ON su.id = sg.subject WHERE su.disabled_at IS NULL AND sg."
    };
}

/// The column `suspended`: whether a key's holder is archived, suspended, disabled or gone. Each subquery finds one row by
/// primary key.
macro_rules! suspended_column {
    () => {
        concat!(
            "CAST(CASE WHEN EXISTS (",
            $crate::store::key_status::suspended_orgs!(),
            "id = k.org_id) OR (k.app_id IS NOT NULL AND EXISTS (",
            $crate::store::key_status::archived_apps!(),
            "id = k.app_id)) OR (k.owner_id IS NOT NULL AND NOT EXISTS (",
            $crate::store::key_status::members_in_use!(),
            "org_id = k.org_id AND sg.subject = k.owner_id)) THEN 1 ELSE 0 END AS BIGINT) AS suspended"
        )
    };
}

pub(super) use {archived_apps, members_in_use, suspended_column, suspended_orgs};

/// The same as a condition on many keys of one organization: the subqueries do not depend on the key, so they run
/// once. `org` is the organization's id in SQL.
pub(super) fn suspended(org: &str) -> String {
    format!(
        "(EXISTS ({}id = {org}) OR (k.app_id IS NOT NULL AND k.app_id IN ({}org_id = {org})) \
         OR (k.owner_id IS NOT NULL AND k.owner_id NOT IN ({}org_id = {org})))",
        suspended_orgs!(),
        archived_apps!(),
        members_in_use!(),
    )
}

/// The same for the keys of one of its apps: all of them or none, so it is evaluated once.
pub(super) fn suspended_with_app(org: &str, app: &str) -> String {
    format!("(EXISTS ({}id = {org}) OR EXISTS ({}id = {app}))", suspended_orgs!(), archived_apps!())
}

/// The condition for keys that are neither revoked nor expired.
pub(super) fn lasts(now: &str) -> String {
    format!("k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > {now})")
}

/// The condition for keys that are old enough and were not used from the time `n` in SQL on.
pub(super) fn unused_since(n: &str) -> String {
    // What was used last before that day was made before it too: an index finds the keys that are old enough.
    format!("k.created_at <= {n} AND NOT EXISTS (SELECT 1 FROM key_uses u WHERE u.key_id = k.id AND u.last_at > {n})")
}

/// The condition for keys of an organization with exactly that status. `org` and `now` are its id and the time in
/// SQL. It begins like the conditions of the partial indexes.
pub(super) fn is(status: Status, org: &str, now: &str) -> String {
    let lasts = lasts(now);
    match status {
        Status::Revoked => "k.revoked_at IS NOT NULL".to_owned(),
        Status::Expired => format!("k.revoked_at IS NULL AND k.expires_at <= {now}"),
        Status::Suspended => format!("{lasts} AND {}", suspended(org)),
        Status::Paused => format!("{lasts} AND k.paused_at IS NOT NULL AND NOT {}", suspended(org)),
        Status::Active => format!("{} AND NOT {}", usable(org, now), rotating(now)),
        Status::Rotating => format!("{} AND {}", usable(org, now), rotating(now)),
    }
}

/// The condition for keys of an organization that requests may use: active, or being rotated.
pub(super) fn usable(org: &str, now: &str) -> String {
    format!("{} AND k.paused_at IS NULL AND NOT {}", lasts(now), suspended(org))
}

/// The condition for keys whose previous secret is still accepted.
fn rotating(now: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM key_secrets s WHERE s.key_id = k.id AND s.ended_at IS NULL AND s.retires_at > {now})"
    )
}
