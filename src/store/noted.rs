//! Refused acts and exports, written in batches.

use super::{Store, detached};
use crate::{
    Result,
    audit::{Act, Actor, NewEvent},
};

impl Store {
    /// Writes what was noted. They come by chain: each chain is taken once and in order, as all other writes take them.
    pub async fn record_noted(&self, noted: Vec<(Act, NewEvent)>) -> Result<()> {
        if noted.is_empty() {
            return Ok(());
        }
        let store = self.clone();
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            for (act, event) in noted {
                tx.act_as(act);
                tx.record(event).await?;
            }
            tx.commit().await
        })
        .await
    }
}
