//! Refused acts and exports, written in batches.

use super::{Store, detached};
use crate::{
    Result,
    audit::{Act, Actor, NewEvent},
};

impl Store {
    /// Writes the batches, grouped by chain: each chain is locked once and in order, as in all other writes.
    pub async fn record_noted(&self, noted: Vec<(Act, NewEvent)>) -> Result<()> {
        if noted.is_empty() {
            return Ok(());
        }
        let store = self.clone();
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            for of_chain in noted.chunk_by(|(_, one), (_, next)| one.chain() == next.chain()) {
                tx.record_others(of_chain[0].1.chain(), of_chain.to_vec()).await?;
            }
            tx.commit_counts().await
        })
        .await
    }
}
