//! What a connection waits for, and since when. Its task updates this without locks, timers or clock reads; the
//! sweeper reads it and closes connections that wait for too long.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

/// The resolution of waiting times, and the sweeper's interval.
pub const TICK: Duration = Duration::from_millis(250);

/// A time in ticks, rounded up.
pub const fn ticks(time: Duration) -> u32 {
    time.as_millis().div_ceil(TICK.as_millis()) as u32
}

/// Time in ticks since the start, advanced by the sweeper. It starts at 1: 0 means *never*.
pub struct Ticks(AtomicU32);

impl Default for Ticks {
    fn default() -> Self {
        Self(AtomicU32::new(1))
    }
}

impl Ticks {
    pub fn now(&self) -> u32 {
        self.0.load(Relaxed)
    }

    pub fn advance(&self) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// What a connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// The first bytes of HTTP/2.
    Preface,
    /// The complete head of a request, the first or the next one.
    Request,
    /// The rest of a request's body.
    Body,
    /// The peer, which does not read the response.
    Reader,
    /// Not the peer: a handler is running.
    Nothing,
}

/// The state of one connection.
pub struct Activity {
    ticks: Arc<Ticks>,
    /// HTTP/2's preface and first frame are still missing.
    unopened: AtomicBool,
    /// Requests whose response was not completely sent yet. More than one only on HTTP/2.
    in_flight: AtomicU32,
    /// How many of these wait for the rest of their body.
    reading: AtomicU32,
    since: AtomicU32,
    /// When the latest request began.
    begun: AtomicU32,
    /// When a write began to wait; 0 if none waits.
    stalled: AtomicU32,
    /// When a write of this response first waited; 0 if none did.
    first_stalled: AtomicU32,
    /// Bytes that the peer has accepted since then.
    taken: AtomicU64,
    late: AtomicBool,
}

impl Activity {
    pub fn new(ticks: &Arc<Ticks>, opens_with_preface: bool) -> Arc<Self> {
        Arc::new(Self {
            ticks: Arc::clone(ticks),
            unopened: AtomicBool::new(opens_with_preface),
            in_flight: AtomicU32::new(0),
            reading: AtomicU32::new(0),
            since: AtomicU32::new(ticks.now()),
            begun: AtomicU32::new(0),
            stalled: AtomicU32::new(0),
            first_stalled: AtomicU32::new(0),
            taken: AtomicU64::new(0),
            late: AtomicBool::new(false),
        })
    }

    /// What it waits for, and for how many ticks.
    pub fn waiting(&self) -> (Waiting, u32) {
        let now = self.ticks.now();
        let for_ticks = |since: u32| now.saturating_sub(since);
        let (stalled, since) = (self.stalled.load(Relaxed), for_ticks(self.since.load(Relaxed)));
        let in_flight = self.in_flight.load(Relaxed);
        if stalled != 0 {
            (Waiting::Reader, for_ticks(stalled))
        } else if self.unopened.load(Relaxed) {
            (Waiting::Preface, since)
        } else if in_flight == 0 {
            (Waiting::Request, since)
        } else if self.reading.load(Relaxed) >= in_flight {
            (Waiting::Body, since)
        } else {
            (Waiting::Nothing, 0)
        }
    }

    /// How many ticks ago the latest request began.
    pub fn begun_for(&self) -> u32 {
        self.ticks.now().saturating_sub(self.begun.load(Relaxed))
    }

    /// For how many ticks this response has been written to a slow peer, and how many bytes it accepted since.
    pub fn taken(&self) -> (u32, u64) {
        match self.first_stalled.load(Relaxed) {
            0 => (0, 0),
            since => (self.ticks.now().saturating_sub(since), self.taken.load(Relaxed)),
        }
    }

    fn touch(&self) {
        self.since.store(self.ticks.now(), Relaxed);
    }

    pub fn opened(&self) {
        self.unopened.store(false, Relaxed);
        self.touch();
    }

