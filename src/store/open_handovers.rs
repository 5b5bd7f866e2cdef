//! Hand-over links that wait to be opened: listed with their key, and withdrawn.

use serde_json::json;
use sqlx::any::AnyRow;

use super::{Store, detached, handovers::MOST_OPEN, keys, row::Read};
use crate::{
    Error, Result, Timestamp,
    audit::{Act, Action, NewEvent},
    id::{HandoverId, KeyId},
    key::Key,
};

/// A link that opens a key's credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenHandover {
    pub id: HandoverId,
    /// Who made it.
    pub by: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// The address of the one member who can open it.
    pub only_for: Option<String>,
    pub has_passphrase: bool,
}

impl Store {
    /// Those of a key, newest first.
    pub async fn open_handovers(&self, key: &KeyId) -> Result<Vec<OpenHandover>> {
        let sql = format!(
            "SELECT h.id, h.created_at, h.expires_at, h.passphrase_hash, COALESCE(b.name, '') AS by_name, f.email AS only_for \
             FROM handovers h LEFT JOIN users b ON b.id = h.created_by LEFT JOIN users f ON f.id = h.user_id \
             WHERE h.key_id = $1 AND h.sealed IS NOT NULL AND h.expires_at > $2 AND h.tries > 0 \
             ORDER BY h.created_at DESC, h.id LIMIT {MOST_OPEN}"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(key.to_string()).bind(self.now().micros());
        rows.fetch_all(self.read()).await?.iter().map(open_handover).collect()
    }

    /// Ends a link of this key before it was opened.
    pub async fn withdraw_handover(&self, act: &Act, key: &Key, id: &HandoverId) -> Result<()> {
        let (store, act, key, id) = (self.clone(), act.clone(), key.clone(), id.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let key = tx.held_to_change(&key).await?;
            let withdrawn = sqlx::query(
                "UPDATE handovers SET sealed = NULL, passphrase_hash = NULL \
                 WHERE id = $1 AND key_id = $2 AND sealed IS NOT NULL AND expires_at > $3",
            );
            let withdrawn = withdrawn.bind(id.to_string()).bind(key.id.to_string()).bind(tx.now().micros());
            if withdrawn.execute(tx.on()).await?.rows_affected() == 0 {
                return Err(Error::Conflict {
                    code: "handover_ended",
                    message: "This link was opened, or has ended.".to_owned(),
                });
            }
            let event = NewEvent::of(&key.org_id, Action::HandoverWithdrawn, keys::target(&key));
            tx.record(event.with(json!({ "handover": id.as_str() }))).await?;
            tx.commit().await
        })
        .await
    }
}

fn open_handover(row: &AnyRow) -> Result<OpenHandover> {
    Ok(OpenHandover {
        id: HandoverId::stored(row.text("id")?),
        by: row.text("by_name")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
        only_for: row.text_opt("only_for")?,
        has_passphrase: row.text_opt("passphrase_hash")?.is_some(),
    })
}
