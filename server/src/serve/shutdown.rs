//! How the server ends: asked by a signal, at once by a second one, and by itself if something hangs.

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

/// Whatever hangs, the process is gone this long after the signal.
const LIMIT: Duration = Duration::from_secs(24);
/// Each of the last writes gets this long.
const LAST_STEP: Duration = Duration::from_millis(1_500);

/// Whether the server was asked to end.
#[derive(Clone)]
pub struct Shutdown(watch::Receiver<bool>);

impl Shutdown {
    /// Listens for SIGINT and SIGTERM; `at_once` runs when the first of them comes.
    pub fn listen(at_once: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let is_asked = Arc::new(AtomicBool::new(false));
        for kind in [SIGINT, SIGTERM] {
            // In the handler of the signal itself: it ends the process whatever its threads do.
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

/// Whether a listener's connections are to end, once their requests are answered. Cheap to ask at each answer.
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

/// One of the last steps, which must not keep the process from ending.
pub async fn last_step(what: &'static str, step: impl Future) {
    if timeout(LAST_STEP, step).await.is_err() {
        tracing::warn!(what, "not done in time; ending without it");
    }
}
