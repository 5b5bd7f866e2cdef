//! Reports of leaks by anybody. They are looked at after their answer was sent, so that neither what it says nor how long it
//! takes depends on what was reported. In memory, because a report contains a secret, and bounded.

use std::{pin::Pin, sync::Arc, time::Duration};

use tokio::{sync::Semaphore, time::sleep};

use crate::{audit::Act, store::Store};

/// Reports that wait, each of a body that is bounded.
const ROOM: u32 = 64;

/// Reports that are looked at at the same time.
const AT_ONCE: usize = 2;

/// Secrets of one report; a partner that has more signs.
const MOST: usize = 20;

/// How long a report is tried again while the database does not answer, and the times between.
const TRIED_FOR: Duration = Duration::from_secs(60 * 60);
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The times between the attempts, each twice as long as the one before, until they are all the time that a report has.
fn pauses() -> impl Iterator<Item = Duration> {
    let mut all = Duration::ZERO;
    let next = |pause: &Duration| Some((*pause * 2).min(LONGEST_PAUSE));
    std::iter::successors(Some(FIRST_PAUSE), next).take_while(move |pause| {
        all += *pause;
        all <= TRIED_FOR
    })
}

/// Waits between two attempts.
pub type Sleep = fn(Duration) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// A secret, and where it was found, as sent.
pub struct SentLeak {
    pub token: String,
    pub place: String,
}

pub struct LeakInbox {
    store: Store,
    room: Arc<Semaphore>,
    turn: Arc<Semaphore>,
    sleep: Sleep,
}

impl LeakInbox {
    pub fn new(store: Store) -> Self {
        Self::sleeping(store, |pause| Box::pin(sleep(pause)))
    }

    /// The same with another way to wait, for tests.
    pub fn sleeping(store: Store, sleep: Sleep) -> Self {
        let (room, turn) = (Arc::new(Semaphore::new(ROOM as usize)), Arc::new(Semaphore::new(AT_ONCE)));
        Self { store, room, turn, sleep }
    }

    /// Takes a report, which is read only later; `false` if there is no room. `act` is the server's, with the address of who
    /// reports.
    pub fn take(&self, act: Act, read: impl FnOnce() -> Vec<SentLeak> + Send + 'static) -> bool {
        let Ok(place) = Arc::clone(&self.room).try_acquire_owned() else { return false };
        let (store, turns, sleep) = (self.store.clone(), Arc::clone(&self.turn), self.sleep);
        // What a client calls itself may contain the secret.
        let act = Act { user_agent: None, ..act };
        tokio::spawn(async move {
            let mut turn = turns.acquire().await;
            let reports = {
                let sent = read();
                store.reported(sent.iter().take(MOST).map(|leak| (leak.token.as_str(), leak.place.as_str())))
            };
            let mut pauses = pauses();
            while let Err(error) = store.report_leaks(&act, &reports, false).await {
                let Some(pause) = pauses.next() else {
                    tracing::error!(%error, "a reported leak could not be looked at");
                    break;
                };
                // Meanwhile it is another one's turn.
                drop(turn);
                sleep(pause).await;
                turn = turns.acquire().await;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_tried_for_an_hour() {
        let pauses: Vec<_> = pauses().collect();
        assert_eq!(pauses[..3], [500, 1_000, 2_000].map(Duration::from_millis));
        assert!(pauses.iter().all(|pause| *pause <= LONGEST_PAUSE));
        let all: Duration = pauses.iter().sum();
        assert!(all <= TRIED_FOR && all + LONGEST_PAUSE > TRIED_FOR, "{all:?}");
    }
}
