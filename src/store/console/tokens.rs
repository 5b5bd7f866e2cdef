//! Root tokens as operators see them.

use sqlx::any::AnyRow;

use super::{
    super::{Store, root_tokens::token, row::Read},
    ConsolePage, ConsoleQuery,
    list::Listed,
};
use crate::{Result, Timestamp, id::TokenId, root_token::RootToken};

/// A root token with the name of its organization, and its use.
#[derive(Clone, Debug)]
pub struct ConsoleToken {
    pub token: RootToken,
    /// `None` if it is valid for all organizations.
    pub org_name: Option<String>,
    /// To the minute; `None` if it was never used.
    pub last_used_at: Option<Timestamp>,
}

const TOKENS: Listed = Listed {
    columns: "x.*, o.name AS org_name, u.last_at AS last_used_at",
    from: "root_tokens x LEFT JOIN orgs o ON o.id = x.org_id LEFT JOIN token_uses u ON u.token_id = x.id",
    matches: "(lower(x.name) LIKE $2 ESCAPE '!' OR o.name_folded LIKE $1 ESCAPE '!' OR lower(x.id) LIKE $2 ESCAPE '!')",
    statuses: &[],
};

fn listed(row: &AnyRow) -> Result<ConsoleToken> {
    let last_used_at = row.time_opt("last_used_at")?;
    Ok(ConsoleToken { token: token(row)?, org_name: row.text_opt("org_name")?, last_used_at })
}

impl Store {
    /// Root tokens, newest first.
    pub async fn console_tokens(&self, query: &ConsoleQuery) -> Result<ConsolePage<ConsoleToken>> {
        self.console_page(&TOKENS, query, listed).await
    }

    /// The root token with that id, revoked or not.
    pub async fn token(&self, id: &TokenId) -> Result<Option<RootToken>> {
        let row = sqlx::query("SELECT * FROM root_tokens WHERE id = $1").bind(id.to_string());
        row.fetch_optional(self.read()).await?.as_ref().map(token).transpose()
    }
}
