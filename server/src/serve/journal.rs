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

/// How often to look whether an operator has to decide, or has decided.
const EVERY: Duration = Duration::from_secs(1);

/// Compares. If something is not known, no key is judged from the start.
pub async fn compare(store: &Store, place: &DataLocation, portal: &str) -> Result<Found, String> {
    let (found, why) = compared(store, place, portal).await?;
    if let Some(why) = why {
        say(&format!("{why} {DECIDE}"));
        tracing::error!("{why} {DECIDE}");
        store.set_quarantine(Some(why));
    }
    Ok(found)
}

const DECIDE: &str = "No key is judged (503) until an operator decides: `sallyport journal check` says what is known, and \
    docs/operating.md what to do.";

/// Compares the database with the files and applies what it lacks; returns why no key may be judged, too.
async fn compared(store: &Store, place: &DataLocation, portal: &str) -> Result<(Found, Option<String>), String> {
    let found = journals::read(journals::folders(place), store).await?;
    for warning in found.warnings() {
        tracing::error!("{warning}");
    }
    let how = HowToRestore { portal: portal.to_owned(), ..HowToRestore::default() };
    let why = match journals::reconcile(store, &Act::by(Actor::Sallyport), &found, how).await? {
        Reconciled::Same => None,
        Reconciled::Restored(restored) => {
            let applied: u64 = restored.applied.values().sum();
            say(&format!(
                "The database is older than its revocation journal: it was restored from change {}, and the journal has {}. \
                 Applied again: {applied}. Everybody has to sign in again; the activity says what was changed.",
                restored.common, restored.last
            ));
            tracing::warn!(?restored, "the database was older than its revocation journal");
            None
        }
        Reconciled::Quarantined { why } => Some(why),
    };
    Ok((found, why))
}

/// Keeps the journal from now on. Called once the verifier follows all changes.
pub async fn keep(
    store: &Store,
    place: &DataLocation,
    portal: &str,
    found: Found,
    stop: watch::Receiver<bool>,
) -> Result<(), String> {
    let is_open = store.quarantine().is_none();
    if is_open {
        journals::begin(store, found).await?;
    }
    let keeper = Keeper { store: store.clone(), place: place.clone(), portal: portal.to_owned(), is_begun: is_open };
    tokio::spawn(keeper.run(stop));
    Ok(())
}

/// Follows the database: no key is judged while an operator has to decide, whoever found out. Compares again if the database loses
/// changes while this runs.
struct Keeper {
    store: Store,
    place: DataLocation,
    portal: String,
    /// Whether the journal is kept: not before the first quarantine ended.
    is_begun: bool,
}

impl Keeper {
    async fn run(mut self, mut stop: watch::Receiver<bool>) {
        // Said once, not each second.
        let mut said: Option<String> = None;
        loop {
            let is_doubted = tokio::select! {
                () = self.store.doubted(), if self.store.quarantine().is_none() || self.is_begun => true,
                () = sleep(EVERY) => false,
                _ = stop.changed() => return,
            };
            let judged = self.judge(is_doubted).await;
            match &judged {
                Ok(true) => tracing::info!("keys are judged again"),
                Err(error) if said.as_ref() != Some(error) => tracing::error!("{error}"),
                _ => {}
            }
            said = judged.err();
        }
    }

    /// Whether keys are judged again. While it is known that an operator has to decide, the files are not read again: lines that
    /// vanish decide nothing, and whoever brings others starts the server again.
    async fn judge(&mut self, is_doubted: bool) -> Result<bool, String> {
        let held = self.store.held().await.map_err(|error| error.to_string())?;
        match held {
            _ if is_doubted => {}
            Some(held) => {
                if self.store.quarantine().is_none() {
                    tracing::error!("Another node found out: {} {DECIDE}", held.why);
                    self.store.set_quarantine(Some(held.why));
                }
                return Ok(false);
            }
            None if self.store.quarantine().is_none() => return Ok(false),
            None => {}
        }
        // What waits for the disk is read, too.
        self.store.journal_again(&[]).await;
        let (found, why) = compared(&self.store, &self.place, &self.portal).await?;
        if let Some(why) = why {
            tracing::error!("{why} {DECIDE}");
            self.store.set_quarantine(Some(why));
            return Ok(false);
        }
        if self.is_begun {
            journals::go_on(&self.store, &found).await?;
        } else {
            journals::begin(&self.store, found).await?;
            self.is_begun = true;
        }
        self.store.set_quarantine(None);
        Ok(true)
    }
}
