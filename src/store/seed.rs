//! Creates many keys, and counts of their usage, at once for benchmarks.

use serde_json::json;

use super::{Store, detached};
use crate::{
    Result,
    app::App,
    audit::{Act, Action, Actor, NewEvent, Target},
    id::{AppId, KeyId},
    key::{Holder, NewKey, PlainSecret},
};

/// All columns of an issued key except its id.
const COPY: &str = "INSERT INTO keys (id, org_id, app_id, label, environment, mode, scopes, created_at, created_by, \
    expires_at, label_folded) \
    SELECT $1, org_id, app_id, label, environment, mode, scopes, created_at, created_by, \
    expires_at, label_folded FROM keys WHERE id = $2";

/// Marked as used, so that there are no events of first uses.
const USED: &str = "INSERT INTO key_uses (key_id, first_at, last_at) VALUES ($1, $2, $2)";

/// Days of the last thirty days until `$1`, and hours, for the places of `p`.
const USAGE: &str = "WITH RECURSIVE hours(h) AS (SELECT 0 UNION ALL SELECT h + 1 FROM hours WHERE h < 719), \
    spans(span, at) AS (SELECT 3600, $1 - h * 3600000000 FROM hours WHERE h < $3 UNION ALL \
    SELECT 86400, $1 - $1 % 86400000000 - h * 86400000000 FROM hours WHERE h < 30) \
    INSERT INTO usage_counts (place, span, at, code, scope, n) SELECT p.place, s.span, s.at, 'valid', 'read', 7 ";

/// Days that are counted of each place.
const DAYS: i64 = 30;

/// Keys whose usage is written at once.
const KEYS_AT_ONCE: i64 = 200;

impl Store {
    /// Writes counts of the last thirty days for keys of an app until there are about so many rows, with so many hours of each
    /// (720 are all of these days); and for the app and its organization, whose counts do not depend on that. Returns the
    /// number of keys.
    pub async fn fill_usage(&self, app: &AppId, rows: i64, hours: i64) -> Result<i64> {
        let hour = self.now().micros() / 3_600_000_000 * 3_600_000_000;
        let keys = rows / (hours + DAYS);
        let (places, of_keys) = (
            "(SELECT id AS place FROM apps WHERE id = $2 UNION ALL SELECT org_id FROM apps WHERE id = $2) p, spans s",
            "(SELECT k.id AS place FROM keys k JOIN key_uses u ON u.key_id = k.id WHERE k.app_id = $2 \
                ORDER BY u.last_at DESC, k.id LIMIT $4 OFFSET $5) p, spans s",
        );
        for from in std::iter::once(None).chain((0..keys).step_by(KEYS_AT_ONCE as usize).map(Some)) {
            let (store, app) = (self.clone(), app.to_string());
            detached(async move {
                let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
                let sql = format!("{USAGE} FROM {}", if from.is_some() { of_keys } else { places });
                let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(hour).bind(app);
                let query = query.bind(if from.is_some() { hours } else { 24 * DAYS });
                let query = match from {
                    Some(from) => query.bind(KEYS_AT_ONCE.min(keys - from)).bind(from),
                    None => query,
                };
                query.execute(tx.on()).await?;
                tx.commit_counts().await
            })
            .await?;
        }
        Ok(keys)
    }

    /// Issues a key like [`Store::issue_key`], and `count - 1` copies of it in the same transaction with one event
    /// for all. Returns their secrets.
    pub async fn issue_many(&self, act: &Act, app: &App, new: &NewKey, count: usize) -> Result<Vec<PlainSecret>> {
        let (store, act, app, new) = (self.clone(), act.clone(), app.clone(), new.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let prefix = new.environment.prefix.clone();
            let first = tx.insert_key(&store, Holder::App(app.clone()), new, None).await?;
            let template = first.key.id.to_string();
            let mut secrets = vec![first.secret];
            while secrets.len() < count {
                let secret = PlainSecret::mint(&prefix, store.entropy());
                let id = KeyId::mint(store.entropy());
                sqlx::query(COPY).bind(id.to_string()).bind(template.clone()).execute(tx.on()).await?;
                tx.add_key_secret(&id, &secret).await?;
                sqlx::query(USED).bind(id.to_string()).bind(store.now().micros()).execute(tx.on()).await?;
                secrets.push(secret);
            }
            let target = Target::new("app", &app.id, &app.name).of_app(&app.id);
            let event = NewEvent::of(&app.org_id, Action::KeyGenerated, target);
            tx.record(event.with(json!({ "keys": count }))).await?;
            tx.commit().await?;
            Ok(secrets)
        })
        .await
    }
}
