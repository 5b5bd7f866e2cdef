//! Gives keys the state again that they had before the database was restored.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    super::{Store, detached, row::Read, tx::Tx},
    apply::Counts,
    wanted::{Commit, Wanted},
};
use crate::{
    Result,
    audit::{Act, Action, NewEvent, Target},
    id::{AppId, KeyId, OrgId},
    journal::{KeyState, SecretState},
};

/// Keys in a transaction.
const AT_ONCE: usize = 100;

const REASON: &str = "Revoked before the database was restored";

/// A key, and what it gets.
#[derive(Clone)]
struct KeyTask {
    id: KeyId,
    state: Option<(KeyState, Commit)>,
    narrowed: Option<Commit>,
    resumes: bool,
}

/// What was done to a key.
type Done = Vec<(Action, Value)>;

impl Store {
    /// Each part is a transaction: doing it again, after a kill, changes nothing that was done.
    pub(super) async fn apply_to_keys(&self, act: &Act, wanted: &Wanted, counts: &mut Counts) -> Result<()> {
        let ids: std::collections::BTreeSet<_> = wanted.keys.keys().chain(wanted.narrowed.keys()).collect();
        let tasks: Vec<_> = ids
            .into_iter()
            .map(|id| KeyTask {
                id: KeyId::stored(id.clone()),
                state: wanted.keys.get(id).cloned(),
                narrowed: wanted.narrowed.get(id).copied(),
                resumes: wanted.resumes,
            })
            .collect();
        for part in tasks.chunks(AT_ONCE) {
            let (store, act, part) = (self.clone(), act.clone(), part.to_vec());
            let done = detached(async move { apply(&store, &act, part).await }).await?;
            done.into_iter().for_each(|action| counts.add(action));
        }
        Ok(())
    }
}

async fn apply(store: &Store, act: &Act, part: Vec<KeyTask>) -> Result<Vec<Action>> {
    let mut tx = store.begin(act).await?;
    let mut events = BTreeMap::<String, Vec<NewEvent>>::new();
    for task in part {
        let found = sqlx::query("SELECT org_id, app_id, label FROM keys WHERE id = $1").bind(task.id.to_string());
        // One that was generated after the backup is lost, and so is nobody's.
        let Some(found) = found.fetch_optional(tx.on()).await? else { continue };
        let done = tx.apply_to_key(&task).await?;
        if done.is_empty() {
            continue;
        }
        tx.touches_key(&task.id).await?;
        let (org, app) = (OrgId::stored(found.text("org_id")?), found.text_opt("app_id")?.map(AppId::stored));
        let target = Target { app_id: app, ..Target::new("key", &task.id, found.text("label")?) };
        let of_org = events.entry(org.to_string()).or_default();
        for (action, details) in done {
            of_org.push(NewEvent::of(&org, action, target.clone()).with(details));
        }
    }
    let actions = events.values().flatten().map(|event| event.action).collect();
    if events.is_empty() {
        tx.commit_counts().await?;
        return Ok(actions);
    }
    for (org, of_org) in events {
        tx.record_others(&org, of_org.into_iter().map(|event| (act.clone(), event)).collect()).await?;
    }
    tx.commit().await?;
    Ok(actions)
}

impl Tx {
    async fn apply_to_key(&mut self, task: &KeyTask) -> Result<Done> {
        self.hold_key(&task.id).await?;
        let row = sqlx::query("SELECT revoked_at, paused_at, expires_at, created_at FROM keys WHERE id = $1");
        let row = row.bind(task.id.to_string()).fetch_one(self.on()).await?;
        if row.int_opt("revoked_at")?.is_some() {
            return Ok(Vec::new());
        }
        let mut done = Vec::new();
        let is_paused = row.int_opt("paused_at")?.is_some();
        let mut paused = None;
        if let Some((state, commit)) = &task.state {
            if let Some(at) = state.revoked {
                self.revoke_again(&task.id, at).await?;
                return Ok(vec![(Action::KeyRevoked, with(commit.details(), "reason", REASON.into()))]);
            }
            match (is_paused, state.paused) {
                (false, Some(at)) => paused = Some((at, *commit)),
                (true, None) if task.resumes => {
                    self.resume_again(&task.id).await?;
                    done.push((Action::KeyResumed, commit.details()));
                }
                _ => {}
            }
            let expires = row.int_opt("expires_at")?;
            if let Some(at) = state.expires.filter(|at| expires.is_none_or(|before| before > *at)) {
                let at = at.max(row.int("created_at")? + 1);
                let query = sqlx::query("UPDATE keys SET expires_at = $2 WHERE id = $1").bind(task.id.to_string());
                query.bind(at).execute(self.on()).await?;
                done.push((Action::KeyExpiryChanged, commit.details()));
            }
            done.extend(self.end_secrets_again(&task.id, state, *commit, task.resumes).await?);
        }
        if let (None, Some(commit), false) = (paused, task.narrowed, is_paused) {
            let why = "It could do less before the database was restored. Look at its settings, then resume it.";
            self.pause_again(&task.id, self.now().micros()).await?;
            done.push((Action::KeyPaused, with(commit.details(), "reason", why.into())));
        }
        if let Some((at, commit)) = paused {
            self.pause_again(&task.id, at).await?;
            done.push((Action::KeyPaused, commit.details()));
        }
        Ok(done)
    }

