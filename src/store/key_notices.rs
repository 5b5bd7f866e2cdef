//! Notices about keys that expire, are due to be rotated or are going to be paused: found by a job, each told once.
//!
//! What was told is written with the mails. A mail says who gets it and when it was told; its content is read when it is
//! sent, so that nobody is told of what is no longer so.

mod due;
mod letter;
mod people;
mod search;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use sqlx::any::AnyRow;

use self::people::People;
use super::{
    Store, detached,
    key_deadlines::SECRET_SINCE,
    old_rows::Old,
    row::Read,
    rows::{Cell, MOST_ROWS},
    tx::Tx,
};
use crate::{
    Result, Timestamp,
    audit::{Act, Action, Actor, NewEvent, Target},
    id::{AppId, KeyId, OrgId, UserId},
    key_notice::KeyNoticeKind,
    mail::Mail,
    profile::{HolderKind, Mode},
};

/// The maximum number of notices, people and organizations of one run, which is one transaction: other writes wait for it.
const NOTICES_AT_ONCE: usize = 2_000;
const PEOPLE_AT_ONCE: usize = 1_000;
const ORGS_AT_ONCE: usize = 100;

/// How long it is remembered what was told: longer than any deadline is ahead.
const KEPT: std::time::Duration = std::time::Duration::from_secs(60 * 86_400);

/// A notice that is due, with what decides who gets it.
#[derive(Clone, Debug)]
pub(super) struct DueNotice {
    kind: KeyNoticeKind,
    deadline: Timestamp,
    /// So many days before; 0 if it is past.
    days: i64,
    key: NoticedKey,
    /// The first notice of a pause, which is also an event.
    announces: Option<Announced>,
}

/// A pause.
#[derive(Clone, Copy, Debug)]
struct Announced {
    at: Timestamp,
    unused_days: i64,
}

/// What decides who may act on a key.
#[derive(Clone, Debug)]
pub(super) struct NoticedKey {
    id: KeyId,
    label: String,
    org: OrgId,
    app: Option<AppId>,
    owner_id: Option<UserId>,
    created_by: Option<UserId>,
    manages: bool,
}

/// The columns of `keys k` that decide who may act on it.
const KEY: &str = "k.id, k.label, k.org_id, k.app_id, k.owner, k.owner_id, k.created_by, k.mode, k.scopes";

impl Store {
    /// Tells people of keys that expire or are due to be rotated: each gets one mail about all of them, or several if there are
    /// thousands. Returns how many there were.
    pub async fn tell_of_deadlines(&self) -> Result<usize> {
        let mut told = 0;
        loop {
            match self.tell(self.due_notices().await?).await? {
                0 => return Ok(told),
                some => told += some,
            }
        }
    }

    /// Tells people of as many of these as one transaction holds. Returns how many were new.
    async fn tell(&self, due: Vec<DueNotice>) -> Result<usize> {
        if due.is_empty() {
            return Ok(0);
        }
        // Before the transaction: whoever may no longer act on a key by the time the mail is sent is not told of it.
        let people = self.people_of(due.iter().map(|notice| &notice.key)).await?;
        let (store, due) = (self.clone(), at_once(due, &people));
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            // Before other rows.
            let chains: BTreeSet<_> = due.iter().filter(|notice| notice.announces.is_some()).map(chain).collect();
            for org in &chains {
                tx.lock_chain(org).await?;
            }
            let told = tx.tell(&due, &people).await?;
            if tx.announce(&due, &told).await? { tx.commit().await } else { tx.commit_counts().await }?;
            Ok(told.len())
        })
        .await
    }

    /// Forgets what was told long ago. Not that a secret is overdue, as long as it is.
    pub async fn delete_old_notices(&self) -> Result<u64> {
        let when = format!(
            "told_at < $1 AND NOT (kind = 'rotation' AND EXISTS (SELECT 1 FROM keys k WHERE k.id = key_notices.key_id \
             AND k.revoked_at IS NULL AND {SECRET_SINCE} < key_notices.deadline))"
        );
        let old = Old { table: "key_notices", key: "key_id, kind, deadline, days", when: &when };
        self.delete_old(old, (self.now() - KEPT).micros()).await
    }

    pub(super) fn noticed_key(&self, row: &AnyRow) -> Result<NoticedKey> {
        let (owner, mode) = (row.word("owner", HolderKind::parse)?, row.word("mode", Mode::parse)?);
        Ok(NoticedKey {
            id: KeyId::stored(row.text("id")?),
            label: row.text("label")?,
            org: OrgId::stored(row.text("org_id")?),
            app: row.text_opt("app_id")?.map(AppId::stored),
            owner_id: row.text_opt("owner_id")?.map(UserId::stored),
            created_by: row.text_opt("created_by")?.map(UserId::stored),
            manages: self.profile().manages(owner, mode, row.text("scopes")?.split_whitespace()),
        })
    }
}

