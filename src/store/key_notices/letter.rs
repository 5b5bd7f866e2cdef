//! What a mail about keys says: what is still so when it is sent, of the keys that the person may act on.

use sqlx::any::AnyRow;

use crate::{
    Result, Timestamp,
    id::{KeyId, OrgId, UserId},
    key_notice::{KeyNotice, KeyNoticeKind},
    mail::{About, Letter},
    member::Permission,
    store::{
        Store,
        key_deadlines::{self, IDLE_SINCE, SECRET_SINCE},
        key_status::suspended_column,
        row::Read,
        sight::granted,
    },
};

/// The keys of a person that a mail is about; it names fewer.
const MOST: usize = super::NOTICES_AT_ONCE;

impl Store {
    /// The mail to a person about what was told at that time. `None` if nothing of it is theirs to act on any more.
    pub(in crate::store) async fn keys_due(&self, user: &UserId, told_at: Timestamp) -> Result<Option<Letter>> {
        let Some(to) = self.user(user).await? else { return Ok(None) };
        let may = |permission| {
            let held = granted("k.org_id", "k.org_id, a.tenant_id, a.project_id", "$1", permission);
            format!("CAST(CASE WHEN {held} THEN 1 ELSE 0 END AS BIGINT)")
        };
        let sql = format!(
            "SELECT * FROM (SELECT n.kind, n.deadline, n.days, {key}, o.name AS org_name, k.expires_at, \
             {SECRET_SINCE} AS secret_since, {IDLE_SINCE} AS idle_since, {rotate} AS rotate_every, {pause} AS pause_unused, \
             (SELECT MAX(s.retires_at) FROM key_secrets s WHERE s.key_id = k.id AND s.ended_at IS NULL) AS old_until, \
             {first_told} AS first_told, {may_keys} AS may_keys, {may_org} AS may_org, {suspended} \
             FROM key_notices n JOIN keys k ON k.id = n.key_id JOIN orgs o ON o.id = k.org_id \
             LEFT JOIN apps a ON a.id = k.app_id LEFT JOIN key_uses u ON u.key_id = k.id \
             WHERE n.told_at = $2 AND k.revoked_at IS NULL AND k.paused_at IS NULL \
             AND (k.owner_id IS NULL OR k.owner_id = $1) AND (k.expires_at IS NULL OR k.expires_at > $3)) q \
             WHERE q.suspended = 0 AND (q.owner_id IS NOT NULL OR q.may_keys = 1 OR q.may_org = 1) ORDER BY q.deadline, q.label, q.id LIMIT {MOST}",
            suspended = suspended_column!(),
            key = super::KEY,
            rotate = key_deadlines::rotate_every("k.org_id", self.profile()),
            pause = key_deadlines::pause_unused("k.org_id", self.profile()),
            first_told = key_deadlines::first_told("n.key_id", "n.deadline"),
            may_keys = may(Permission::ManageKeys),
            may_org = may(Permission::ManageOrg),
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(user.to_string())
            .bind(told_at.micros())
            .bind(self.now().micros());
        let mut keys = Vec::new();
        for row in query.fetch_all(self.read()).await? {
            if self.may_act(&row, user)?
                && let Some(notice) = still_so(&row, self.now())?
            {
                keys.push(notice);
            }
        }
        Ok((!keys.is_empty()).then(|| Letter { to: to.into(), about: About::KeysDue { keys } }))
    }

    fn may_act(&self, row: &AnyRow, user: &UserId) -> Result<bool> {
        let key = self.noticed_key(row)?;
        Ok(match key.owner_id {
            Some(owner) => owner == *user,
            None => row.flag(if key.manages { "may_org" } else { "may_keys" })?,
        })
    }
}

/// The notice of a row, if it is still ahead; or past, if that is what is told.
fn still_so(row: &AnyRow, now: Timestamp) -> Result<Option<KeyNotice>> {
    let (kind, deadline) = (row.word("kind", KeyNoticeKind::parse)?, row.time("deadline")?);
    let rules = key_deadlines::deadlines(row)?;
    let (is_so, at) = match kind {
        KeyNoticeKind::Expiry => (row.time_opt("expires_at")? == Some(deadline), deadline),
        KeyNoticeKind::Rotation => (rules.rotation_due_at(row.time("secret_since")?) == Some(deadline), deadline),
        KeyNoticeKind::Pause => {
            let told = row.time_opt("first_told")?;
            let at = told.map_or(deadline, |told| deadline.max(told + rules.lead()));
            (rules.paused_at(row.time("idle_since")?) == Some(deadline), at)
        }
        KeyNoticeKind::CutOff => (row.time_opt("old_until")? == Some(deadline), deadline),
    };
    let is_past = kind == KeyNoticeKind::Rotation && row.int("days")? == 0;
    if !is_so || (at <= now && !is_past) {
        return Ok(None);
    }
    Ok(Some(KeyNotice {
        kind,
        key: KeyId::stored(row.text("id")?),
        label: row.text("label")?,
        org: OrgId::stored(row.text("org_id")?),
        org_name: row.text("org_name")?,
        at,
        is_past,
    }))
}
