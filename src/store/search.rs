//! Finding things by what people remember of them: a name, a label, how an id begins, or a whole key.

use super::{
    Store,
    like::{escaped, spellings},
    row::Read,
};
use crate::{
    Result,
    id::{KeyId, OrgId, UserId},
    key::secret::Checked,
};

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Organization,
    Tenant,
    Project,
    App,
    Key,
}

impl Kind {
    /// In the order in which they are shown.
    pub const ALL: [Self; 5] = [Self::App, Self::Key, Self::Project, Self::Tenant, Self::Organization];
}

/// A thing that a person may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub kind: Kind,
    pub id: String,
    pub name: String,
    /// What it is in: the organization last.
    pub within: Vec<String>,
    /// A key that was revoked.
    pub revoked: bool,
}

/// Of each kind.
const MOST: usize = 8;

/// How each kind is asked for: name, what else may match, what it is in, whether it is over, where it stands.
fn parts(kind: Kind) -> [&'static str; 6] {
    match kind {
        Kind::Organization => ["o.id", "o.name", "''", "''", "0", ""],
        Kind::Tenant => ["t.id", "t.name", "''", "''", "0", "JOIN tenants t ON t.org_id = o.id"],
        Kind::Project => {
            let from = "JOIN projects p ON p.org_id = o.id JOIN tenants t ON t.id = p.tenant_id";
            ["p.id", "p.name", "''", "t.name", "0", from]
        }
        Kind::App => {
            let from = "JOIN apps a ON a.org_id = o.id JOIN projects p ON p.id = a.project_id";
            ["a.id", "a.name", "COALESCE(a.bundle_id, '')", "p.name", "0", from]
        }
        Kind::Key => {
            let from = "JOIN keys k ON k.org_id = o.id LEFT JOIN apps a ON a.id = k.app_id \
                LEFT JOIN users u ON u.id = k.owner_id";
            let revoked = "CASE WHEN k.revoked_at IS NULL THEN 0 ELSE 1 END";
            ["k.id", "k.label", "k.shown", "COALESCE(a.name, u.name, '')", revoked, from]
        }
    }
}

impl Store {
    /// What a person may see and calls by these words, a few of each kind: those that begin with them first, and of
    /// those the ones of `near`.
    pub async fn search(&self, user: &UserId, near: Option<&OrgId>, words: &str) -> Result<Vec<Found>> {
        let words = words.trim();
        // PostgreSQL refuses NUL, and nothing of ours is called by what can't be seen.
        if words.is_empty() || words.contains(char::is_control) {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for kind in Kind::ALL {
            found.extend(self.search_kind(kind, user, near, words).await?);
        }
        Ok(found)
    }

    async fn search_kind(&self, kind: Kind, user: &UserId, near: Option<&OrgId>, words: &str) -> Result<Vec<Found>> {
        let [id, name, more, place, revoked, from] = parts(kind);
        // Each spelling matches as it stands, or in small letters; what begins with one comes first.
        let mut values = vec![user.to_string(), near.map(ToString::to_string).unwrap_or_default()];
        let mut within = Vec::new();
        let (mut begins, mut word_begins) = (Vec::new(), Vec::new());
        for words in spellings(words) {
            let words = escaped(&words);
            let mut number = |pattern: String| {
                values.push(pattern);
                values.len()
            };
            let [any, first, word] =
                [format!("%{words}%"), format!("{words}%"), format!("% {words}%")].map(&mut number);
            within.push(format!(
                "lower({name}) LIKE ${any} ESCAPE '!' OR {name} LIKE ${any} ESCAPE '!' \
                 OR lower({more}) LIKE ${any} ESCAPE '!' OR lower({id}) LIKE ${first} ESCAPE '!'"
            ));
            begins.push(format!("lower({name}) LIKE ${first} ESCAPE '!' OR {name} LIKE ${first} ESCAPE '!'"));
            word_begins.push(format!("lower({name}) LIKE ${word} ESCAPE '!' OR {name} LIKE ${word} ESCAPE '!'"));
        }
        let [within, begins, word_begins] = [within, begins, word_begins].map(|parts| parts.join(" OR "));
        let sql = format!(
            "SELECT {id} AS id, {name} AS name, {place} AS place, o.name AS org, \
             CAST({revoked} AS BIGINT) AS revoked \
             FROM members m JOIN orgs o ON o.id = m.org_id {from} WHERE m.user_id = $1 AND ({within}) \
             ORDER BY CASE WHEN {begins} THEN 0 WHEN {word_begins} THEN 1 ELSE 2 END, \
             CASE WHEN o.id = $2 THEN 0 ELSE 1 END, revoked, lower({name}), {id} LIMIT {MOST}"
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql));
        let rows = values.into_iter().fold(query, sqlx::query::Query::bind).fetch_all(self.read()).await?;
        let mut found = Vec::new();
        for row in &rows {
            let (id, name) = (row.text("id")?, row.text("name")?);
            let within =
                [row.text("place")?, if kind == Kind::Organization { String::new() } else { row.text("org")? }];
            let within = within.into_iter().filter(|place| !place.is_empty()).collect();
            found.push(Found { kind, id, name, within, revoked: row.flag("revoked")? });
        }
        Ok(found)
    }

    /// The key with this secret, if it belongs to an organization of the person. Found as a verifier finds it, by the
    /// digest alone.
    pub async fn key_by_secret_for(&self, user: &UserId, secret: Checked<'_>) -> Result<Option<KeyId>> {
        for digest in self.digests(secret) {
            let row = sqlx::query(
                "SELECT k.id FROM keys k JOIN members m ON m.org_id = k.org_id WHERE m.user_id = $1 AND k.digest = $2",
            )
            .bind(user.to_string())
            .bind(digest.0.to_vec())
            .fetch_optional(self.read())
            .await?;
            if let Some(row) = row {
                return Ok(Some(KeyId::stored(row.text("id")?)));
            }
        }
        Ok(None)
    }
}
