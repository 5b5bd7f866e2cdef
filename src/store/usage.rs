//! Usage that verifiers collected, written in batches: nothing is written while a request waits.

use std::{
    collections::{BTreeSet, HashSet},
    net::IpAddr,
    sync::Arc,
};

use serde_json::json;

use super::{Store, detached, row::Read, rows::Cell, tx::Tx};
use crate::{
    Result, Timestamp,
    audit::{Act, Action, Actor, NewEvent, Target},
    id::{OrgId, RequestId},
    key::{KeyRecord, Verdict},
};

/// An accepted use of a key. `K` is the verifier's record of it.
#[derive(Debug)]
pub struct Used<K> {
    pub key: Arc<K>,
    pub at: Timestamp,
    pub address: Option<IpAddr>,
    pub user_agent: Option<String>,
}

/// Refusals of a known key, one or more for the same reason.
#[derive(Debug)]
pub struct Refused<K> {
    pub key: Arc<K>,
    pub verdict: Verdict,
    /// The request was accepted anyway: this check is only observed for now.
    pub passed: bool,
    pub times: u64,
    pub address: Option<IpAddr>,
    pub user_agent: Option<String>,
    /// The client's address, as reported in the request.
    pub ip: Option<IpAddr>,
    pub request_id: RequestId,
}

fn act(key: &KeyRecord, address: Option<IpAddr>, user_agent: Option<String>, request_id: Option<RequestId>) -> Act {
    let actor = Actor::Key { id: key.key_id.clone(), label: key.label.to_string(), secret_n: key.secret_n };
    Act { actor, address: address.map(|address| address.to_string()), user_agent, request_id, once: None }
}

fn target(key: &KeyRecord) -> Target {
    let target = Target::new("key", &key.key_id, &*key.label);
    match key.app_id() {
        Some(app) => target.of_app(app),
        None => target,
    }
}

impl Store {
    /// Writes when keys were used and why they were refused, in one transaction: callers split large batches. The
    /// first use of a key records an event, once: its row in `key_uses` is created in the same commit.
    pub async fn record_usage<K>(&self, used: Vec<Used<K>>, refused: Vec<Refused<K>>) -> Result<()>
    where
        K: AsRef<KeyRecord> + Send + Sync + 'static,
    {
        if used.is_empty() && refused.is_empty() {
            return Ok(());
        }
        let store = self.clone();
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            // Uses are locked before chains, each in one order, as in all other writes, so that they can't deadlock.
            let used = each_once(used);
            let first_uses = tx.record_first_uses(&used).await?;
            tx.record_last_uses(&used).await?;
            let first_uses: Vec<_> =
                used.into_iter().filter(|used| first_uses.contains(used.record().key_id.as_str())).collect();
            for org in orgs(&first_uses, &refused) {
                let used = first_uses.iter().filter(|used| used.record().owner.org_id == org);
                let refused = refused.iter().filter(|refused| refused.record().owner.org_id == org);
                let events = used.map(first_use).chain(refused.map(refusal)).collect();
                tx.record_others(org.as_str(), events).await?;
            }
            tx.commit_counts().await
        })
        .await
    }
}

/// One use of each key, sorted: a key that left the cache and came back was collected twice.
fn each_once<K: AsRef<KeyRecord>>(mut used: Vec<Used<K>>) -> Vec<Used<K>> {
    used.sort_by(|one, other| one.record().key_id.cmp(&other.record().key_id));
    used.dedup_by(|next, kept| {
        let same = next.record().key_id == kept.record().key_id;
        if same {
            kept.at = kept.at.max(next.at);
            kept.address = kept.address.or(next.address);
            kept.user_agent = kept.user_agent.take().or(next.user_agent.take());
        }
        same
    });
    used
}