fn chain(notice: &DueNotice) -> &str {
    notice.key.org.as_str()
}

/// The first of them, as far as they fit into one transaction.
fn at_once(due: Vec<DueNotice>, people: &People) -> Vec<DueNotice> {
    let (mut to, mut orgs) = (BTreeSet::new(), BTreeSet::new());
    let fits = |notice: &DueNotice| {
        to.extend(people.of(notice.key.id.as_str()).iter().cloned());
        orgs.insert(notice.key.org.clone());
        to.len() <= PEOPLE_AT_ONCE && orgs.len() <= ORGS_AT_ONCE
    };
    due.into_iter().take(NOTICES_AT_ONCE).take_while(fits).collect()
}

impl Tx {
    /// Notes what is told now and was not told before, and queues a mail for each person. Returns the keys of those that were
    /// new.
    pub(super) async fn tell(&mut self, due: &[DueNotice], people: &People) -> Result<Vec<String>> {
        let (store, told_at) = (self.store().clone(), self.new_run().await?);
        let (mut to, mut told): (BTreeSet<&UserId>, _) = (BTreeSet::new(), Vec::new());
        for some in due.chunks(MOST_ROWS) {
            let row = |notice: &DueNotice| -> [Cell; 5] {
                [
                    notice.key.id.to_string().into(),
                    notice.kind.as_str().to_owned().into(),
                    notice.deadline.micros().into(),
                    notice.days.into(),
                    told_at.into(),
                ]
            };
            let statement = "INSERT INTO key_notices (key_id, kind, deadline, days, told_at) \
                SELECT v.key_id, v.kind, v.deadline, v.days, v.told_at FROM v JOIN keys k ON k.id = v.key_id WHERE v.n > 0 \
                ON CONFLICT DO NOTHING RETURNING key_id";
            let columns = ["key_id", "kind", "deadline", "days", "told_at"];
            let rows = store.with_rows(columns, some.iter().map(row).collect(), statement);
            for row in rows.fetch_all(self.on()).await? {
                let key = row.text("key_id")?;
                to.extend(people.of(&key));
                told.push(key);
            }
        }
        let mail = |person: &UserId| Mail::KeysDue { user_id: person.clone(), told_at };
        let jobs: Vec<_> = to.into_iter().map(|person| mail(person).job(self.now(), store.entropy())).collect();
        self.enqueue_once(&jobs).await?;
        Ok(told)
    }

    /// The time that identifies a run: no other has it.
    async fn new_run(&mut self) -> Result<i64> {
        let now = self.now().micros();
        let same =
            sqlx::query("SELECT MAX(told_at) AS told_at FROM key_notices WHERE told_at BETWEEN $1 AND $1 + 1000");
        let same = same.bind(now).fetch_one(self.on()).await?;
        Ok(same.int_opt("told_at")?.map_or(now, |at| at + 1))
    }

    /// Records that keys will be paused, for those of which people were told first: also where there is no mail, or nobody to
    /// get it. Returns whether there were any.
    async fn announce(&mut self, due: &[DueNotice], told: &[String]) -> Result<bool> {
        let told: BTreeSet<_> = told.iter().map(String::as_str).collect();
        let mut events: BTreeMap<&str, Vec<(Act, NewEvent)>> = BTreeMap::new();
        for notice in due.iter().filter(|notice| told.contains(notice.key.id.as_str())) {
            let Some(Announced { at, unused_days }) = notice.announces else { continue };
            let key = &notice.key;
            let target = Target::new("key", &key.id, &key.label);
            let target = if let Some(app) = &key.app { target.of_app(app) } else { target };
            let details =
                json!({ "pause_at": at.to_rfc3339(), "reason": format!("Unused for {unused_days} days then") });
            let event = NewEvent::of(&key.org, Action::KeyPauseAnnounced, target).with(details);
            events.entry(chain(notice)).or_default().push((Act::by(Actor::Sallyport), event));
        }
        let any = !events.is_empty();
        for (chain, events) in events {
            self.record_others(chain, events).await?;
        }
        Ok(any)
    }
}
