//! When root tokens were last used.

use super::{
    Store, detached,
    rows::{Cell, MOST_ROWS},
};
use crate::{
    Result, Timestamp,
    audit::{Act, Actor},
    id::TokenId,
};

impl Store {
    /// Writes when these root tokens were used, ordered by their ids. An older time never replaces a newer one; tokens
    /// that were deleted in the meantime are skipped.
    pub async fn record_token_uses(&self, uses: Vec<(TokenId, Timestamp)>) -> Result<()> {
        let store = self.clone();
        detached(async move {
            for part in uses.chunks(MOST_ROWS) {
                let rows: Vec<[Cell; 2]> =
                    part.iter().map(|(token, at)| [token.to_string().into(), at.micros().into()]).collect();
                let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
                let statement = "INSERT INTO token_uses (token_id, last_at) \
                    SELECT t.id, v.at FROM v JOIN root_tokens t ON t.id = v.token_id WHERE v.n > 0 ORDER BY v.n \
                    ON CONFLICT (token_id) DO UPDATE SET last_at = excluded.last_at \
                    WHERE token_uses.last_at < excluded.last_at";
                store.with_rows(["token_id", "at"], rows, statement).execute(tx.on()).await?;
                tx.commit_counts().await?;
            }
            Ok(())
        })
        .await
    }
}
