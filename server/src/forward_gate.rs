//! Keeps the store informed whether the required collector has the audit log.

use std::time::Duration;

use sallyport::store::Store;
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval},
};

const EVERY: Duration = Duration::from_secs(1);

/// Checks until `stop` changes.
pub async fn watch(store: Store, mut stop: watch::Receiver<bool>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut admitted, mut failing) = (true, false);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stop.changed() => return,
        }
        // Said only when it changes.
        match store.check_forwarding().await {
            Ok(now) => {
                failing = false;
                if std::mem::replace(&mut admitted, now) != now {
                    match now {
                        true => tracing::info!("the collector has the audit log again: changes are made"),
                        false => tracing::error!("the collector lacks events for too long: changes are refused"),
                    }
                }
            }
            Err(error) if !std::mem::replace(&mut failing, true) => {
                tracing::warn!(%error, "what the collector lacks could not be read");
            }
            Err(_) => {}
        }
    }
}
