//! A new master key: everything sealed is sealed again, a few rows at a time, while servers serve. Each step can be repeated: the
//! database says how far it came, and each value with which key it is sealed.

use serde_json::json;
use sqlx::any::AnyRow;

use super::{KnownMasterKey, MasterKeyState, Store, detached, retried, row::Read, sealed_rows, tx::Tx};
use crate::{
    Error, Result,
    audit::{Act, Action, NewEvent, SYSTEM, Target},
    vault::{Fingerprint, MissingKey},
};

fn conflict(code: &'static str, message: String) -> Error {
    Error::Conflict { code, message }
}

fn event(action: Action, key: Fingerprint) -> NewEvent {
    let print = key.to_string();
    NewEvent::of_system(action, Target::new("master_key", &print, &print))
}

impl Store {
    /// Tells servers to read a key that will seal soon. Fails while the key before is still being replaced.
    pub async fn announce_master_key(&self, act: &Act, new: Fingerprint) -> Result<()> {
        if !self.vault().finds(new) {
            return Err(MissingKey(new).into());
        }
        let (store, act) = (self.clone(), act.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(SYSTEM).await?;
            tx.needs_operator().await?;
            let known = tx.master_keys().await?;
            if let Some(key) = known.iter().find(|key| key.state == MasterKeyState::Retiring) {
                let message = format!("The master key {} is still being replaced.", key.fingerprint);
                return Err(conflict("rekey_in_progress", message));
            }
            if known.iter().any(|key| key.state == MasterKeyState::Current && key.fingerprint == new) {
                return Err(conflict("current_master_key", format!("The master key {new} seals already.")));
            }
            // Somebody may have it, which is why it was replaced.
            let is_former = |state| matches!(state, MasterKeyState::Retired | MasterKeyState::Removed);
            if known.iter().any(|key| key.fingerprint == new && is_former(key.state)) {
                let message =
                    format!("The master key {new} was replaced before; it does not seal again. Make a new one.");
                return Err(conflict("former_master_key", message));
            }
            // One that was announced and never used.
            sqlx::query("DELETE FROM master_keys WHERE state = 'coming' AND fingerprint <> $1")
                .bind(new.to_string())
                .execute(tx.on())
                .await?;
            // It may have been announced before.
            sqlx::query(
                "INSERT INTO master_keys (fingerprint, state, since) VALUES ($1, 'coming', $2) \
                 ON CONFLICT (fingerprint) DO UPDATE SET state = 'coming', since = excluded.since",
            )
            .bind(new.to_string())
            .bind(tx.now().micros())
            .execute(tx.on())
            .await?;
            tx.commit_counts().await
        })
        .await
    }

    /// From the commit on everything is sealed with the announced key. Who seals with the one of before at the moment is waited
    /// for.
    pub async fn change_master_key(&self, act: &Act, new: Fingerprint) -> Result<()> {
        let (store, act) = (self.clone(), act.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            // Before the keys, as whoever makes a key of this chain does.
            tx.lock_chain(SYSTEM).await?;
            tx.needs_operator().await?;
            let now = tx.now().micros();
            let old = sqlx::query(
                "UPDATE master_keys SET state = 'retiring', since = $1 WHERE state = 'current' RETURNING fingerprint",
            );
            let old = old.bind(now).fetch_one(tx.on()).await?.text("fingerprint")?;
            let changed = sqlx::query(
                "UPDATE master_keys SET state = 'current', since = $1 WHERE state = 'coming' AND fingerprint = $2",
            );
            if changed.bind(now).bind(new.to_string()).execute(tx.on()).await?.rows_affected() == 0 {
                return Err(conflict("not_announced", format!("The master key {new} was not announced.")));
            }
            tx.record(event(Action::MasterKeyChanged, new).with(json!({ "before": old }))).await?;
            tx.commit().await?;
            store.vault().use_key(new);
            Ok(())
        })
        .await
    }

    /// Seals what is left under other keys with the current one. `progress` gets the name of each table and how many values of it
    /// were sealed so far. Returns how many there were.
    pub async fn seal_all_again(&self, act: &Act, mut progress: impl FnMut(&'static str, u64)) -> Result<u64> {
        let mut all = 0;
        for column in &sealed_rows::ALL {
            let (mut sealed, mut from) = (0, Some(String::new()));
            while let Some(start) = from.take() {
                let batch = retried(|| async {
                    let mut tx = self.begin(act).await?;
                    let batch = tx.seal_again(column, &start).await?;
                    tx.commit_counts().await?;
                    Ok(batch)
                })
                .await?;
                sealed += batch.sealed;
                from = batch.next;
                progress(column.table, sealed);
            }
            all += sealed;
        }
        Ok(all)
    }

    /// The end: nothing is sealed with the keys of before any more, and nobody has anything in memory that is. Fails if something
    /// is left.
    pub async fn retire_master_keys(&self, act: &Act) -> Result<()> {
        let (store, act) = (self.clone(), act.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(SYSTEM).await?;
            tx.needs_operator().await?;
            let current = tx.sealing_key().await?;
            tx.needs_nothing_left(current).await?;
            let retired = sqlx::query(
                "UPDATE master_keys SET state = 'retired', since = $1 WHERE state = 'retiring' RETURNING fingerprint",
            );
            let retired = retired.bind(tx.now().micros()).fetch_all(tx.on()).await?;
            if retired.is_empty() {
                return tx.commit_counts().await;
            }
            let retired = retired.iter().map(print_of).collect::<Result<Vec<_>>>()?;
            // Verifiers have signing secrets as they were sealed.
            tx.touches_everything();
            tx.record(event(Action::MasterKeyReplaced, current).with(json!({ "retired": retired }))).await?;
            tx.commit().await
        })
        .await
    }

    /// Servers forget the keys that nothing is sealed with: what was marked with them, such as a link in a mail, is refused from
    /// then on. Returns which they are.
    pub async fn remove_master_keys(&self, act: &Act) -> Result<Vec<String>> {
        let (store, act) = (self.clone(), act.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(SYSTEM).await?;
            tx.needs_operator().await?;
            let current = tx.sealing_key().await?;
            tx.needs_nothing_left(current).await?;
            let removed = sqlx::query(
                "UPDATE master_keys SET state = 'removed', since = $1 WHERE state = 'retired' RETURNING fingerprint",
            );
            let removed = removed.bind(tx.now().micros()).fetch_all(tx.on()).await?;
            let removed = removed.iter().map(print_of).collect::<Result<Vec<_>>>()?;
            if removed.is_empty() {
                tx.commit_counts().await?;
                return Ok(removed);
            }
            tx.record(event(Action::MasterKeyRemoved, current).with(json!({ "removed": removed }))).await?;
            tx.commit().await?;
            Ok(removed)
        })
        .await
    }

    /// How many values are sealed with another key than the current one.
    pub async fn sealed_otherwise(&self) -> Result<i64> {
        let current = self.vault().fingerprint();
        let mut left = 0;
        for column in &sealed_rows::ALL {
            left += column.left(self.read(), current).await?;
        }
        Ok(left)
    }
}

fn print_of(row: &AnyRow) -> Result<String> {
    row.text("fingerprint")
}

impl Tx {
    async fn master_keys(&mut self) -> Result<Vec<KnownMasterKey>> {
        super::master_keys::known(self.on()).await
    }

    async fn needs_nothing_left(&mut self, current: Fingerprint) -> Result<()> {
        let mut left = 0;
        for column in &sealed_rows::ALL {
            left += column.left(self.on(), current).await?;
        }
        if left > 0 {
            let message =
                format!("{left} values are still sealed with another master key; run `sallyport rekey` again.");
            return Err(conflict("rekey_in_progress", message));
        }
        Ok(())
    }
}
