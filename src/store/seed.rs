//! Creates many keys at once, for benchmarks. Not in the released binary.

use serde_json::json;

use super::{Store, detached};
use crate::{
    Result,
    app::App,
    audit::{Act, Action, NewEvent, Target},
    id::KeyId,
    key::{Holder, NewKey, PlainSecret},
};

/// All columns of an issued key except its id.
const COPY: &str = "INSERT INTO keys (id, org_id, app_id, label, environment, mode, scopes, created_at, created_by, \
    expires_at, label_folded) \
    SELECT $1, org_id, app_id, label, environment, mode, scopes, created_at, created_by, \
    expires_at, label_folded FROM keys WHERE id = $2";

/// Marked as used, so that there are no events of first uses.
const USED: &str = "INSERT INTO key_uses (key_id, first_at, last_at) VALUES ($1, $2, $2)";

impl Store {
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
