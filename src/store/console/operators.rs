//! Who operates the portal.

use super::super::{Store, detached, row::Read, tx::Note};
use crate::{
    Error, Result,
    audit::{Act, Action, NewEvent, SYSTEM, Target},
    user::User,
};

impl Store {
    /// Makes a person an operator, or no longer; `false` if nothing changed. Their sessions end when they no longer
    /// are one, so that nothing in progress outlasts it. The last operator can't be removed.
    pub async fn set_operator(&self, act: &Act, user: &User, operator: bool) -> Result<bool> {
        let (store, act, user) = (self.clone(), act.clone(), user.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            // Concurrent calls wait here, so that they can't remove the last two operators.
            tx.lock_chain(SYSTEM).await?;
            tx.needs_operator().await?;
            let changed = sqlx::query("UPDATE users SET operator = $1 WHERE id = $2 AND operator <> $1 RETURNING id")
                .bind(i64::from(operator))
                .bind(user.id.to_string());
            if changed.fetch_optional(tx.on()).await?.is_none() {
                return Ok(false);
            }
            let others = sqlx::query("SELECT COUNT(*) AS n FROM users WHERE operator = 1 AND disabled_at IS NULL");
            if others.fetch_one(tx.on()).await?.int("n")? == 0 {
                return Err(Error::Forbidden("This is the last operator; the portal needs at least one."));
            }
            tx.notes(Note::Person(user.id.clone()));
            let action = if operator { Action::OperatorAdded } else { Action::OperatorRemoved };
            let mut event = NewEvent::of_system(action, Target::new("user", &user.id, &user.name));
            if !operator {
                let ended = tx.end_sessions(&user.id).await?;
                event = event.with(serde_json::json!({ "sessions_ended": ended }));
            }
            tx.record(event).await?;
            tx.commit().await?;
            Ok(true)
        })
        .await
    }
}