/// The organizations of a batch, each once and in order.
fn orgs<K: AsRef<KeyRecord>>(first_uses: &[Used<K>], refused: &[Refused<K>]) -> BTreeSet<OrgId> {
    let used = first_uses.iter().map(Used::record);
    used.chain(refused.iter().map(Refused::record)).map(|key| key.owner.org_id.clone()).collect()
}

impl<K: AsRef<KeyRecord>> Used<K> {
    fn record(&self) -> &KeyRecord {
        (*self.key).as_ref()
    }
}

impl<K: AsRef<KeyRecord>> Refused<K> {
    fn record(&self) -> &KeyRecord {
        (*self.key).as_ref()
    }
}

fn first_use<K: AsRef<KeyRecord>>(used: &Used<K>) -> (Act, NewEvent) {
    let key = used.record();
    // Written a little later, perhaps after the key's revocation, although it was used before.
    let event = NewEvent::of(&key.owner.org_id, Action::KeyFirstUsed, target(key));
    (act(key, used.address, used.user_agent.clone(), None), event.with(json!({ "used_at": used.at })))
}

fn refusal<K: AsRef<KeyRecord>>(refused: &Refused<K>) -> (Act, NewEvent) {
    let Refused { verdict, passed, times, address, user_agent, ip, request_id, .. } = refused;
    let key = refused.record();
    let action = if *passed { Action::RequestNoted } else { Action::RequestRefused };
    let event = NewEvent::of(&key.owner.org_id, action, target(key));
    let event = if *passed { event } else { event.refused(verdict.status()) };
    let mut details = json!({ "code": verdict.code(), "times": times });
    if let (Verdict::IpDenied, Some(ip)) = (verdict, ip) {
        details["ip"] = ip.to_string().into();
    }
    (act(key, *address, user_agent.clone(), Some(request_id.clone())), event.with(details))
}

/// Keys and times, in the order in which their rows are locked.
fn rows<K: AsRef<KeyRecord>>(used: &[Used<K>]) -> Vec<[Cell; 2]> {
    used.iter().map(|used| [used.record().key_id.to_string().into(), used.at.micros().into()]).collect()
}

const COLUMNS: [&str; 2] = ["key_id", "at"];

impl Tx {
    /// Records first uses; returns the keys that had none before. If two transactions record the same key, the second
    /// waits for the first and finds its row. Keys that were deleted in the meantime are skipped.
    async fn record_first_uses<K: AsRef<KeyRecord>>(&mut self, used: &[Used<K>]) -> Result<HashSet<String>> {
        if used.is_empty() {
            return Ok(HashSet::new());
        }
        let statement = "INSERT INTO key_uses (key_id, first_at, last_at) \
            SELECT k.id, v.at, v.at FROM v JOIN keys k ON k.id = v.key_id \
            WHERE NOT EXISTS (SELECT 1 FROM key_uses u WHERE u.key_id = v.key_id) ORDER BY v.n \
            ON CONFLICT (key_id) DO NOTHING RETURNING key_id";
        let made = self.store().with_rows(COLUMNS, rows(used), statement).fetch_all(self.on()).await?;
        made.iter().map(|row| row.text("key_id")).collect()
    }

    /// Records last uses. An upsert of existing rows, since it locks them in the order of the list, which an UPDATE
    /// would not. An older time never replaces a newer one.
    async fn record_last_uses<K: AsRef<KeyRecord>>(&mut self, used: &[Used<K>]) -> Result<()> {
        if used.is_empty() {
            return Ok(());
        }
        let statement = "INSERT INTO key_uses (key_id, first_at, last_at) \
            SELECT u.key_id, u.first_at, v.at FROM v JOIN key_uses u ON u.key_id = v.key_id \
            WHERE u.last_at < v.at ORDER BY v.n \
            ON CONFLICT (key_id) DO UPDATE SET last_at = excluded.last_at WHERE key_uses.last_at < excluded.last_at";
        self.store().with_rows(COLUMNS, rows(used), statement).execute(self.on()).await?;
        Ok(())
    }
}
