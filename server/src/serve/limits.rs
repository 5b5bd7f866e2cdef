//! What every connection has to keep to. `docs/operating.md` has them in a table.

use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{
    activity::{Waiting, ticks},
    connections::{Bounds, RESERVED},
};

/// Descriptors kept for the database, the logs and what else is open.
const RESERVED_FILES: u64 = 100;
/// Envoy opens one for each of its threads. Not taken from the others.
pub const GRPC_CONNECTIONS: usize = 256;
/// Enough for any gateway; each costs some memory.
const MOST_CONNECTIONS: u64 = 20_000;
/// Of one address that is no trusted proxy. A browser opens six, so there is room for an office behind one address.
const OF_AN_ADDRESS: usize = 512;

/// A peer that sends nothing, or half a head, is let go after this long. Answers say so (`Keep-Alive`).
pub const KEEP_ALIVE_SECONDS: u64 = 15;
/// A peer that reads nothing of its answer.
const READER: u32 = ticks(Duration::from_secs(30));
/// A body that does not come is answered 408 before this.
const BODY: u32 = ticks(Duration::from_secs(20));
/// A peer that does not begin to speak HTTP/2.
const PREFACE: u32 = ticks(Duration::from_secs(10));
/// What has a reserved place makes room for the next soon.
const RESERVED_TIME: u32 = ticks(Duration::from_secs(2));

/// So many peers may be slow to read at once; each holds an answer in memory.
pub const SLOW_READERS: usize = 128;
/// Slow is who has read nothing for this long.
pub const SLOW: u32 = ticks(Duration::from_millis(500));

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

/// Whether a gRPC connection has. An idle one stays: a gateway's is kept open for hours, and asked by pings.
pub fn is_over_grpc(waiting: Waiting, waited: u32, is_reserved: bool) -> bool {
    (waiting != Waiting::Request || is_reserved) && is_over(waiting, waited, is_reserved)
}

/// As many HTTP connections as there are descriptors for, after taking what the system allows.
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
    use super::*;

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
}
