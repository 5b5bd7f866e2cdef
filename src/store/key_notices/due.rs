//! Which keys expire or are due to be rotated so soon that people are told.

use super::{DueNotice, KEY, NOTICES_AT_ONCE};
use crate::{
    Result,
    key_notice::KeyNoticeKind,
    store::{
        Store,
        key_deadlines::{self, DAY, SECRET_SINCE},
        key_status::suspended_column,
        row::Read,
    },
};

/// So many days before a deadline people are told, and how far the next notice is from it.
const DAYS: [(i64, i64); 3] = [(1, 0), (3, 1), (14, 3)];

/// What is looked for.
#[derive(Clone, Copy)]
enum Due {
    Expiry {
        days: i64,
        from: i64,
    },
    Rotation {
        days: i64,
        from: i64,
    },
    /// A rotation that was due before anybody was told: the rule is new, or no server ran.
    Overdue,
}

impl Due {
    const fn kind(self) -> KeyNoticeKind {
        match self {
            Self::Expiry { .. } => KeyNoticeKind::Expiry,
            Self::Rotation { .. } | Self::Overdue => KeyNoticeKind::Rotation,
        }
    }

    const fn days(self) -> i64 {
        match self {
            Self::Expiry { days, .. } | Self::Rotation { days, .. } => days,
            Self::Overdue => 0,
        }
    }
}

impl Store {
    pub(super) async fn due_notices(&self) -> Result<Vec<DueNotice>> {
        let before =
            DAYS.into_iter().flat_map(|(days, from)| [Due::Expiry { days, from }, Due::Rotation { days, from }]);
        let mut found = Vec::new();
        for due in before.chain([Due::Overdue]) {
            let room = NOTICES_AT_ONCE - found.len();
            if room == 0 {
                break;
            }
            let sql = self.due_sql(due, room);
            for row in sqlx::query(sqlx::AssertSqlSafe(sql)).bind(self.now().micros()).fetch_all(self.read()).await? {
                let (deadline, key) = (row.time("deadline")?, self.noticed_key(&row)?);
                found.push(DueNotice { kind: due.kind(), deadline, days: due.days(), key, announces: None });
            }
        }
        Ok(found)
    }

    /// The keys in use whose deadline is at most `days` and more than `from` days ahead of `$1`, and of which nobody was told.
    /// A key that was made later than the notice is due has no such notice. Sorted so that a run has all keys of a person.
    fn due_sql(&self, due: Due, room: usize) -> String {
        let rotation = format!("{SECRET_SINCE} + r.days * {DAY}");
        let (deadline, from_where, is_due) = match due {
            Due::Expiry { days, from } => (
                "k.expires_at",
                "keys k WHERE".to_owned(),
                format!(
                    "k.expires_at IS NOT NULL AND k.expires_at > $1 + {from} AND k.expires_at <= $1 + {days} \
                     AND k.created_at < k.expires_at - {days}",
                    from = from * DAY,
                    days = days * DAY,
                ),
            ),
            Due::Rotation { days, from } => (
                rotation.as_str(),
                self.ruled(),
                format!(
                    "r.days > {days} AND {SECRET_SINCE} > $1 + {} - r.days * {DAY} \
                     AND {SECRET_SINCE} <= $1 + {} - r.days * {DAY}",
                    from * DAY,
                    days * DAY,
                ),
            ),
            Due::Overdue => (rotation.as_str(), self.ruled(), format!("{SECRET_SINCE} <= $1 - r.days * {DAY}")),
        };
        let same = if due.days() > 0 { format!("AND n.days = {}", due.days()) } else { String::new() };
        format!(
            "SELECT * FROM (SELECT {KEY}, {deadline} AS deadline, {suspended} FROM {from_where} \
             k.trust_rule_id IS NULL AND k.revoked_at IS NULL AND k.paused_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $1) AND {is_due}) q \
             WHERE q.suspended = 0 AND NOT EXISTS (SELECT 1 FROM key_notices n WHERE n.key_id = q.id AND n.kind = '{kind}' \
             AND n.deadline = q.deadline {same}) ORDER BY q.org_id, q.deadline, q.id LIMIT {room}",
            suspended = suspended_column!(),
            kind = due.kind().as_str(),
        )
    }

    /// The keys of organizations with a rule about rotation, each with its days. Begun with the rules, so that keys of
    /// organizations without one are not read.
    fn ruled(&self) -> String {
        let days = key_deadlines::rotate_every("o.id", self.profile());
        format!(
            "(SELECT x.org_id, x.days FROM (SELECT o.id AS org_id, {days} AS days FROM orgs o) x WHERE x.days > 0) r \
             CROSS JOIN keys k WHERE k.org_id = r.org_id AND"
        )
    }
}
