//! Keys that leaked: revoked, paused or only announced, each secret once.

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use serde_json::json;

use super::{REASON, ReportedLeak, of_kind, reporter};
use crate::{
    Error, Result, Timestamp,
    audit::{Act, Action, NewEvent},
    id::{KeyId, OrgId, UserId},
    key::{Digest, Key, Status},
    leak::{KeyLeak, LeakResponse, reported::LeakedKind},
    mail::Mail,
    store::{
        Store, detached,
        keys::target,
        row::Read,
        rows::{Cell, MOST_ROWS},
        tx::Tx,
    },
};

/// Keys of one transaction, which holds their rows.
const AT_ONCE: usize = 50;

/// Reports of a secret that name other places are told so often; then, and if they name the same one, once in [`AGAIN`].
const MOST_TOLD: i64 = 5;
const AGAIN: Duration = Duration::from_secs(24 * 60 * 60);

/// In microseconds.
const HOUR: i64 = 60 * 60 * 1_000_000;

/// A reported secret of a key.
#[derive(Clone, Debug)]
struct LeakedSecret {
    key: KeyId,
    n: i64,
    place: String,
}

/// A leak that people are told of.
struct ToTell {
    key: Key,
    shown: String,
    place: String,
    /// What was done about it now.
    response: LeakResponse,
    /// Whether that was done to the old secret of a rotation alone.
    is_old: bool,
    /// What is refused from now on.
    digests: Vec<Digest>,
}

/// Who got a mail about this report, of one organization: each person one, however many keys it names.
#[derive(Clone, Default)]
struct Mailed {
    /// Those who set the rules for its keys.
    governors: bool,
    owners: HashSet<UserId>,
    /// Keys of the report that are looked at after these.
    later: usize,
}

