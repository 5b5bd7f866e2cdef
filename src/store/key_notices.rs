//! Notices about keys that expire, are due to be rotated or are going to be paused: found by a job, each told once.
//!
//! What was told is written with the mails. A mail says who gets it and when it was told; its content is read when it is
//! sent, so that nobody is told of what is no longer so.

mod letter;
mod people;

use std::collections::BTreeSet;

use sqlx::any::AnyRow;

use self::people::People;
use super::{
    Store, detached,
    key_deadlines::{self, DAY, IDLE_SINCE, SECRET_SINCE},
    key_status::suspended_column,
    old_rows::Old,
    row::Read,
    rows::{Cell, MOST_ROWS},
    tx::Tx,
};
use crate::{
    Result, Timestamp,
    audit::{Act, Actor},
    id::{AppId, KeyId, OrgId, UserId},
    key_notice::KeyNoticeKind,
    mail::Mail,
    profile::{HolderKind, Mode},
};

/// So many days before a deadline people are told, and how far the next notice is from it.
const DAYS: [(i64, i64); 3] = [(1, 0), (3, 1), (14, 3)];

/// The maximum number of notices of one run, which is one transaction.
pub const NOTICES_AT_ONCE: usize = 2_000;

/// How long it is remembered what was told: longer than any deadline is ahead.
const KEPT: std::time::Duration = std::time::Duration::from_secs(60 * 86_400);

/// A notice that is due, with what decides who gets it.
#[derive(Clone, Debug)]
pub(super) struct DueNotice {
    kind: KeyNoticeKind,
    deadline: Timestamp,
    days: i64,
    key: NoticedKey,
}

/// What decides who may act on a key.
#[derive(Clone, Debug)]
pub(super) struct NoticedKey {
    id: KeyId,
    org: OrgId,
    app: Option<AppId>,
    owner_id: Option<UserId>,
    created_by: Option<UserId>,
    manages: bool,
}

/// The columns of `keys k` that decide who may act on it.
const KEY: &str = "k.id, k.org_id, k.app_id, k.owner, k.owner_id, k.created_by, k.mode, k.scopes";

