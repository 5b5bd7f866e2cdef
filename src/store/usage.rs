//! What verifiers saw, written in batches: nothing is written while a request waits.

use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

use serde_json::json;

use super::{Store, detached, tx::Tx};
use crate::{
    Result, Timestamp,
    audit::{Act, Action, Actor, NewEvent, Target},
    id::{KeyId, OrgId, RequestId},
    key::{KeyRecord, Verdict},
};

/// A key that was good for a request. `K` is what a verifier holds of it.
#[derive(Debug)]
pub struct Used<K> {
    pub key: Arc<K>,
    pub at: Timestamp,
    pub address: Option<IpAddr>,
    pub user_agent: Option<String>,
}

/// A known key that was refused, once or often for the same reason.
#[derive(Debug)]
pub struct Refused<K> {
    pub key: Arc<K>,
    pub verdict: Verdict,
    /// It was let through all the same: what stands against it is only watched for now.
    pub passed: bool,
    pub times: u64,
    pub address: Option<IpAddr>,
    pub user_agent: Option<String>,
    /// Where the client is, as whoever asked says.
    pub ip: Option<IpAddr>,
    pub request_id: RequestId,
}

fn act(key: &KeyRecord, address: Option<IpAddr>, user_agent: Option<String>, request_id: Option<RequestId>) -> Act {
    let actor = Actor::Key { id: key.key_id.clone(), label: key.label.to_string() };
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
    pub async fn record_usage<K>(&self, mut used: Vec<Used<K>>, refused: Vec<Refused<K>>) -> Result<()>
    where
        K: AsRef<KeyRecord> + Send + Sync + 'static,
    {
        if used.is_empty() && refused.is_empty() {
            return Ok(());
        }
        let store = self.clone();
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            // Keys before chains, each in one order: so do all other writes, and PostgreSQL finds no deadlock.
            used.sort_by(|one, other| one.record().key_id.cmp(&other.record().key_id));
            let mut first_uses = Vec::new();
            for used in used {
                if tx.touch_last_used(&used.record().key_id, used.at).await? {
                    first_uses.push(used);
                }
            }
            for org in orgs(&first_uses, &refused) {
                for used in first_uses.iter().filter(|used| used.record().owner.org_id == org) {
                    tx.act_as(act(used.record(), used.address, used.user_agent.clone(), None));
                    // Written a little later, perhaps after the key's revocation: it was used before.
                    let event = NewEvent::of(&org, Action::KeyFirstUsed, target(used.record()));
                    tx.record(event.with(json!({ "used_at": used.at }))).await?;
                }
                for refused in refused.iter().filter(|refused| refused.record().owner.org_id == org) {
                    tx.record_refusal(refused).await?;
                }
            }
            tx.commit_counts().await
        })
        .await
    }
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

impl Tx {
    /// Notes a use; whether it was the first.
    async fn touch_last_used(&mut self, key: &KeyId, at: Timestamp) -> Result<bool> {
        let first =
            sqlx::query("UPDATE keys SET last_used_at = $1 WHERE id = $2 AND last_used_at IS NULL RETURNING id")
                .bind(at.micros())
                .bind(key.to_string())
                .fetch_optional(self.on())
                .await?;
        if first.is_none() {
            sqlx::query("UPDATE keys SET last_used_at = $1 WHERE id = $2 AND last_used_at < $1")
                .bind(at.micros())
                .bind(key.to_string())
                .execute(self.on())
                .await?;
        }
        Ok(first.is_some())
    }

    async fn record_refusal<K: AsRef<KeyRecord>>(&mut self, refused: &Refused<K>) -> Result<()> {
        let Refused { verdict, passed, times, address, user_agent, ip, request_id, .. } = refused;
        let key = refused.record();
        self.act_as(act(key, *address, user_agent.clone(), Some(request_id.clone())));
        let action = if *passed { Action::RequestNoted } else { Action::RequestRefused };
        let event = NewEvent::of(&key.owner.org_id, action, target(key));
        let event = if *passed { event } else { event.refused(verdict.status()) };
        let mut details = json!({ "code": verdict.code(), "times": times });
        if let (Verdict::IpDenied, Some(ip)) = (verdict, ip) {
            details["ip"] = ip.to_string().into();
        }
        self.record(event.with(details)).await
    }
}
