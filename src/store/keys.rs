//! API keys: issued, listed, revoked.

use serde_json::json;
use sqlx::any::AnyRow;

use super::{Store, detached, is_taken, row::Read, tx::Tx};
use crate::{
    Error, Result, Timestamp,
    app::App,
    audit::{Act, Action, Actor, NewEvent, Target},
    id::{AppId, KeyId, OrgId, UserId},
    key::{Digest, Issued, Key, NewKey, PlainSecret, Revocation, SigningSecret},
    profile::Mode,
};

/// A page of keys, newest first.
#[derive(Clone, Debug)]
pub struct KeyPage {
    pub keys: Vec<(Key, String)>,
    pub total: i64,
    /// Where the page before and the page after begin.
    pub newer: Option<String>,
    pub older: Option<String>,
}

/// Which keys to list.
#[derive(Clone, Debug, Default)]
pub struct KeyFilter {
    pub include_revoked: bool,
    /// A cursor of a [`KeyPage`]: the keys older than it, or newer.
    pub before: Option<String>,
    pub after: Option<String>,
}

const PAGE: i64 = 25;

const COLUMNS: &str = "k.id, k.org_id, k.app_id, k.label, k.environment, k.mode, k.shown, k.scopes, \
    CASE WHEN k.signing_secret IS NULL THEN 0 ELSE 1 END AS signs, k.created_at, \
    (SELECT u.name FROM users u WHERE u.id = k.created_by) AS created_by, k.expires_at, \
    k.last_used_at, k.revoked_at, k.revoked_by, k.revoke_reason";

fn key(row: &AnyRow) -> Result<Key> {
    let revoked = match row.time_opt("revoked_at")? {
        None => None,
        Some(at) => Some(Revocation {
            at,
            by: row.text_opt("revoked_by")?.unwrap_or_default(),
            reason: row.text_opt("revoke_reason")?.unwrap_or_default(),
        }),
    };
    Ok(Key {
        id: KeyId::stored(row.text("id")?),
        org_id: OrgId::stored(row.text("org_id")?),
        app_id: AppId::stored(row.text("app_id")?),
        label: row.text("label")?,
        environment: row.text("environment")?,
        mode: row.word("mode", Mode::parse)?,
        shown: row.text("shown")?,
        scopes: scopes(&row.text("scopes")?),
        has_signing_secret: row.int("signs").or_else(|_| small_int(row, "signs"))? != 0,
        created_at: row.time("created_at")?,
        created_by: row.text_opt("created_by")?,
        expires_at: row.time_opt("expires_at")?,
        last_used_at: row.time_opt("last_used_at")?,
        revoked,
    })
}

/// PostgreSQL gives a literal as INTEGER, where SQLite knows BIGINT alone.
fn small_int(row: &AnyRow, column: &str) -> Result<i64> {
    Ok(sqlx::Row::try_get::<i32, _>(row, column)?.into())
}