impl Store {
    /// Tells people what is due, up to [`NOTICES_AT_ONCE`] notices: each gets one mail about all of them. Returns how many
    /// there were.
    pub async fn tell_of_deadlines(&self) -> Result<usize> {
        self.forget_outdated_pauses().await?;
        let due = self.due_notices().await?;
        if due.is_empty() {
            return Ok(0);
        }
        // Before the transaction: whoever may no longer act on a key by the time the mail is sent is not told of it.
        let people = self.people_of(due.iter().map(|notice| &notice.key)).await?;
        let (store, found) = (self.clone(), due.len());
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            tx.tell(&due, &people).await?;
            tx.commit_counts().await
        })
        .await?;
        Ok(found)
    }

    /// Forgets notices of pauses that are not ahead any more: the rule is another, or the key was used, suspended or ended. If
    /// one comes back, people are told again, and have as much time as the first time.
    async fn forget_outdated_pauses(&self) -> Result<()> {
        let days = key_deadlines::pause_unused("o.id", self.profile());
        let sql = format!(
            "DELETE FROM key_notices WHERE kind = 'pause' AND NOT EXISTS (SELECT 1 FROM (\
                SELECT k.id, {IDLE_SINCE} + r.days * {DAY} AS deadline, {suspended} FROM keys k \
                JOIN (SELECT o.id AS org_id, {days} AS days FROM orgs o) r ON r.org_id = k.org_id \
                LEFT JOIN key_uses u ON u.key_id = k.id \
                WHERE r.days > 0 AND k.revoked_at IS NULL AND k.paused_at IS NULL \
                AND (k.expires_at IS NULL OR k.expires_at > $1)) q \
             WHERE q.id = key_notices.key_id AND q.deadline = key_notices.deadline AND q.suspended = 0)",
            suspended = suspended_column!(),
        );
        let store = self.clone();
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tx.now().micros()).execute(tx.on()).await?;
            tx.commit_counts().await
        })
        .await
    }

    /// Forgets what was told long ago.
    pub async fn delete_old_notices(&self) -> Result<u64> {
        let old = Old { table: "key_notices", key: "key_id, kind, deadline, days", when: "told_at < $1" };
        self.delete_old(old, (self.now() - KEPT).micros()).await
    }

    async fn due_notices(&self) -> Result<Vec<DueNotice>> {
        let mut found = Vec::new();
        for kind in [KeyNoticeKind::Expiry, KeyNoticeKind::Rotation] {
            for (days, from) in DAYS {
                self.find_notices(&mut found, kind, days, from).await?;
            }
        }
        self.find_notices(&mut found, KeyNoticeKind::Pause, 0, 0).await?;
        Ok(found)
    }

    /// Adds those of one kind that are due, as far as there is room.
    async fn find_notices(&self, found: &mut Vec<DueNotice>, kind: KeyNoticeKind, days: i64, from: i64) -> Result<()> {
        let room = NOTICES_AT_ONCE - found.len();
        let sql = self.due_sql(kind, days, from, room);
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(self.now().micros()).fetch_all(self.read()).await?;
        for row in &rows {
            found.push(DueNotice { kind, deadline: row.time("deadline")?, days, key: self.noticed_key(row)? });
        }
        Ok(())
    }

    /// The keys in use whose deadline of this kind is at most `days` and more than `from` days ahead of `$1`, and of which
    /// nobody was told. A key that was made later than the notice is due has no such notice.
    fn due_sql(&self, kind: KeyNoticeKind, days: i64, from: i64, room: usize) -> String {
        let (deadline, from_where, due) = match kind {
            KeyNoticeKind::Expiry | KeyNoticeKind::CutOff => (
                "k.expires_at".to_owned(),
                "keys k WHERE".to_owned(),
                format!(
                    "k.expires_at IS NOT NULL AND k.expires_at > $1 + {} AND k.expires_at <= $1 + {} \
                     AND k.created_at < k.expires_at - {}",
                    from * DAY,
                    days * DAY,
                    days * DAY,
                ),
            ),
            KeyNoticeKind::Rotation => (
                format!("{SECRET_SINCE} + r.days * {DAY}"),
                ruled(&key_deadlines::rotate_every("o.id", self.profile())),
                format!(
                    "r.days > {days} AND {SECRET_SINCE} > $1 + {} - r.days * {DAY} \
                     AND {SECRET_SINCE} <= $1 + {} - r.days * {DAY}",
                    from * DAY,
                    days * DAY,
                ),
            ),
            KeyNoticeKind::Pause => (
                format!("{IDLE_SINCE} + r.days * {DAY}"),
                ruled(&key_deadlines::pause_unused("o.id", self.profile())),
                key_deadlines::paused_soon("r.days", "$1"),
            ),
        };
        format!(
            "SELECT * FROM (SELECT {KEY}, {deadline} AS deadline, {suspended} FROM {from_where} \
             k.revoked_at IS NULL AND k.paused_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $1) AND {due}) q \
             WHERE q.suspended = 0 AND NOT EXISTS (SELECT 1 FROM key_notices n WHERE n.key_id = q.id AND n.kind = '{kind}' \
             AND n.deadline = q.deadline AND n.days = {days}) ORDER BY q.deadline, q.id LIMIT {room}",
            suspended = suspended_column!(),
            kind = kind.as_str(),
        )
    }

    pub(super) fn noticed_key(&self, row: &AnyRow) -> Result<NoticedKey> {
        let (owner, mode) = (row.word("owner", HolderKind::parse)?, row.word("mode", Mode::parse)?);
        Ok(NoticedKey {
            id: KeyId::stored(row.text("id")?),
            org: OrgId::stored(row.text("org_id")?),
            app: row.text_opt("app_id")?.map(AppId::stored),
            owner_id: row.text_opt("owner_id")?.map(UserId::stored),
            created_by: row.text_opt("created_by")?.map(UserId::stored),
            manages: self.profile().manages(owner, mode, row.text("scopes")?.split_whitespace()),
        })
    }
}

/// The keys of organizations with a rule, each with its days and when it was used last. Begun with the rules, so that keys of
/// organizations without one are not read.
fn ruled(days: &str) -> String {
    format!(
        "(SELECT x.org_id, x.days FROM (SELECT o.id AS org_id, {days} AS days FROM orgs o) x WHERE x.days > 0) r \
         CROSS JOIN keys k LEFT JOIN key_uses u ON u.key_id = k.id WHERE k.org_id = r.org_id AND"
    )
}

impl Tx {
    /// Notes what is told now and was not told before, and queues a mail for each person. Returns how many were new.
    pub(super) async fn tell(&mut self, due: &[DueNotice], people: &People) -> Result<usize> {
        let (store, now) = (self.store().clone(), self.now());
        let mut to: BTreeSet<&UserId> = BTreeSet::new();
        let mut told = 0;
        for some in due.chunks(MOST_ROWS) {
            let row = |notice: &DueNotice| -> [Cell; 5] {
                [
                    notice.key.id.to_string().into(),
                    notice.kind.as_str().to_owned().into(),
                    notice.deadline.micros().into(),
                    notice.days.into(),
                    now.micros().into(),
                ]
            };
            let statement = "INSERT INTO key_notices (key_id, kind, deadline, days, told_at) \
                SELECT v.key_id, v.kind, v.deadline, v.days, v.told_at FROM v JOIN keys k ON k.id = v.key_id WHERE v.n > 0 \
                ON CONFLICT DO NOTHING RETURNING key_id";
            let columns = ["key_id", "kind", "deadline", "days", "told_at"];
            let rows = store.with_rows(columns, some.iter().map(row).collect(), statement);
            for row in rows.fetch_all(self.on()).await? {
                told += 1;
                to.extend(people.of(&row.text("key_id")?));
            }
        }
        for person in to {
            self.enqueue_mail(&Mail::KeysDue { user_id: person.clone(), told_at: now.micros() }).await?;
        }
        Ok(told)
    }
}
