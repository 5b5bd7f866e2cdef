//! Rate limits repeated warnings: an error that affects every request is logged once a second with a count, so that
//! an outage does not fill the disk.

use std::{
    collections::HashMap,
    fmt::Debug,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use tracing::{
    Event, Level, Metadata, Subscriber,
    callsite::Identifier,
    field::{Field, Visit},
};
use tracing_subscriber::layer::{Context, Filter};

const WINDOW: Duration = Duration::from_secs(1);

/// Passes one warning or error of each kind per second. A kind is a position in the code.
#[derive(Default)]
pub struct Bounded(Arc<Mutex<Kinds>>);

type Kinds = HashMap<Identifier, Kind>;

struct Kind {
    began: Instant,
    left_out: u64,
}

impl Bounded {
    fn passes(&self, event: &Event<'_>) -> bool {
        let now = Instant::now();
        let mut kinds = lock(&self.0);
        let place = event.metadata().callsite();
        let Some(kind) = kinds.get_mut(&place) else {
            kinds.insert(place, Kind { began: now, left_out: 0 });
            return true;
        };
        // A thread will log the number of the others, and start again.
        if kind.left_out == 0 && now.duration_since(kind.began) >= WINDOW {
            kind.began = now;
            return true;
        }
        kind.left_out += 1;
        if kind.left_out == 1 {
            let rest = WINDOW.saturating_sub(now.duration_since(kind.began));
            if !summarize(Arc::clone(&self.0), place, rest, message(event)) {
                kind.left_out = 0;
            }
        }
        false
    }
}

/// Logs the number of suppressed lines after a second. `false` if no thread could be started.
fn summarize(kinds: Arc<Mutex<Kinds>>, place: Identifier, rest: Duration, message: String) -> bool {
    let summary = thread::Builder::new().spawn(move || {
        thread::sleep(rest);
        let times = {
            let mut kinds = lock(&kinds);
            let Some(kind) = kinds.get_mut(&place) else { return };
            kind.began = Instant::now();
            std::mem::take(&mut kind.left_out)
        };
        tracing::warn!(target: SUMMARY, times, kind = message, "logged once; it happened more often");
    });
    summary.is_ok()
}

/// These are already limited to one per second and kind.
const SUMMARY: &str = "sallyport_server::logs";

fn lock(kinds: &Mutex<Kinds>) -> MutexGuard<'_, Kinds> {
    kinds.lock().unwrap_or_else(PoisonError::into_inner)
}

fn message(event: &Event<'_>) -> String {
    struct Message(String);
    impl Visit for Message {
        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            if field.name() == "message" {
                self.0 = format!("{value:?}");
            }
        }
    }
    let mut message = Message(String::new());
    event.record(&mut message);
    message.0
}

impl<S: Subscriber> Filter<S> for Bounded {
    fn enabled(&self, _: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        true
    }

    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        let metadata = event.metadata();
        *metadata.level() > Level::WARN || metadata.target() == SUMMARY || self.passes(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{self, Write};
    use tracing_subscriber::{Layer, fmt::MakeWriter, layer::SubscriberExt};

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no panic").extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Lines {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    #[test]
    fn a_flood_of_one_kind_is_one_line_and_hides_no_other() {
        let (lines, bounded) = (Lines::default(), Bounded::default());
        let kinds = Arc::clone(&bounded.0);
        let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(lines.clone()).with_filter(bounded);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            for number in 0..1_000 {
                tracing::warn!(number, "the database is away");
            }
            tracing::error!("something else");
            for _ in 0..3 {
                tracing::info!("answered");
            }
        });
        let text = String::from_utf8(lines.0.lock().expect("no panic").clone()).expect("text");
        let count = |of: &str| text.matches(of).count();
        assert_eq!((count("the database is away"), count("something else"), count("answered")), (1, 1, 3), "{text}");
        assert_eq!(lock(&kinds).values().map(|kind| kind.left_out).sum::<u64>(), 999);
    }
}
