//! Jobs: work that is done after the transaction that caused it, at least once and under one id.

use std::time::Duration;

use serde_json::Value;

use crate::{Entropy, Timestamp, id::JobId};

/// Work to be done. Under an id that is there already nothing is added, so that a cause that comes twice makes one job.
#[derive(Clone, Debug, PartialEq)]
pub struct NewJob {
    pub id: JobId,
    /// Which handler does it.
    pub queue: &'static str,
    /// What the handler has to know. It holds no secret: it is kept for days after the job ended.
    pub payload: Value,
    pub run_at: Timestamp,
    /// Where it recurs: how long after it ended it is due again.
    pub every: Option<Duration>,
}

impl NewJob {
    /// A job that runs once, as soon as it is committed.
    pub fn once(queue: &'static str, payload: Value, now: Timestamp, entropy: &dyn Entropy) -> Self {
        Self { id: JobId::mint(entropy), queue, payload, run_at: now, every: None }
    }

    /// A job that recurs. There is one in its queue, which names it.
    pub fn recurring(queue: &'static str, every: Duration, now: Timestamp) -> Self {
        let id = JobId::named(queue);
        Self { id, queue, payload: Value::Object(serde_json::Map::new()), run_at: now, every: Some(every) }
    }
}

/// A job that a worker holds until its lease runs out.
#[derive(Clone, Debug, PartialEq)]
pub struct LeasedJob {
    /// The same at each attempt: what a receiver outside of this database tells repetitions by.
    pub id: JobId,
    pub payload: Value,
    /// With this one; one that ended with its worker counts.
    pub attempts: u32,
    /// How long after its end it is due again.
    pub every: Option<Duration>,
    /// Which lease of this job it is.
    pub(crate) lease: i64,
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// After so many attempts as its queue allows.
    Failed,
}

impl Outcome {
    /// Takes what the database holds.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Done, Self::Failed].into_iter().find(|outcome| outcome.as_str() == word)
    }

    /// As the database holds it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// What is known of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobStatus {
    /// When it is due next; nothing once it is over.
    pub run_at: Option<Timestamp>,
    pub lease_until: Option<Timestamp>,
    /// Since it last ended.
    pub attempts: u32,
    /// How it ended last.
    pub outcome: Option<Outcome>,
    /// Why the last attempt failed.
    pub error: Option<String>,
}

/// How often a job that fails is tried, and how long apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// Attempts, the first included.
    pub limit: u32,
    /// Before the second attempt. It doubles with each attempt that follows.
    pub first: Duration,
    /// It grows to this and no further.
    pub longest: Duration,
}

impl Retries {
    /// Ten attempts within about three hours.
    pub const STANDARD: Self =
        Self { limit: 10, first: Duration::from_secs(10), longest: Duration::from_secs(60 * 60) };

    /// How long to wait after that many attempts: at least half of what doubling gives, and a random part of the rest, so
    /// that what failed at one time is not tried at one time.
    pub fn delay(&self, attempts: u32, entropy: &dyn Entropy) -> Duration {
        let doubled = 2_u32.saturating_pow(attempts.saturating_sub(1));
        let half = self.first.saturating_mul(doubled).min(self.longest) / 2;
        half + half.mul_f64(f64::from(u32::from_be_bytes(entropy.array())) / f64::from(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededEntropy;

    #[test]
    fn delays_double_up_to_the_longest_and_differ() {
        let (retries, entropy) = (Retries::STANDARD, SeededEntropy::new(1));
        for (attempts, seconds) in [(1, 10), (2, 20), (3, 40), (8, 1_280), (9, 2_560), (10, 3_600), (u32::MAX, 3_600)] {
            let whole = Duration::from_secs(seconds);
            let delays: Vec<_> = (0..50).map(|_| retries.delay(attempts, &entropy)).collect();
            assert!(delays.iter().all(|delay| (whole / 2..=whole).contains(delay)), "{attempts}: {delays:?}");
            assert!(delays.iter().max() > delays.iter().min(), "{attempts}: all alike");
        }
    }

    #[test]
    fn the_same_randomness_gives_the_same_delay() {
        let [one, other] = [7, 7].map(|seed| Retries::STANDARD.delay(3, &SeededEntropy::new(seed)));
        assert_eq!(one, other);
    }
}