pub(super) fn scopes(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// `created_at` and id, so that keys of one moment keep an order.
fn cursor(key: &Key) -> String {
    format!("{}.{}", key.created_at.micros(), key.id)
}

fn parse_cursor(text: &str) -> Option<(i64, KeyId)> {
    let (micros, id) = text.split_once('.')?;
    Some((micros.parse().ok()?, KeyId::parse(id)?))
}

impl Store {
    /// Issues a key: the one verb behind the panel, the API and the command line. The secrets are in the answer and
    /// nowhere else. A form that was sent before issues nothing.
    pub async fn issue_key(&self, act: &Act, app: &App, new: NewKey, form: Option<Vec<u8>>) -> Result<Issued> {
        let (store, act, app) = (self.clone(), act.clone(), app.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let issued = tx.insert_key(&store, app, new, form.clone()).await;
            if let (Err(Error::AlreadyIssued(_)), Some(form)) = (&issued, form) {
                // The failed insert ended the transaction on PostgreSQL: look outside it.
                drop(tx);
                return Err(Error::AlreadyIssued(store.key_of_form(form).await?));
            }
            let issued = issued?;
            tx.commit().await?;
            Ok(issued)
        })
        .await
    }

    async fn key_of_form(&self, form: Vec<u8>) -> Result<KeyId> {
        let row = sqlx::query("SELECT id FROM keys WHERE form_token = $1").bind(form).fetch_one(self.read()).await?;
        Ok(KeyId::stored(row.text("id")?))
    }

    /// Revokes a key. When this answers, every verifier of this process refuses it.
    /// Revoking twice changes nothing and is no error.
    pub async fn revoke_key(&self, act: &Act, key: &Key, reason: String) -> Result<()> {
        let (store, act, key) = (self.clone(), act.clone(), key.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let row = sqlx::query(
                "UPDATE keys SET revoked_at = $1, revoked_by = $2, revoke_reason = $3 \
                 WHERE id = $4 AND revoked_at IS NULL RETURNING digest",
            )
            .bind(store.now().micros())
            .bind(act.actor.name().to_owned())
            .bind(reason.clone())
            .bind(key.id.to_string())
            .fetch_optional(tx.on())
            .await?;
            let Some(row) = row else { return Ok(()) };
            tx.touches(digest(&row.bytes("digest")?)?);
            let target = Target::new("key", &key.id, &key.label).of_app(&key.app_id);
            let event = NewEvent::of(&key.org_id, Action::KeyRevoked, target);
            tx.record(event.with(json!({ "reason": reason }))).await?;
            tx.commit().await
        })
        .await
    }

    /// A key as a member of its organization sees it.
    pub async fn key_for(&self, user: &UserId, id: &KeyId) -> Result<Option<Key>> {
        let sql = sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM keys k JOIN members m ON m.org_id = k.org_id WHERE m.user_id = $1 AND k.id = $2"
        ));
        let row = sqlx::query(sql).bind(user.to_string()).bind(id.to_string()).fetch_optional(self.read()).await?;
        row.as_ref().map(key).transpose()
    }

    /// The keys of one app of an organization, or of all its apps, each with its app's name.
    pub async fn keys(&self, org: &OrgId, app: Option<&AppId>, filter: &KeyFilter) -> Result<KeyPage> {
        let before = filter.before.as_deref().and_then(parse_cursor);
        let after = filter.after.as_deref().and_then(parse_cursor);
        let backwards = after.is_some();
        let (at, id) = before.or(after).map_or((i64::MAX, String::new()), |(at, id)| (at, id.to_string()));
        // An app's own column where one is asked for, so that its index serves the page.
        let owner = if app.is_some() { "k.org_id = $1 AND k.app_id = $2" } else { "k.org_id = $1 AND $2 = ''" };
        let (compare, order) = if backwards { (">", "ASC") } else { ("<", "DESC") };
        let sql = sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS}, a.name AS app_name FROM keys k JOIN apps a ON a.id = k.app_id \
             WHERE {owner} AND ($3 = 1 OR k.revoked_at IS NULL) AND (k.created_at, k.id) {compare} ($4, $5) \
             ORDER BY k.created_at {order}, k.id {order} LIMIT {}",
            PAGE + 1
        ));
        let app = app.map(ToString::to_string).unwrap_or_default();
        let mut rows = sqlx::query(sql)
            .bind(org.to_string())
            .bind(app.clone())
            .bind(i64::from(filter.include_revoked))
            .bind(at)
            .bind(id)
            .fetch_all(self.read())
            .await?;
        let more = rows.len() > PAGE as usize;
        rows.truncate(PAGE as usize);
        if backwards {
            rows.reverse();
        }
        let keys = rows.iter().map(|row| Ok((key(row)?, row.text("app_name")?))).collect::<Result<Vec<_>>>()?;
        let (has_newer, has_older) = if backwards { (more, true) } else { (before_is(filter), more) };
        let newer = keys.first().filter(|_| has_newer).map(|(key, _)| cursor(key));
        let older = keys.last().filter(|_| has_older).map(|(key, _)| cursor(key));
        let total = self.count_keys(org, &app, filter.include_revoked).await?;
        Ok(KeyPage { keys, total, newer, older })
    }

    async fn count_keys(&self, org: &OrgId, app: &str, include_revoked: bool) -> Result<i64> {
        let owner = if app.is_empty() { "org_id = $1 AND $2 = ''" } else { "org_id = $1 AND app_id = $2" };
        let sql = sqlx::AssertSqlSafe(format!(
            "SELECT COUNT(*) AS n FROM keys WHERE {owner} AND ($3 = 1 OR revoked_at IS NULL)"
        ));
        let row = sqlx::query(sql)
            .bind(org.to_string())
            .bind(app.to_owned())
            .bind(i64::from(include_revoked))
            .fetch_one(self.read())
            .await?;
        row.int("n")
    }
}

