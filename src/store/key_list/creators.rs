//! Those who created keys of a list that are not revoked, for the filter above it.

use super::listed::{SEPARATOR, lines};
use crate::{id::UserId, key::Creator};

/// How many are read.
const MOST: i64 = 100;

/// Their ids, as `made` of a query: from one to the next in `keys_by_creator` or `keys_of_app_by_creator`, however many keys
/// each has. `list` is the condition on a key `c`; `seen` says whether the reader sees all of these keys.
pub(super) fn made(list: &str, seen: &str) -> String {
    let next = format!("SELECT MIN(c.created_by) FROM keys c WHERE {list} AND c.revoked_at IS NULL");
    format!(
        "WITH RECURSIVE made (id, n) AS (SELECT ({next}), 1 WHERE {seen} UNION ALL \
         SELECT ({next} AND c.created_by > made.id), made.n + 1 FROM made WHERE made.id IS NOT NULL AND made.n < {MOST})"
    )
}

/// The column of those of the app `$1`, by name. `seen` is the condition on an app `a`.
pub(super) fn of_app(seen: &str) -> String {
    let made = made("c.app_id = $1", &format!("EXISTS (SELECT 1 FROM apps a WHERE a.id = $1 AND {seen})"));
    format!(
        "({made} SELECT string_agg(u.id || '\n' || u.name, '{SEPARATOR}' ORDER BY COALESCE(u.name_folded, u.name), u.id) \
         FROM made JOIN users u ON u.id = made.id)"
    )
}

/// Reads that column.
pub(super) fn read(text: &str) -> Vec<Creator> {
    let people = lines(text).filter_map(|line| line.split_once('\n'));
    people.map(|(id, name)| Creator { id: UserId::stored(id.to_owned()), name: name.to_owned() }).collect()
}
