//! Waits for a server that is shutting down, instead of refusing to start.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use sallyport::store::open_lock;
use tokio::time::sleep;

use super::greet::say;
use crate::data_dir::ServerLock;

/// Longer than a shutdown can take.
const WAIT: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(50);

/// A file that exists from the beginning of a shutdown until the next start.
fn mark(folder: &Path) -> PathBuf {
    folder.join("sallyport.ending")
}

/// Announces the shutdown, so that the next server waits for the lock.
pub fn announce_shutdown(folder: &Path) {
    if let Err(error) = open_lock(&mark(folder)) {
        tracing::debug!(%error, "the next server can't see that this one is shutting down");
    }
}

/// Retries while another server on this data is shutting down.
pub async fn retry_during_shutdown<T>(
    folder: &Path,
    attempt: impl AsyncFn() -> Result<T, String>,
) -> Result<T, String> {
    let until = Instant::now() + WAIT;
    let mut is_waiting = false;
    loop {
        match attempt().await {
            Err(_) if mark(folder).exists() && Instant::now() < until => {
                if !is_waiting {
                    say("Another sallyport on this data is about to end; waiting for it.");
                }
                is_waiting = true;
                sleep(PAUSE).await;
            }
            ended => return ended,
        }
    }
}

/// Takes the lock of the data folder: at once, or when a server that is shutting down has ended.
pub async fn take(folder: &Path) -> Result<ServerLock, String> {
    let lock = retry_during_shutdown(folder, async || ServerLock::take(folder)).await?;
    // Left by a server that has ended.
    let _ = fs::remove_file(mark(folder));
    Ok(lock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_that_ends_is_waited_for_and_any_other_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = take(folder.path()).await.expect("free");
        assert!(take(folder.path()).await.is_err(), "refused at once");
        announce_shutdown(folder.path());
        let next = take(folder.path());
        let ends = async {
            sleep(PAUSE * 2).await;
            drop(first);
        };
        let (next, ()) = tokio::join!(next, ends);
        let _next = next.expect("it waited");
        assert!(take(folder.path()).await.is_err(), "the mark is gone with the one that ended");
    }
}
