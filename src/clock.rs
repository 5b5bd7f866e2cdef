//! Time as a dependency: code that needs the time takes a [`Clock`].

use std::{
    fmt,
    num::NonZeroU64,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};

/// A point in time, in microseconds since 1970 (UTC), stored as BIGINT in both databases. In memory the sign bit is
/// inverted, which keeps the order and avoids zero: an `Option` of it takes no extra space.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(NonZeroU64);

const SIGN: u64 = 1 << 63;

impl Timestamp {
    /// The lowest value is mapped to the next one.
    pub const fn from_micros(micros: i64) -> Self {
        match NonZeroU64::new(micros.cast_unsigned() ^ SIGN) {
            Some(turned) => Self(turned),
            None => Self(NonZeroU64::MIN),
        }
    }

    pub const fn from_seconds(seconds: i64) -> Self {
        Self::from_micros(seconds * 1_000_000)
    }

    pub const fn micros(self) -> i64 {
        (self.0.get() ^ SIGN).cast_signed()
    }

    pub const fn seconds(self) -> i64 {
        self.micros().div_euclid(1_000_000)
    }

    pub fn to_chrono(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.micros()).unwrap_or(DateTime::UNIX_EPOCH)
    }

    /// RFC 3339 in UTC, to the second: `2026-11-22T06:17:57Z`.
    pub fn to_rfc3339(self) -> String {
        self.to_chrono().to_rfc3339_opts(SecondsFormat::Secs, true)
    }

    /// Parses any RFC 3339 time.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text).ok().map(|at| Self::from_micros(at.timestamp_micros()))
    }

    /// The time since `earlier`; zero if that is in the future.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.micros().saturating_sub(earlier.micros())).unwrap_or(0))
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, after: Duration) -> Self {
        let micros = i64::try_from(after.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.micros().saturating_add(micros))
    }
}

impl std::ops::Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, before: Duration) -> Self {
        let micros = i64::try_from(before.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.micros().saturating_sub(micros))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Timestamp").field(&self.micros()).finish()
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_rfc3339())
    }
}

/// A source of the current time.
pub trait Clock: Send + Sync + 'static {
    fn now(&self) -> Timestamp;
}

/// Monotonic time since some start, as a dependency like [`Clock`].
pub type Elapsed = Arc<dyn Fn() -> Duration + Send + Sync>;

/// The time since the machine was started, which nobody sets, and which goes on while the machine is suspended: a node that
/// wakes up has no lease.
#[cfg(feature = "store")]
pub fn since_boot() -> Duration {
    #[cfg(target_os = "linux")]
    {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
    }
    #[cfg(not(target_os = "linux"))]
    {
        static STARTED: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
        STARTED.get_or_init(std::time::Instant::now).elapsed()
    }
}

/// The system clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "the one place that asks the machine")]
    fn now(&self) -> Timestamp {
        // Without calendar arithmetic, since every request calls this.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Years that RFC 3339 can represent.
        #[test]
        fn a_written_moment_comes_back_to_the_second(micros in -62_167_219_200_000_000..253_402_300_800_000_000_i64) {
            let at = Timestamp::from_micros(micros);
            prop_assert_eq!(Timestamp::parse_rfc3339(&at.to_rfc3339()), Some(Timestamp::from_seconds(at.seconds())));
        }

        #[test]
        fn no_moment_and_no_text_is_too_strange(micros: i64, nanos: u64, text in ".*|[0-9TZ:.+-]{0,40}") {
            let (at, by) = (Timestamp::from_micros(micros), Duration::from_nanos(nanos));
            prop_assert!(at + by >= at && at - by <= at);
            prop_assert!(!at.to_rfc3339().is_empty());
            if let Some(read) = Timestamp::parse_rfc3339(&text) {
                prop_assert_eq!(Timestamp::parse_rfc3339(&read.to_rfc3339()), Some(Timestamp::from_seconds(read.seconds())));
            }
        }
    }

    #[test]
    fn moments_are_kept_and_ordered_as_their_microseconds() {
        let micros = [i64::MIN + 1, -1, 0, 1, i64::MAX];
        let moments = micros.map(Timestamp::from_micros);
        assert!(moments.is_sorted());
        assert_eq!(moments.map(Timestamp::micros), micros);
        assert_eq!(Timestamp::from_micros(i64::MIN), moments[0]);
        assert_eq!(size_of::<Option<Timestamp>>(), size_of::<i64>());
    }

    #[test]
    fn rfc3339_comes_back() {
        let at = Timestamp::from_seconds(1_795_328_277);
        assert_eq!(Timestamp::parse_rfc3339(&at.to_rfc3339()), Some(at));
    }

    #[test]
    fn the_past_of_the_future_is_zero() {
        let now = Timestamp::from_seconds(10);
        assert_eq!(now.since(Timestamp::from_seconds(11)), Duration::ZERO);
        assert_eq!(now.since(Timestamp::from_seconds(4)), Duration::from_secs(6));
    }
}
