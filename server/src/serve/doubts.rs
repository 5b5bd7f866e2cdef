//! Says when PostgreSQL's settings begin or cease to put commits in doubt: a standby may appear, or a failover lead to a
//! server with other settings.

use std::time::Duration;

use sallyport::store::Store;
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval},
};

const EVERY: Duration = Duration::from_secs(60);

/// Looks until `stop` changes.
pub async fn watch(store: Store, mut stop: watch::Receiver<bool>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut said = Vec::new();
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stop.changed() => return,
        }
        // What can't be read is looked at again later.
        let Ok(doubts) = store.doubts_about_commits().await else { continue };
        if doubts != said {
            match doubts.is_empty() {
                true => tracing::info!("PostgreSQL keeps what it answered as committed"),
                false => tracing::warn!("{}", doubts.join(" ")),
            }
            said = doubts;
        }
    }
}
