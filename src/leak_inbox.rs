//! Reports of leaks by anybody. They are looked at after their answer was sent, so that neither what it says nor how long it
//! takes depends on what was reported. In memory, because a report contains a secret, and bounded.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Semaphore, time::sleep};

use crate::{audit::Act, store::Store};

/// Reports that wait, each of a body that is bounded.
const ROOM: u32 = 64;

/// Reports that are looked at at the same time.
const AT_ONCE: usize = 2;

/// Secrets of one report; a partner that has more signs.
const MOST: usize = 20;

/// How often a report is tried, and the first time between: the database may be busy.
const TRIES: u32 = 5;
const BETWEEN: Duration = Duration::from_millis(500);

/// A secret, and where it was found, as sent.
pub struct SentLeak {
    pub token: String,
    pub place: String,
}

pub struct LeakInbox {
    store: Store,
    room: Arc<Semaphore>,
    turn: Arc<Semaphore>,
}

impl LeakInbox {
    pub fn new(store: Store) -> Self {
        let (room, turn) = (Arc::new(Semaphore::new(ROOM as usize)), Arc::new(Semaphore::new(AT_ONCE)));
        Self { store, room, turn }
    }

    /// Takes a report, which is read only later; `false` if there is no room. `act` is the server's, with the address of who
    /// reports.
    pub fn take(&self, act: Act, read: impl FnOnce() -> Vec<SentLeak> + Send + 'static) -> bool {
        let Ok(place) = Arc::clone(&self.room).try_acquire_owned() else { return false };
        let (store, turn) = (self.store.clone(), Arc::clone(&self.turn));
        // What a client calls itself may contain the secret.
        let act = Act { user_agent: None, ..act };
        tokio::spawn(async move {
            let _turn = turn.acquire_owned().await;
            let reports = {
                let sent = read();
                store.reported(sent.iter().take(MOST).map(|leak| (leak.token.as_str(), leak.place.as_str())))
            };
            for attempt in 1..=TRIES {
                match store.report_leaks(&act, &reports, false).await {
                    Ok(_) => break,
                    Err(error) if attempt == TRIES => tracing::error!(%error, "a reported leak could not be looked at"),
                    Err(_) => sleep(BETWEEN * attempt).await,
                }
            }
            drop(place);
        });
        true
    }

    /// Waits for the reports that were taken before.
    pub async fn settled(&self) {
        let _ = self.room.acquire_many(ROOM).await;
    }
}
