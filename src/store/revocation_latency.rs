//! Revocation latency: how soon after the commit every node refused the key.

use std::{pin::Pin, time::Duration};

use super::{Store, tx::Committed};
use crate::{
    Result,
    id::{KeyId, NodeId},
    key::Digest,
    node::{Confirmed, Refusal},
};

type Answer = Pin<Box<dyn Future<Output = Result<bool>> + Send>>;
pub(super) type RefusalCheck = Box<dyn Fn(Digest) -> Answer + Send + Sync>;

impl Store {
    /// Sets the check for whether a key is refused. There is one; a second is ignored.
    pub fn set_refusal_check<F>(&self, prover: impl Fn(Digest) -> F + Send + Sync + 'static)
    where
        F: Future<Output = Result<bool>> + Send + 'static,
    {
        let _ = self.0.prover.set(Box::new(move |digest| Box::pin(prover(digest))));
    }

    /// DeferredWrites how long it took from the commit until the key was refused with each of its secrets. The revocation does
    /// not depend on it: the response does not wait, and if the check fails the latency stays unknown.
    pub(super) fn measure_revocation(&self, key: &KeyId, digests: Vec<Digest>, committed: &Committed) {
        let Some(prover) = self.0.prover.get() else { return };
        let refusals: Vec<_> = digests.into_iter().map(prover).collect();
        let (store, key, at) = (self.clone(), key.to_string(), committed.at);
        let nodes = stored(&committed.confirmed);
        self.afterwards(async move {
            for refused in refusals {
                if !matches!(refused.await, Ok(true)) {
                    return;
                }
            }
            // The other nodes have confirmed it before.
            let took = at.elapsed();
            store.0.measures.revoked(took);
            let micros = i64::try_from(took.as_micros()).unwrap_or(i64::MAX);
            store.note(|waiting| {
                waiting.refused_after.insert(key, (micros, nodes));
            });
        });
    }
}

/// As it is stored. Nothing, if no node is known.
fn stored(confirmed: &Confirmed) -> Option<String> {
    let micros = |refusal| match refusal {
        Refusal::Applied(after) => Some(u64::try_from(after.as_micros()).unwrap_or(u64::MAX)),
        Refusal::Closed => None,
    };
    let nodes: Vec<_> = confirmed.nodes.iter().map(|(id, refusal)| (id, micros(*refusal))).collect();
    if nodes.is_empty() { None } else { serde_json::to_string(&nodes).ok() }
}

/// What can't be read is not shown.
pub(super) fn refused_by(stored: &str) -> Vec<(NodeId, Refusal)> {
    let nodes: Vec<(NodeId, Option<u64>)> = serde_json::from_str(stored).unwrap_or_default();
    let refusal =
        |micros: Option<u64>| micros.map_or(Refusal::Closed, |micros| Refusal::Applied(Duration::from_micros(micros)));
    nodes.into_iter().map(|(id, micros)| (id, refusal(micros))).collect()
}

pub(super) fn duration(micros: i64) -> Option<Duration> {
    u64::try_from(micros).ok().map(Duration::from_micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_comes_back() {
        let node = |id| NodeId::parse(id).expect("an id");
        let nodes =
            vec![(node("node_a"), Refusal::Applied(Duration::from_micros(3_100))), (node("node_b"), Refusal::Closed)];
        let text = stored(&Confirmed { nodes: nodes.clone(), journaled: true }).expect("two nodes");
        assert_eq!(text, r#"[["node_a",3100],["node_b",null]]"#);
        assert_eq!(refused_by(&text), nodes);
        assert_eq!(refused_by("damaged"), []);
        assert_eq!(stored(&Confirmed::default()), None);
    }
}
