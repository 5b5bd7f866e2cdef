//! Limits of connections; see the table in `docs/operating.md`.

use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{
    activity::{Activity, Waiting, ticks},
    connections::{Bounds, RESERVED},
};

/// Descriptors reserved for the database, the logs and others.
const RESERVED_FILES: u64 = 100;
/// Envoy opens one for each of its threads. Counted separately.
pub const GRPC_CONNECTIONS: usize = 256;
/// Enough for any gateway; each costs some memory.
const MOST_CONNECTIONS: u64 = 20_000;
/// For one address that is not a trusted proxy. A browser opens six, so this is enough for an office behind one
/// address.
const OF_AN_ADDRESS: usize = 1_024;

/// A peer that sends nothing, or half a head, is disconnected after this. Announced in responses (`Keep-Alive`).
pub const KEEP_ALIVE_SECONDS: u64 = 15;
/// A peer that reads nothing of its response.
const READER: u32 = ticks(Duration::from_secs(30));
/// Before this, a missing body is answered 408.
const BODY: u32 = ticks(Duration::from_secs(20));
/// A peer that does not start HTTP/2.
const PREFACE: u32 = ticks(Duration::from_secs(10));
/// A reserved slot has to become free soon.
const RESERVED_TIME: u32 = ticks(Duration::from_secs(2));

/// How many peers may be slow to read at once; each holds a response in memory.
pub const SLOW_READERS: usize = 128;
/// A peer is slow if it has read nothing for this long.
pub const SLOW: u32 = ticks(Duration::from_millis(500));

/// During a shutdown a connection without a complete request is closed after this, and so is one whose peer does not
/// read.
const PATIENCE: u32 = ticks(Duration::from_millis(500));
/// A request whose body is still incomplete after this is aborted.
const BODY_AT_END: u32 = ticks(Duration::from_secs(1));
/// The time for a peer that reads slowly.
const READER_AT_END: u32 = ticks(Duration::from_secs(3));
/// Fewer bytes per tick are slow: one megabit per second.
const SLOW_BYTES: u64 = 32 * 1024;
/// When to decide whether a peer is slow.
const SLOW_SEEN: u32 = ticks(Duration::from_secs(1));

/// Whether an HTTP connection has waited for too long.
pub fn is_over(waiting: Waiting, waited: u32, is_reserved: bool) -> bool {
    let limit = match waiting {
        Waiting::Nothing => return false,
        _ if is_reserved => RESERVED_TIME,
        Waiting::Request => ticks(Duration::from_secs(KEEP_ALIVE_SECONDS)) + 1,
        Waiting::Reader => READER,
        Waiting::Body => BODY,
        Waiting::Preface => PREFACE,
    };
    waited >= limit
}

/// The same for gRPC. An idle connection stays open, because gateways keep them for hours; pings detect dead ones.
pub fn is_over_grpc(waiting: Waiting, waited: u32, is_reserved: bool) -> bool {
    (waiting != Waiting::Request || is_reserved) && is_over(waiting, waited, is_reserved)
}

/// Whether a connection is closed this many ticks after the shutdown began.
pub fn is_over_at_end(activity: &Activity, passed: u32) -> bool {
    let (waiting, waited) = activity.waiting();
    match waiting {
        Waiting::Nothing => false,
        _ if passed >= PATIENCE && waited >= PATIENCE => true,
        // The body of a new request may still be arriving.
        Waiting::Body => passed >= BODY_AT_END && activity.begun_for() >= BODY_AT_END,
        Waiting::Reader => {
            let (ticks, bytes) = activity.taken();
            passed >= READER_AT_END && ticks >= SLOW_SEEN && bytes < u64::from(ticks) * SLOW_BYTES
        }
        Waiting::Preface | Waiting::Request => false,
    }
}

/// As many HTTP connections as there are file descriptors, after raising the limit as far as allowed.
pub fn bounds() -> Bounds {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum.or(limit.current), ..limit };
    let files = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => raised.current,
        Err(_) => limit.current,
    };
    let others = RESERVED_FILES + (GRPC_CONNECTIONS + 2 * RESERVED) as u64;
    let most = files.unwrap_or(u64::MAX).saturating_sub(others).clamp(100, MOST_CONNECTIONS);
    let most = usize::try_from(most).unwrap_or(100);
    Bounds { most, of_an_address: OF_AN_ADDRESS.min(most / 2) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{
        super::activity::{InFlight, Ticks},
        *,
    };

    #[test]
    fn whoever_waits_for_a_handler_is_never_over() {
        assert!(!is_over(Waiting::Nothing, u32::MAX, false) && !is_over_grpc(Waiting::Nothing, u32::MAX, false));
    }

    #[test]
    fn every_wait_for_a_peer_ends_within_45_seconds() {
        let late = ticks(Duration::from_secs(45));
        for waiting in [Waiting::Preface, Waiting::Request, Waiting::Body, Waiting::Reader] {
            assert!(is_over(waiting, late, false), "{waiting:?}");
        }
        for waiting in [Waiting::Preface, Waiting::Body, Waiting::Reader] {
            assert!(is_over_grpc(waiting, late, false), "{waiting:?}");
        }
        assert!(!is_over_grpc(Waiting::Request, u32::MAX, false), "an idle gateway");
    }

    #[test]
    fn at_the_end_a_body_that_drips_is_given_up() {
        let clock = Arc::new(Ticks::default());
        let activity = Activity::new(&clock, false);
        let _request = InFlight::begin(&activity);
        for passed in 0..BODY_AT_END {
            activity.body_waits();
            assert!(!is_over_at_end(&activity, passed), "{passed}");
            clock.advance();
            activity.body_went_on();
        }
        assert!(!is_over_at_end(&activity, BODY_AT_END), "whole, and a handler has it");
        activity.body_waits();
        assert!(is_over_at_end(&activity, BODY_AT_END), "although it goes on");
        let _next = InFlight::begin(&activity);
        activity.body_waits();
        assert!(!is_over_at_end(&activity, BODY_AT_END), "it came just now");
    }

    #[test]
    fn at_the_end_a_slow_reader_is_given_up_and_a_fast_one_is_not() {
        for (bytes, is_over) in [(1_000, true), (1_000_000, false)] {
            let clock = Arc::new(Ticks::default());
            let activity = Activity::new(&clock, false);
            let _request = InFlight::begin(&activity);
            activity.write_waits();
            for _ in 0..READER_AT_END {
                clock.advance();
                activity.write_went_on(bytes);
                activity.write_waits();
            }
            assert!(!is_over_at_end(&activity, READER_AT_END - 1));
            assert_eq!(is_over_at_end(&activity, READER_AT_END), is_over, "{bytes} bytes in a tick");
        }
    }
}
