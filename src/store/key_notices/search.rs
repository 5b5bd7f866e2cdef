//! Which keys are going to be paused because nobody uses them, so soon that people are told: 14, 7, 3 and 1 days before.
//!
//! Most keys are in use, and nothing tells the others apart but a look at each. So a run looks at a part of all keys, and the
//! next one goes on from there. Those of which people were told are looked at each time.

use sqlx::any::AnyRow;

use super::{Announced, DueNotice, KEY, NOTICES_AT_ONCE};
use crate::{
    Result,
    audit::{Act, Actor},
    key_notice::KeyNoticeKind,
    store::{
        Location, Store, detached,
        key_deadlines::{self, DAY, IDLE_SINCE},
        key_status::suspended_column,
        row::Read,
        rows::MOST_ROWS,
    },
};

/// The maximum number of keys that a run looks at.
pub const KEYS_AT_ONCE: usize = 50_000;

/// If no run was within this time, people are told again before a key is paused. No longer than the shortest time between a
/// notice and a pause, which is half a day.
const MISSED: i64 = DAY / 2;

/// A key, in the order of the search.
#[derive(Clone, Debug, Default)]
struct Place {
    org: String,
    created_at: i64,
    key: String,
}

impl Place {
    fn of(row: &AnyRow, key: &str) -> Result<Self> {
        Ok(Self { org: row.text("org_id")?, created_at: row.int("created_at")?, key: row.text(key)? })
    }
}

/// The keys of a part: after the first place, up to the last one.
struct Part {
    after: Place,
    to: Option<Place>,
}

impl Store {
    /// Tells people of keys that will be paused, up to `KEYS_AT_ONCE` that were not told of before. All uses have to be
    /// written already. Returns how many notices there were.
    pub async fn tell_of_pauses(&self) -> Result<usize> {
        self.tell_of_pauses_among(KEYS_AT_ONCE).await
    }

    /// The same with another number of keys.
    pub async fn tell_of_pauses_among(&self, keys: usize) -> Result<usize> {
        let after = self.begin_search().await?;
        self.forget_outdated_pauses().await?;
        let part = Part { to: self.end_of_part(&after, keys).await?, after };
        let mut told = 0;
        for part in [None, Some(&part)] {
            loop {
                match self.tell(self.due_pauses(part).await?).await? {
                    0 => break,
                    some => told += some,
                }
            }
        }
        self.end_search(part.to.unwrap_or_default()).await?;
        Ok(told)
    }