fn before_is(filter: &KeyFilter) -> bool {
    filter.before.as_deref().and_then(parse_cursor).is_some()
}

pub(super) fn digest(bytes: &[u8]) -> Result<Digest> {
    bytes.try_into().map(Digest).map_err(|_| Error::Unavailable("a digest has the wrong length".to_owned()))
}

/// The one place where a sealed signing secret opens.
fn signing_context(id: &KeyId, version: i64) -> String {
    format!("signing:{id}:{version}")
}

impl Tx {
    async fn insert_key(&mut self, store: &Store, app: App, new: NewKey, form: Option<Vec<u8>>) -> Result<Issued> {
        let entropy = store.entropy();
        let id = KeyId::mint(entropy);
        let secret = PlainSecret::mint(&new.environment.prefix, entropy);
        let (digest, pepper) = store.0.peppers.digest(&secret);
        let signing_secret = new.signing_secret.then(|| SigningSecret::mint(entropy));
        let sealed = signing_secret
            .as_ref()
            .map(|secret| store.vault().seal(&signing_context(&id, 1), secret.expose().as_bytes(), entropy));
        let (created_by, creator) = match self.actor() {
            Actor::User { id, name, .. } => (Some(id.to_string()), Some(name.clone())),
            _ => (None, None),
        };
        let key = Key {
            id,
            org_id: app.org_id.clone(),
            app_id: app.id.clone(),
            label: new.label,
            environment: new.environment.name,
            mode: new.environment.mode,
            shown: secret.shown(),
            scopes: new.scopes,
            has_signing_secret: signing_secret.is_some(),
            created_at: store.now(),
            created_by: creator,
            expires_at: new.expires_at,
            last_used_at: None,
            revoked: None,
        };
        sqlx::query(
            "INSERT INTO keys (id, org_id, app_id, label, environment, mode, shown, digest, pepper, scopes, \
             form_token, signing_secret, created_at, created_by, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        )
        .bind(key.id.to_string())
        .bind(key.org_id.to_string())
        .bind(key.app_id.to_string())
        .bind(key.label.clone())
        .bind(key.environment.clone())
        .bind(key.mode.as_str())
        .bind(key.shown.clone())
        .bind(digest.0.to_vec())
        .bind(pepper)
        .bind(key.scopes.join(" "))
        .bind(form)
        .bind(sealed)
        .bind(key.created_at.micros())
        .bind(created_by)
        .bind(key.expires_at.map(Timestamp::micros))
        .execute(self.on())
        .await
        .map_err(|error| {
            if is_taken(&error, "keys_form_token_unique", "keys.form_token") {
                return Error::AlreadyIssued(key.id.clone());
            }
            error.into()
        })?;
        let target = Target::new("key", &key.id, &key.label).of_app(&key.app_id);
        let details = json!({ "environment": key.environment, "scopes": key.scopes, "shown": key.shown });
        self.record(NewEvent::of(&key.org_id, Action::KeyGenerated, target).with(details)).await?;
        Ok(Issued { key, app, secret, signing_secret })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededEntropy;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_comes_back(micros: i64, seed: u64) {
            let id = KeyId::mint(&SeededEntropy::new(seed));
            prop_assert_eq!(parse_cursor(&format!("{micros}.{id}")), Some((micros, id)));
        }

        #[test]
        fn no_cursor_is_too_strange(text in ".*|-?[0-9]{0,25}\\.(key_)?[0-9A-Za-z]{0,20}") {
            if let Some((_, id)) = parse_cursor(&text) {
                let cursor = text.split_once('.').expect("a point");
                prop_assert_eq!(cursor.1, id.as_str());
            }
        }
    }
}
