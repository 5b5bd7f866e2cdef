//! The rules with a deadline in SQL, for `keys k`: an organization's own, or else the profile's.

use sqlx::any::AnyRow;

use super::row::Read;
use crate::{Result, key_policy::Deadlines, profile::Profile};

/// Microseconds of a day.
pub(super) const DAY: i64 = 86_400_000_000;

/// Since when a key `k` has had its newest secret.
macro_rules! secret_since {
    () => {
        "COALESCE(k.rotated_at, k.created_at)"
    };
}
pub(super) use secret_since;

pub(super) const SECRET_SINCE: &str = secret_since!();

/// Since when a key `k` was not used, of which `u` is the row of `key_uses`, if any: its last use, its resumption or its
/// creation.
pub(super) const IDLE_SINCE: &str = "CASE WHEN COALESCE(u.last_at, 0) > COALESCE(k.resumed_at, k.created_at) \
    THEN u.last_at ELSE COALESCE(k.resumed_at, k.created_at) END";

/// After how many days a secret is due to be replaced in the organization whose id is `org` in SQL; 0 without a rule.
pub(super) fn rotate_every(org: &str, profile: &Profile) -> String {
    days("rotate_every_days", org, profile.key_policy.rotate_every_days)
}

/// After how many days without use a key is paused there; 0 without a rule.
pub(super) fn pause_unused(org: &str, profile: &Profile) -> String {
    days("pause_unused_days", org, profile.key_policy.pause_unused_days)
}

fn days(column: &str, org: &str, of_profile: Option<u32>) -> String {
    let default = of_profile.unwrap_or_default();
    format!(
        "CAST(COALESCE((SELECT COALESCE(kp.{column}, 0) FROM key_policies kp WHERE kp.org_id = {org}), {default}) AS BIGINT)"
    )
}

/// Reads the columns `rotate_every` and `pause_unused`.
pub(super) fn deadlines(row: &AnyRow) -> Result<Deadlines> {
    let days = |days: i64| u32::try_from(days).ok().filter(|days| *days > 0);
    let (rotate, pause) = (row.int("rotate_every")?, row.int("pause_unused")?);
    Ok(Deadlines { rotate_every_days: days(rotate), pause_unused_days: days(pause) })
}

/// The condition for keys whose secret is as old as the rule allows.
pub(super) fn rotation_due(rule: &str, now: &str) -> String {
    format!("{rule} > 0 AND {SECRET_SINCE} <= {now} - {rule} * {DAY}")
}

/// The condition for keys that were not used since the time `n` in SQL, and not resumed either.
pub(super) fn idle_since(n: &str) -> String {
    format!("{} AND COALESCE(k.resumed_at, 0) <= {n}", super::key_status::unused_since(n))
}

/// The condition for keys that are paused soon: of which people were told, or are.
pub(super) fn paused_soon(rule: &str, now: &str) -> String {
    let since = format!("({now} - {rule} * {DAY} + {})", lead(rule));
    format!("{rule} > 0 AND {}", idle_since(&since))
}

/// How many microseconds before a key is paused people are told, as [`Deadlines::lead`].
pub(super) fn lead(rule: &str) -> String {
    format!("(CASE WHEN {rule} >= 14 THEN 7 * {DAY} ELSE {rule} * {} END)", DAY / 2)
}

/// So long before people are told first, if the rule is long enough for that.
pub(super) fn told_ahead(rule: &str) -> String {
    format!("(CASE WHEN {rule} >= 28 THEN 14 * {DAY} ELSE {} END)", lead(rule))
}

/// When people were told first that a key will be paused at this deadline; NULL if they were not.
pub(super) fn first_told(key: &str, deadline: &str) -> String {
    format!(
        "(SELECT MIN(f.told_at) FROM key_notices f WHERE f.kind = 'pause' AND f.key_id = {key} AND f.deadline = {deadline})"
    )
}
