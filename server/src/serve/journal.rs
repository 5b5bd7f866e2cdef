//! The revocation journal of a server: compared before the first verdict, then kept.

use std::time::Duration;

use sallyport::{
    audit::{Act, Actor},
    store::{HowToRestore, Reconciled, Store},
};
use tokio::{sync::watch, time::sleep};

use super::greet::say;
use crate::{
    config::DataLocation,
    journals::{self, Found},
};

/// How often to look whether an operator has decided.
const EVERY: Duration = Duration::from_secs(1);

/// Compares. If something is not known, no key is judged from the start.
pub async fn compare(store: &Store, place: &DataLocation, portal: &str) -> Result<Found, String> {
    let found = journals::read(journals::folders(place), store.vault().clone()).await?;
    for warning in found.warnings() {
        tracing::error!("{warning}");
    }
    let how = HowToRestore { portal: portal.to_owned(), ..HowToRestore::default() };
    match journals::reconcile(store, &Act::by(Actor::Sallyport), &found, how).await? {
        Reconciled::Same => {}
        Reconciled::Restored(restored) => {
            let applied: u64 = restored.applied.values().sum();
            say(&format!(
                "The database is older than its revocation journal: it was restored from change {}, and the journal has {}. \
                 Applied again: {applied}. Everybody has to sign in again; the activity says what was changed.",
                restored.common, restored.last
            ));
            tracing::warn!(?restored, "the database was older than its revocation journal");
        }
        Reconciled::Quarantined { why } => {
            say(&format!("{why} {DECIDE}"));
            tracing::error!("{why} {DECIDE}");
            store.set_quarantine(Some(why));
        }
    }
    Ok(found)
}

const DECIDE: &str = "No key is judged (503) until an operator decides: `sallyport journal check` says what is known, and \
    docs/operating.md what to do.";

/// Keeps the journal from now on. Called once the verifier follows all changes.
pub async fn keep(
    store: &Store,
    place: &DataLocation,
    found: Found,
    stop: watch::Receiver<bool>,
) -> Result<(), String> {
    if store.quarantine().is_none() {
        store.keep_journal(journals::begin(store, found).await?);
        return Ok(());
    }
    tokio::spawn(wait(store.clone(), place.clone(), stop));
    Ok(())
}

/// Until an operator has decided, or the missing journal is there.
async fn wait(store: Store, place: DataLocation, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = sleep(EVERY) => {}
            _ = stop.changed() => return,
        }
        let settled = async {
            let found = journals::read(journals::folders(&place), store.vault().clone()).await?;
            if !journals::is_settled(&store, &found).await? {
                return Ok(false);
            }
            store.keep_journal(journals::begin(&store, found).await?);
            Ok::<_, String>(true)
        };
        match settled.await {
            Ok(true) => {
                store.set_quarantine(None);
                tracing::info!("keys are judged again");
                return;
            }
            Ok(false) => {}
            Err(error) => tracing::error!("{error}"),
        }
    }
}
