//! What operators see and do across organizations: the pages below `/admin`.

mod apps;
mod audit;
mod every_event;
mod facts;
mod held;
mod jobs;
mod list;
mod mail;
mod operators;
mod orgs;
mod revocation;
mod tokens;
mod users;

pub use apps::ConsoleApp;
pub use every_event::EventEdge;
pub use facts::DatabaseFacts;
pub use jobs::ConsoleJob;
pub use list::{ConsolePage, ConsoleQuery};
pub use mail::{ConsoleMail, MailFacts};
pub use orgs::ConsoleOrg;
pub use revocation::KeysInForce;
pub use tokens::ConsoleToken;
pub use users::ConsoleUser;

use super::tx::Tx;
use crate::{Error, Result, audit::Actor};

/// How far the console counts: "1,000+" beyond it.
pub const COUNTED: i64 = 1_000;

impl Tx {
    /// Fails if the person is no longer an operator.
    pub(in crate::store) async fn needs_operator(&mut self) -> Result<()> {
        if self.actor().is_service_account() {
            return Err(Error::NotFound);
        }
        let Actor::User { id, .. } = self.actor().clone() else { return Ok(()) };
        if self.actor().personal_token().is_some() {
            return Err(Error::NotFound);
        }
        let operator = sqlx::query("SELECT 1 FROM users WHERE id = $1 AND operator = 1 AND disabled_at IS NULL")
            .bind(id.to_string())
            .fetch_optional(self.on())
            .await?;
        // Nothing that operators do is visible to others.
        operator.map(|_| ()).ok_or(Error::NotFound)
    }
}