    /// Notes that a run begins. If there was none for long, nothing counts that was told before: keys could not be used
    /// meanwhile, or that they were is lost. Returns how far the last one came.
    async fn begin_search(&self) -> Result<Place> {
        let store = self.clone();
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            let row = sqlx::query("SELECT ran_at, org_id, created_at, key_id FROM idle_key_search").fetch_one(tx.on());
            let row = row.await?;
            let now = tx.now().micros();
            if row.int("ran_at")? < now - MISSED {
                sqlx::query("DELETE FROM key_notices WHERE kind = 'pause'").execute(tx.on()).await?;
            }
            sqlx::query("UPDATE idle_key_search SET ran_at = $1").bind(now).execute(tx.on()).await?;
            tx.commit_counts().await?;
            Place::of(&row, "key_id")
        })
        .await
    }

    async fn end_search(&self, Place { org, created_at, key }: Place) -> Result<()> {
        let store = self.clone();
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            let update = sqlx::query("UPDATE idle_key_search SET org_id = $1, created_at = $2, key_id = $3");
            update.bind(org).bind(created_at).bind(key).execute(tx.on()).await?;
            tx.commit_counts().await
        })
        .await
    }

    /// Forgets notices of pauses that are not ahead any more: the rule is another, or the key was used, suspended or ended. If
    /// one comes back, people are told again, and have as much time as the first time.
    async fn forget_outdated_pauses(&self) -> Result<()> {
        let sql = format!(
            "SELECT DISTINCT n.key_id, n.deadline FROM key_notices n WHERE n.kind = 'pause' AND NOT EXISTS (\
             SELECT 1 FROM (SELECT {IDLE_SINCE} + r.days * {DAY} AS deadline, {suspended} FROM keys k \
             JOIN {rules} r ON r.org_id = k.org_id LEFT JOIN key_uses u ON u.key_id = k.id \
             WHERE k.id = n.key_id AND r.days > 0 AND k.revoked_at IS NULL AND k.paused_at IS NULL \
             AND (k.expires_at IS NULL OR k.expires_at > $1)) q WHERE q.deadline = n.deadline AND q.suspended = 0) \
             LIMIT {MOST_ROWS}",
            suspended = suspended_column!(),
            rules = self.pause_rules(),
        );
        loop {
            let query = sqlx::query(sqlx::AssertSqlSafe(sql.clone())).bind(self.now().micros());
            let rows = query.fetch_all(self.read()).await?;
            if rows.is_empty() {
                return Ok(());
            }
            let cells = |row: &AnyRow| Ok([row.text("key_id")?.into(), row.int("deadline")?.into()]);
            let outdated = rows.iter().map(cells).collect::<Result<Vec<_>>>()?;
            let store = self.clone();
            detached(async move {
                let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
                let delete = "DELETE FROM key_notices WHERE kind = 'pause' \
                    AND (key_id, deadline) IN (SELECT v.key_id, v.deadline FROM v WHERE v.n > 0)";
                store.with_rows(["key_id", "deadline"], outdated, delete).execute(tx.on()).await?;
                tx.commit_counts().await
            })
            .await?;
        }
    }

    /// The last key of a part of so many; `None` if there are fewer.
    async fn end_of_part(&self, after: &Place, keys: usize) -> Result<Option<Place>> {
        let sql = format!(
            "SELECT k.org_id, k.created_at, k.id FROM keys k WHERE k.revoked_at IS NULL \
             AND (k.org_id, k.created_at, k.id) > ($1, $2, $3) ORDER BY k.org_id, k.created_at, k.id \
             LIMIT 1 OFFSET {}",
            keys.saturating_sub(1)
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(after.org.clone()).bind(after.created_at);
        let row = query.bind(after.key.clone()).fetch_optional(self.read()).await?;
        row.as_ref().map(|row| Place::of(row, "id")).transpose()
    }

    /// What is due of a part of the keys; without one, of those of which people were told.
    async fn due_pauses(&self, part: Option<&Part>) -> Result<Vec<DueNotice>> {
        let sql = self.pauses_sql(part);
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(self.now().micros());
        for place in part.into_iter().flat_map(|part| [Some(&part.after), part.to.as_ref()]).flatten() {
            query = query.bind(place.org.clone()).bind(place.created_at).bind(place.key.clone());
        }
        query.fetch_all(self.read()).await?.iter().map(|row| self.due_pause(row)).collect()
    }

    fn due_pause(&self, row: &AnyRow) -> Result<DueNotice> {
        let announced = Announced { at: row.time("at")?, unused_days: row.int("rule_days")? };
        Ok(DueNotice {
            kind: KeyNoticeKind::Pause,
            deadline: row.time("deadline")?,
            days: row.int("days")?,
            key: self.noticed_key(row)?,
            announces: row.int_opt("first_told")?.is_none().then_some(announced),
        })
    }

    /// The keys in use that are paused soon, seen from `$1`: at their deadline, and no sooner than a while after people were
    /// told first. Which notice that is, is its days. Those of which people were told that already are left out. It begins with
    /// the keys: with the organizations, it would read all of theirs for each part.
    fn pauses_sql(&self, part: Option<&Part>) -> String {
        let which = match part {
            None => "k.id IN (SELECT n.key_id FROM key_notices n WHERE n.kind = 'pause')",
            Some(Part { to: None, .. }) => "(k.org_id, k.created_at, k.id) > ($2, $3, $4)",
            Some(_) => {
                "(k.org_id, k.created_at, k.id) > ($2, $3, $4) AND (k.org_id, k.created_at, k.id) <= ($5, $6, $7)"
            }
        };
        let deadline = format!("{IDLE_SINCE} + r.days * {DAY}");
        format!(
            "SELECT * FROM (SELECT k.*, {suspended}, CAST(CASE WHEN k.at <= $1 + {DAY} THEN 1 \
             WHEN k.at <= $1 + 3 * {DAY} THEN 3 WHEN k.at <= $1 + 7 * {DAY} THEN 7 ELSE 14 END AS BIGINT) AS days \
             FROM (SELECT p.*, CASE WHEN p.deadline > COALESCE(p.first_told, $1) + p.lead THEN p.deadline \
             ELSE COALESCE(p.first_told, $1) + p.lead END AS at \
             FROM (SELECT {KEY}, r.days AS rule_days, {deadline} AS deadline, {lead} AS lead, {first_told} AS first_told \
             FROM keys k {index} CROSS JOIN {rules} r LEFT JOIN key_uses u ON u.key_id = k.id \
             WHERE {which} AND r.org_id = k.org_id AND r.days > 0 AND k.revoked_at IS NULL AND k.paused_at IS NULL \
             AND (k.expires_at IS NULL OR k.expires_at > $1) \
             AND {IDLE_SINCE} <= $1 - r.days * {DAY} + {ahead}) p) k) q \
             WHERE q.suspended = 0 AND q.at > $1 AND NOT EXISTS (SELECT 1 FROM key_notices n WHERE n.key_id = q.id \
             AND n.kind = 'pause' AND n.deadline = q.deadline AND n.days <= q.days) \
             ORDER BY q.org_id, q.at, q.id LIMIT {NOTICES_AT_ONCE}",
            suspended = suspended_column!(),
            lead = key_deadlines::lead("r.days"),
            ahead = key_deadlines::told_ahead("r.days"),
            first_told = key_deadlines::first_told("k.id", &deadline),
            rules = self.pause_rules(),
            // SQLite would take another one of organizations, and not end at the last key of the part.
            index = if part.is_some() && self.is_on_sqlite() { "INDEXED BY keys_kept_of_org" } else { "" },
        )
    }

    fn is_on_sqlite(&self) -> bool {
        matches!(self.location(), Location::Sqlite(_))
    }

    /// The rules about unused keys, of all organizations; 0 days without one.
    pub(in crate::store) fn pause_rules(&self) -> String {
        let days = key_deadlines::pause_unused("o.id", self.profile());
        format!("(SELECT o.id AS org_id, {days} AS days FROM orgs o)")
    }
}

#[cfg(test)]
mod tests;
