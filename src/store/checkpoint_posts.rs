//! Which checkpoints were sent over HTTP.

use serde_json::json;

use super::{
    Store,
    checkpoints::{StoredCheckpoint, checkpoint},
    detached,
};
use crate::{
    Result,
    audit::{Act, Actor},
};

impl StoredCheckpoint {
    /// A line of JSON, with its end.
    pub fn json_line(&self) -> String {
        format!("{}\n", json!({ "chain": self.chain, "size": self.size, "at": self.at, "note": self.note }))
    }
}

impl Store {
    /// The oldest checkpoints that were not sent over HTTP.
    pub async fn unposted_checkpoints(&self, limit: u32) -> Result<Vec<StoredCheckpoint>> {
        let rows = sqlx::query(
            "SELECT chain, size, root, note, at FROM checkpoints WHERE posted_at IS NULL ORDER BY at, chain, size LIMIT $1",
        );
        rows.bind(i64::from(limit)).fetch_all(self.read()).await?.iter().map(checkpoint).collect()
    }

    /// Notes that a checkpoint was sent over HTTP.
    pub async fn checkpoint_posted(&self, posted: StoredCheckpoint) -> Result<()> {
        let store = self.clone();
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            sqlx::query("UPDATE checkpoints SET posted_at = $3 WHERE chain = $1 AND size = $2 AND note = $4")
                .bind(posted.chain)
                .bind(posted.size)
                .bind(tx.now().micros())
                .bind(posted.note)
                .execute(tx.on())
                .await?;
            tx.commit_counts().await
        })
        .await
    }
}
