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

/// A key that was good for a request.
#[derive(Clone, Debug)]
pub struct Used {
    pub key: Arc<KeyRecord>,
    pub at: Timestamp,
    pub address: Option<String>,
    pub user_agent: Option<String>,
}

/// A known key that was refused, once or often for the same reason.
#[derive(Clone, Debug)]
pub struct Refused {
    pub key: Arc<KeyRecord>,
    pub verdict: Verdict,
    /// It was let through all the same: what stands against it is only watched for now.
    pub passed: bool,
    pub times: u64,
    pub address: Option<String>,
    pub user_agent: Option<String>,
    /// Where the client is, as whoever asked says.
    pub ip: Option<IpAddr>,
    pub request_id: RequestId,
}

fn act(key: &KeyRecord, address: Option<String>, user_agent: Option<String>, request_id: Option<RequestId>) -> Act {
    let actor = Actor::Key { id: key.key_id.clone(), label: key.label.to_string() };
    Act { actor, address, user_agent, request_id, once: None }
}

fn target(key: &KeyRecord) -> Target {
    let target = Target::new("key", &key.key_id, &*key.label);
    match key.app_id() {
        Some(app) => target.of_app(app),
        None => target,
    }
}

impl Store {
    pub async fn record_usage(&self, mut used: Vec<Used>, refused: Vec<Refused>) -> Result<()> {
        if used.is_empty() && refused.is_empty() {
            return Ok(());
        }
        let store = self.clone();
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            // Keys before chains, each in one order: so do all other writes, and PostgreSQL finds no deadlock.
            used.sort_by(|one, other| one.key.key_id.cmp(&other.key.key_id));
            let mut first_uses = Vec::new();
            for used in used {
                if tx.touch_last_used(&used.key.key_id, used.at).await? {
                    first_uses.push(used);
                }
            }
            for org in orgs(&first_uses, &refused) {
                for Used { key, address, user_agent, .. } in
                    first_uses.iter().filter(|used| used.key.owner.org_id == org)
                {
                    tx.act_as(act(key, address.clone(), user_agent.clone(), None));
                    tx.record(NewEvent::of(&org, Action::KeyFirstUsed, target(key))).await?;
                }
                for refused in refused.iter().filter(|refused| refused.key.owner.org_id == org) {
                    tx.record_refusal(refused).await?;
                }
            }
            tx.commit_counts().await
        })
        .await
    }
}

/// The organizations of a batch, each once and in order.
fn orgs(first_uses: &[Used], refused: &[Refused]) -> BTreeSet<OrgId> {
    let used = first_uses.iter().map(|used| used.key.owner.org_id.clone());
    used.chain(refused.iter().map(|refused| refused.key.owner.org_id.clone())).collect()
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

    async fn record_refusal(&mut self, refused: &Refused) -> Result<()> {
        let Refused { key, verdict, passed, times, address, user_agent, ip, request_id } = refused;
        self.act_as(act(key, address.clone(), user_agent.clone(), Some(request_id.clone())));
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
