//! Reads events for exports: oldest first, in chunks.

use sqlx::Row;

use super::{EventFilter, Store, events::event, grants::held, row::Read};
use crate::{
    Error, Result,
    audit::export::Exported,
    id::{AppId, OrgId, UserId},
    member::Held,
};

/// Events in memory at once.
const CHUNK: i64 = 500;

impl Store {
    /// The next matching events of an organization, or of one of its apps; empty at the end. The filter's own edges
    /// are ignored: `after` is where the previous chunk ended.
    pub async fn export(
        &self,
        org: &OrgId,
        app: Option<&AppId>,
        filter: &EventFilter,
        after: i64,
    ) -> Result<Vec<Exported>> {
        let from = EventFilter { before: None, after: Some(after), ..filter.clone() };
        let rows = self.event_rows(org.as_str(), app, &from, CHUNK).await?;
        rows.iter().map(|row| Ok(Exported { event: event(row)?, hash: row.try_get("hash")? })).collect()
    }

    /// The sequence number of a chain's newest event: where an export that starts now ends.
    pub async fn last_event(&self, chain: &str) -> Result<i64> {
        let head = sqlx::query("SELECT seq FROM chains WHERE name = $1").bind(chain.to_owned());
        head.fetch_optional(self.read()).await?.ok_or(Error::NotFound)?.int("seq")
    }

    /// A person's current roles in an organization, as long as this session is valid and the organization is open to it.
    pub async fn roles_in_session(&self, session: &[u8; 32], user: &UserId, org: &OrgId) -> Result<Held> {
        if !self.is_open_to(session, org).await? {
            return Ok(Held::default());
        }
        let rows = sqlx::query(
            "SELECT g.role, g.place_kind, g.place_id FROM sessions s JOIN users u ON u.id = s.user_id \
             JOIN grants g ON g.org_id = $4 AND g.subject = u.id \
             WHERE s.id_digest = $1 AND s.expires_at > $2 AND u.id = $3 AND u.disabled_at IS NULL",
        )
        .bind(session.to_vec())
        .bind(self.now().micros())
        .bind(user.to_string())
        .bind(org.to_string())
        .fetch_all(self.read())
        .await?;
        held(&rows, &[org.as_str()])
    }
}