    pub fn write_waits(&self) {
        if self.stalled.load(Relaxed) == 0 {
            self.stalled.store(self.ticks.now(), Relaxed);
            if self.first_stalled.load(Relaxed) == 0 {
                self.taken.store(0, Relaxed);
                self.first_stalled.store(self.ticks.now(), Relaxed);
            }
        }
    }

    pub fn write_went_on(&self, bytes: usize) {
        if self.stalled.load(Relaxed) != 0 {
            self.stalled.store(0, Relaxed);
        }
        if self.first_stalled.load(Relaxed) != 0 {
            self.taken.fetch_add(bytes as u64, Relaxed);
        }
    }

    pub fn body_waits(&self) {
        self.reading.fetch_add(1, Relaxed);
        self.touch();
    }

    pub fn body_went_on(&self) {
        self.reading.fetch_sub(1, Relaxed);
        self.touch();
    }

    /// A body timed out: the response has to say so.
    pub fn body_is_late(&self) {
        self.late.store(true, Relaxed);
    }

    pub fn body_was_late(&self) -> bool {
        self.late.load(Relaxed)
    }
}

/// A request from its head to the end of its response.
pub struct InFlight(Arc<Activity>);

impl InFlight {
    pub fn begin(activity: &Arc<Activity>) -> Self {
        activity.in_flight.fetch_add(1, Relaxed);
        activity.touch();
        activity.begun.store(activity.ticks.now(), Relaxed);
        // An earlier response may still be waiting for the peer.
        if activity.stalled.load(Relaxed) == 0 && activity.first_stalled.load(Relaxed) != 0 {
            activity.first_stalled.store(0, Relaxed);
        }
        Self(Arc::clone(activity))
    }

    pub fn activity(&self) -> &Arc<Activity> {
        &self.0
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.touch();
        self.0.in_flight.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_is_measured_from_what_happened_last() {
        let clock = Arc::new(Ticks::default());
        let activity = Activity::new(&clock, false);
        clock.advance();
        assert_eq!(activity.waiting(), (Waiting::Request, 1));
        let request = InFlight::begin(&activity);
        assert_eq!(activity.waiting(), (Waiting::Nothing, 0));
        activity.body_waits();
        clock.advance();
        assert_eq!(activity.waiting(), (Waiting::Body, 1));
        activity.body_went_on();
        activity.write_waits();
        clock.advance();
        activity.write_waits();
        assert_eq!(activity.waiting(), (Waiting::Reader, 1));
        drop(request);
        assert_eq!(activity.waiting(), (Waiting::Reader, 1), "handed over, and not read");
        activity.write_went_on(1);
        assert_eq!(activity.waiting(), (Waiting::Request, 0));
    }

    #[test]
    fn what_a_peer_takes_is_counted_from_when_it_was_first_waited_for() {
        let clock = Arc::new(Ticks::default());
        let activity = Activity::new(&clock, false);
        let request = InFlight::begin(&activity);
        activity.write_went_on(1_000);
        assert_eq!(activity.taken(), (0, 0), "at once");
        activity.write_waits();
        clock.advance();
        activity.write_went_on(10);
        activity.write_waits();
        clock.advance();
        activity.write_went_on(20);
        assert_eq!((activity.taken(), activity.begun_for()), ((2, 30), 2));
        drop(request);
        let _next = InFlight::begin(&activity);
        assert_eq!((activity.taken(), activity.begun_for()), ((0, 0), 0));
    }

    #[test]
    fn http2_opens_with_its_preface() {
        let clock = Arc::new(Ticks::default());
        let activity = Activity::new(&clock, true);
        clock.advance();
        assert_eq!(activity.waiting(), (Waiting::Preface, 1));
        activity.opened();
        assert_eq!(activity.waiting(), (Waiting::Request, 0));
    }

    #[test]
    fn times_are_rounded_up() {
        assert_eq!(ticks(Duration::from_secs(15)), 60);
        assert_eq!(ticks(Duration::from_millis(251)), 2);
    }
}