    async fn revoke_again(&mut self, key: &KeyId, at: i64) -> Result<()> {
        sqlx::query("UPDATE keys SET revoked_at = $2, revoked_by = $3, revoke_reason = $4 WHERE id = $1")
            .bind(key.to_string())
            .bind(at)
            .bind(self.actor().name().to_owned())
            .bind(REASON)
            .execute(self.on())
            .await?;
        self.end_all_secrets(key).await.map(drop)
    }

    async fn pause_again(&mut self, key: &KeyId, at: i64) -> Result<()> {
        let paused = sqlx::query("UPDATE keys SET paused_at = $2, paused_by = $3 WHERE id = $1").bind(key.to_string());
        paused.bind(at).bind(self.actor().name().to_owned()).execute(self.on()).await?;
        Ok(())
    }

    async fn resume_again(&mut self, key: &KeyId) -> Result<()> {
        let resumed = "UPDATE keys SET paused_at = NULL, paused_by = NULL, resumed_at = $2, idle_pause_since = NULL, \
                       leak_paused = 0 WHERE id = $1";
        sqlx::query(resumed).bind(key.to_string()).bind(self.now().micros()).execute(self.on()).await?;
        Ok(())
    }

    /// Ends the secrets that had ended, and lets those retire that were replaced. What replaced them is lost.
    async fn end_secrets_again(
        &mut self,
        key: &KeyId,
        state: &KeyState,
        commit: Commit,
        extends: bool,
    ) -> Result<Done> {
        let mut ended = 0;
        for (table, states) in [("key_secrets", &state.secrets), ("signing_secrets", &state.signing)] {
            let sql = format!("SELECT n, retires_at, created_at FROM {table} WHERE key_id = $1 AND ended_at IS NULL");
            let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(key.to_string()).fetch_all(self.on()).await?;
            for row in &rows {
                let (n, retires, created) = (row.int("n")?, row.int_opt("retires_at")?, row.int("created_at")?);
                let Some(SecretState { ended: was_ended, retires: retired, .. }) = after(states, n) else { continue };
                let set = match (was_ended, retired) {
                    (Some(_), _) if table == "key_secrets" => "ended_at = $3",
                    (Some(_), _) => "ended_at = $3, sealed = NULL",
                    (None, Some(at)) if retires.is_none_or(|before| before > at || extends && before < at) => {
                        "retires_at = $3"
                    }
                    _ => continue,
                };
                let at = was_ended.or(retired).unwrap_or_default().max(created + 1);
                let sql = format!("UPDATE {table} SET {set} WHERE key_id = $1 AND n = $2");
                let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(key.to_string()).bind(n).bind(at);
                query.execute(self.on()).await?;
                ended += 1;
            }
        }
        let newest = sqlx::query("SELECT MAX(n) AS n FROM key_secrets WHERE key_id = $1").bind(key.to_string());
        let newest = newest.fetch_one(self.on()).await?.int_opt("n")?;
        let is_lost = state.secrets.last().map(|secret| secret.n) > newest;
        if ended == 0 {
            return Ok(Vec::new());
        }
        let details = with(commit.details(), "secrets", ended.into());
        Ok(vec![(Action::KeySecretEnded, with(details, "newer_secret_is_lost", is_lost.into()))])
    }
}

/// A secret, as the journal has it. One that was deleted before, because it had ended long ago, is ended.
fn after(states: &[SecretState], n: i64) -> Option<SecretState> {
    match states.iter().find(|state| state.n == n) {
        Some(state) => Some(*state),
        None if states.iter().any(|state| state.n > n) => Some(SecretState { n, ended: Some(0), retires: None }),
        None => None,
    }
}

fn with(mut details: Value, name: &str, value: Value) -> Value {
    details[name] = json!(value);
    details
}
