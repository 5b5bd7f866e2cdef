//! Accounts as operators see them.

use sqlx::any::AnyRow;

use super::{
    super::{Store, row::Read, users},
    ConsolePage, ConsoleQuery,
    list::Listed,
};
use crate::{Result, Timestamp, id::UserId, user::Account};

/// An account with its sessions.
#[derive(Clone, Debug)]
pub struct ConsoleUser {
    pub account: Account,
    /// Those in which the person is signed in now.
    pub sessions: i64,
    pub last_seen_at: Option<Timestamp>,
}

const USERS: Listed = Listed {
    columns: "x.*, \
        (SELECT MAX(s.last_seen_at) FROM sessions s WHERE s.user_id = x.id) AS last_seen_at, \
        (SELECT COUNT(*) FROM sessions s WHERE s.user_id = x.id AND s.expires_at > $3 \
            AND s.last_seen_at > $6) AS sessions",
    from: "(SELECT * FROM users WHERE erased_at IS NULL) x",
    matches: "(x.name_folded LIKE $1 ESCAPE '!' OR lower(x.email) LIKE $2 ESCAPE '!' OR lower(x.id) LIKE $2 ESCAPE '!')",
    statuses: &[
        ("active", "x.disabled_at IS NULL"),
        ("disabled", "x.disabled_at IS NOT NULL"),
        ("operator", "x.operator = 1"),
    ],
};

fn listed(row: &AnyRow) -> Result<ConsoleUser> {
    Ok(ConsoleUser {
        account: users::account(row)?,
        sessions: row.int("sessions")?,
        last_seen_at: row.time_opt("last_seen_at")?,
    })
}

impl Store {
    /// Accounts, newest first.
    pub async fn console_users(&self, query: &ConsoleQuery) -> Result<ConsolePage<ConsoleUser>> {
        self.console_page(&USERS, query, listed).await
    }

    /// The account with that id, disabled or not.
    pub async fn account(&self, id: &UserId) -> Result<Option<Account>> {
        let row = sqlx::query("SELECT * FROM users WHERE id = $1").bind(id.to_string());
        row.fetch_optional(self.read()).await?.as_ref().map(users::account).transpose()
    }
}