impl Store {
    pub(super) async fn report_leaked_keys(
        &self,
        act: &Act,
        reports: &[Option<ReportedLeak>],
        by_partner: bool,
        known: &mut [bool],
    ) -> Result<()> {
        let mut leaks: BTreeMap<String, Vec<LeakedSecret>> = BTreeMap::new();
        for (at, org, leak) in self.leaked_secrets(reports).await? {
            known[at] = true;
            let of_org = leaks.entry(org).or_default();
            if !of_org.iter().any(|other| (&other.key, other.n) == (&leak.key, leak.n)) {
                of_org.push(leak);
            }
        }
        // What can't be done for one organization is done for the others.
        let mut failed = None;
        for (org, mut leaks) in leaks {
            let org = OrgId::stored(org);
            // In the order in which rows of keys are locked.
            leaks.sort_by(|one, other| (one.key.as_str(), one.n).cmp(&(other.key.as_str(), other.n)));
            let mut mailed = Mailed { later: leaks.len(), ..Mailed::default() };
            for some in leaks.chunks(AT_ONCE) {
                mailed.later -= some.len();
                match self.respond_to_leaks(act, &org, some.to_vec(), by_partner, mailed.clone()).await {
                    Ok(with_these) => mailed = with_these,
                    Err(error) => failed = Some(error),
                }
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// The reported secrets of keys, with their place among the reports and their organization.
    async fn leaked_secrets(&self, reports: &[Option<ReportedLeak>]) -> Result<Vec<(usize, String, LeakedSecret)>> {
        let row = |(at, report): (usize, &ReportedLeak)| -> Vec<[Cell; 2]> {
            let at = i64::try_from(at).unwrap_or(i64::MAX);
            report.digests.iter().map(|digest| [at.into(), digest.0.to_vec().into()]).collect()
        };
        let rows: Vec<[Cell; 2]> = of_kind(reports, LeakedKind::Key).flat_map(row).collect();
        let mut found = Vec::new();
        for some in rows.chunks(MOST_ROWS) {
            let query = self.with_rows(
                ["place", "digest"],
                some.to_vec(),
                "SELECT v.place, s.key_id, s.n AS secret_n, k.org_id FROM v JOIN key_secrets s ON s.digest = v.digest \
                 JOIN keys k ON k.id = s.key_id WHERE v.n > 0",
            );
            for row in query.fetch_all(self.read()).await? {
                let at = usize::try_from(row.int("place")?).unwrap_or(usize::MAX);
                let place = reports.get(at).and_then(Option::as_ref).map(|report| report.place.clone());
                let key = KeyId::stored(row.text("key_id")?);
                let leak = LeakedSecret { key, n: row.int("secret_n")?, place: place.unwrap_or_default() };
                found.push((at, row.text("org_id")?, leak));
            }
        }
        Ok(found)
    }

    /// Returns who got a mail by then.
    async fn respond_to_leaks(
        &self,
        act: &Act,
        org: &OrgId,
        leaks: Vec<LeakedSecret>,
        by_partner: bool,
        mut mailed: Mailed,
    ) -> Result<Mailed> {
        // Before the transaction: it would wait for a second connection.
        let people = self.governors(org).await?;
        let (store, act, org) = (self.clone(), act.clone(), org.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            // Where the rules can't be read, nobody said that less is done.
            let rule = tx.key_policy(&org).await.map_or_else(|_| LeakResponse::default(), |found| found.policy.on_leak);
            let mut told = Vec::new();
            for leak in leaks {
                told.extend(tx.respond(leak, rule, by_partner).await?);
            }
            if told.is_empty() {
                tx.commit_counts().await?;
                return Ok(mailed);
            }
            tx.tell_of_leaks(&told, &people, by_partner, &mut mailed).await?;
            let committed = tx.commit_timed().await?;
            for leak in told.into_iter().filter(|leak| !leak.digests.is_empty()) {
                store.measure_revocation(&leak.key.id, leak.digests, &committed);
            }
            Ok(mailed)
        })
        .await
    }

    /// The newest leak of a key, while the secret is accepted or once the key was revoked.
    pub async fn key_leak(&self, key: &Key) -> Result<Option<KeyLeak>> {
        let query = sqlx::query(
            "SELECT l.reported_at, l.place, l.by_partner, s.shown, s.ended_at, s.retires_at FROM key_leaks l \
             JOIN key_secrets s ON s.key_id = l.key_id AND s.n = l.n WHERE l.key_id = $1 ORDER BY l.n DESC LIMIT 1",
        );
        let Some(row) = query.bind(key.id.to_string()).fetch_optional(self.read()).await? else { return Ok(None) };
        let retired = row.time_opt("retires_at")?.is_some_and(|at| at <= self.now());
        let leak = KeyLeak {
            reported_at: row.time("reported_at")?,
            place: row.text("place")?,
            by_partner: row.flag("by_partner")?,
            shown: row.text("shown")?,
            is_live: row.time_opt("ended_at")?.is_none() && !retired,
        };
        Ok((leak.is_live || key.revoked.is_some()).then_some(leak))
    }

    /// How many requests with a key, refused ones too, came from which network since the hour of that time: the most first.
    pub async fn networks_since(&self, key: &KeyId, since: Timestamp, most: u32) -> Result<Vec<(String, u64)>> {
        let sql = format!(
            "SELECT value, CAST(SUM(n) AS BIGINT) AS n FROM usage_attributes WHERE key_id = $1 AND at >= $2 \
             AND kind = 'network' GROUP BY value ORDER BY SUM(n) DESC, value LIMIT {most}"
        );
        let hour = since.micros() - since.micros().rem_euclid(HOUR);
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(key.to_string()).bind(hour);
        let rows = query.fetch_all(self.read()).await?;
        rows.iter().map(|row| Ok((row.text("value")?, row.int("n")?.unsigned_abs()))).collect()
    }
}

impl Tx {
    /// Does what the rule says about a leaked secret, unless that was done before, and nothing if it is not accepted any more.
    async fn respond(&mut self, leak: LeakedSecret, rule: LeakResponse, by_partner: bool) -> Result<Option<ToTell>> {
        let mut key = match self.held(&leak.key).await {
            Ok(key) => key,
            Err(Error::NotFound) => return Ok(None),
            Err(error) => return Err(error),
        };
        let now = self.now();
        if matches!(key.status(now), Status::Revoked | Status::Expired) {
            return Ok(None);
        }
        let query = sqlx::query(
            "SELECT s.shown, s.ended_at, s.retires_at, l.told_at, l.told, l.response, l.place FROM key_secrets s \
             LEFT JOIN key_leaks l ON l.key_id = s.key_id AND l.n = s.n WHERE s.key_id = $1 AND s.n = $2",
        );
        let row = query.bind(leak.key.to_string()).bind(leak.n).fetch_optional(self.on()).await?;
        let Some(row) = row else { return Ok(None) };
        if row.time_opt("ended_at")?.is_some() || row.time_opt("retires_at")?.is_some_and(|at| at <= now) {
            return Ok(None);
        }
        let before = row.text_opt("response")?.and_then(|word| LeakResponse::parse(&word));
        // What an admin undid is not done again.
        let acts = before.is_none_or(|before| rule > before);
        let told = row.int_opt("told")?.unwrap_or_default();
        let is_elsewhere = told < MOST_TOLD && row.text_opt("place")?.is_some_and(|place| place != leak.place);
        let is_later = row.time_opt("told_at")?.is_some_and(|at| now.since(at) >= AGAIN);
        if !(acts || is_elsewhere || is_later) {
            return Ok(None);
        }
        let response = if acts { rule } else { LeakResponse::Announce };
        let mut digests = Vec::new();
        // Where a key can rotate itself, who has the old secret may have made the new one.
        let ends_alone = response != LeakResponse::Announce && !self.profile().rotation.by_itself;
        let old = self.live_secrets(&key.id).await?.previous;
        let old = old.filter(|old| old.n == leak.n && ends_alone);
        match (response, &old) {
            // That suffices: the key works on with its new secret.
            (_, Some(old)) => digests = self.end_previous(&key, old).await?,
            (LeakResponse::Revoke, None) => digests = self.revoke(&key, REASON).await?,
            (LeakResponse::Pause, None) => drop(self.pause_leaked(&mut key).await?),
            (LeakResponse::Announce, None) => {}
        }
        let is_old = old.is_some();
        sqlx::query(
            "INSERT INTO key_leaks (key_id, n, reported_at, told_at, told, response, place, by_partner) \
             VALUES ($1, $2, $3, $3, 1, $4, $5, $6) ON CONFLICT (key_id, n) DO UPDATE SET told_at = excluded.told_at, \
             told = key_leaks.told + 1, response = excluded.response, place = excluded.place, \
             by_partner = excluded.by_partner",
        )
        .bind(leak.key.to_string())
        .bind(leak.n)
        .bind(now.micros())
        .bind(before.map_or(response, |before| before.max(response)).as_str())
        .bind(leak.place.clone())
        .bind(i64::from(by_partner))
        .execute(self.on())
        .await?;
        Ok(Some(ToTell { key, shown: row.text("shown")?, place: leak.place, response, is_old, digests }))
    }

    /// Records what happened, and sends one mail to each of `people` for the whole report, however many keys there are. Whose
    /// personal key it is gets one, too.
    async fn tell_of_leaks(
        &mut self,
        leaks: &[ToTell],
        people: &[UserId],
        by_partner: bool,
        mailed: &mut Mailed,
    ) -> Result<()> {
        for leak in leaks {
            let key = &leak.key;
            let done = match leak.response {
                LeakResponse::Announce => None,
                _ if leak.is_old => Some((Action::KeySecretEnded, json!({ "shown": leak.shown, "ended": "previous" }))),
                LeakResponse::Revoke => Some((Action::KeyRevoked, json!({}))),
                LeakResponse::Pause => Some((Action::KeyPaused, json!({}))),
            };
            if let Some((done, mut details)) = done {
                details["reason"] = REASON.into();
                self.record(NewEvent::of(&key.org_id, done, target(key)).with(details)).await?;
            }
            let mut details = json!({
                "shown": leak.shown,
                "place": leak.place,
                "response": leak.response.as_str(),
                "reported_by": reporter(by_partner),
            });
            if leak.is_old {
                details["ended"] = "previous".into();
            }
            let (mut to, mut others) = (Vec::new(), 0);
            if !mailed.governors {
                mailed.governors = true;
                to.extend_from_slice(people);
                mailed.owners.extend(people.iter().cloned());
                others = leaks.len() - 1 + mailed.later;
            }
            if let Some(owner) = key.owner_id.clone().filter(|owner| mailed.owners.insert(owner.clone())) {
                if to.is_empty() {
                    others = leaks.iter().filter(|other| other.key.owner_id == key.owner_id).count() - 1;
                }
                to.push(owner);
            }
            if others > 0 {
                details["others"] = others.into();
            }
            let event = NewEvent::of(&key.org_id, Action::KeyLeaked, target(key)).with(details);
            self.record_and_mail_all(event, &to, Mail::Leaked).await?;
        }
        Ok(())
    }
}
