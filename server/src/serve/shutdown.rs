//! Shutdown: after a signal, at once after a second one, and by force if something hangs.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag, low_level,
};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
    time::timeout,
};

/// The process always ends this long after the signal.
const LIMIT: Duration = Duration::from_secs(24);
/// The time limit of each of the last writes.
const LAST_STEP: Duration = Duration::from_millis(1_500);

/// Whether a shutdown was requested.
#[derive(Clone)]
pub struct Shutdown(watch::Receiver<bool>);

impl Shutdown {
    /// Listens for SIGINT and SIGTERM; `at_once` runs on the first one.
    pub fn listen(at_once: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let is_asked = Arc::new(AtomicBool::new(false));
        for kind in [SIGINT, SIGTERM] {
            // In the signal handler itself: it ends the process whatever its threads do.
            flag::register_conditional_shutdown(kind, 1, Arc::clone(&is_asked))?;
        }
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let (ask, asked) = watch::channel(false);
        tokio::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            is_asked.store(true, Ordering::Relaxed);
            thread::spawn(end_in_time);
            at_once();
            let _ = ask.send(true);
        });
        Ok(Self(asked))
    }

    pub async fn asked(&self) {
        let _ = self.0.clone().wait_for(|asked| *asked).await;
    }
}

/// Whether connections are to be closed once their requests are answered. Cheap, as it is read for each response.
#[derive(Clone)]
pub struct Draining {
    is_begun: Arc<AtomicBool>,
    begun: watch::Sender<bool>,
}

impl Default for Draining {
    fn default() -> Self {
        Self { is_begun: Arc::default(), begun: watch::Sender::new(false) }
    }
}

impl Draining {
    pub fn begin(&self) {
        self.is_begun.store(true, Ordering::Relaxed);
        self.begun.send_replace(true);
    }

    pub fn is_begun(&self) -> bool {
        self.is_begun.load(Ordering::Relaxed)
    }

    pub async fn begun(&self) {
        let _ = self.begun.subscribe().wait_for(|begun| *begun).await;
    }
}

fn end_in_time() {
    thread::sleep(LIMIT);
    tracing::error!("something hung; ended without it");
    low_level::exit(1);
}

/// Runs one of the last steps with a time limit, so that it can't prevent the end of the process.
pub async fn last_step(what: &'static str, step: impl Future) {
    if timeout(LAST_STEP, step).await.is_err() {
        tracing::warn!(what, "not done in time; ending without it");
    }
}
