//! What verifiers saw, written in batches: nothing is written while a request waits.

use std::sync::Arc;

use serde_json::json;

use super::{Store, detached};
use crate::{
    Result, Timestamp,
    audit::{Act, Action, Actor, NewEvent, Target},
    id::RequestId,
    key::verdict::{KeyRecord, Verdict},
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
    pub times: u64,
    pub address: Option<String>,
    pub user_agent: Option<String>,
    pub request_id: RequestId,
}

fn act(key: &KeyRecord, address: Option<String>, user_agent: Option<String>, request_id: Option<RequestId>) -> Act {
    let actor = Actor::Key { id: key.key_id.clone(), label: key.label.clone() };
    Act { actor, address, user_agent, request_id }
}

impl Store {
    pub async fn record_usage(&self, used: Vec<Used>, refused: Vec<Refused>) -> Result<()> {
        if used.is_empty() && refused.is_empty() {
            return Ok(());
        }
        let store = self.clone();
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            for Used { key, at, address, user_agent } in used {
                let first = sqlx::query(
                    "UPDATE keys SET last_used_at = $1 WHERE id = $2 AND last_used_at IS NULL RETURNING id",
                )
                .bind(at.micros())
                .bind(key.key_id.to_string())
                .fetch_optional(tx.on())
                .await?;
                if first.is_some() {
                    tx.act_as(act(&key, address, user_agent, None));
                    let target = Target::new("key", &key.key_id, &key.label).of_app(&key.app_id);
                    tx.record(NewEvent::of(&key.org_id, Action::KeyFirstUsed, target)).await?;
                    continue;
                }
                sqlx::query("UPDATE keys SET last_used_at = $1 WHERE id = $2 AND last_used_at < $1")
                    .bind(at.micros())
                    .bind(key.key_id.to_string())
                    .execute(tx.on())
                    .await?;
            }
            for Refused { key, verdict, times, address, user_agent, request_id } in refused {
                tx.act_as(act(&key, address, user_agent, Some(request_id)));
                let target = Target::new("key", &key.key_id, &key.label).of_app(&key.app_id);
                let event = NewEvent::of(&key.org_id, Action::RequestRefused, target).refused(verdict.status());
                tx.record(event.with(json!({ "code": verdict.code(), "times": times }))).await?;
            }
            tx.commit_counts().await
        })
        .await
    }
}
