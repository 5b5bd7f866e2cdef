//! Jobs: work that is done after the transaction that caused it, at least once and under one id.

use std::time::Duration;

use serde_json::Value;

use crate::{Entropy, Timestamp, id::JobId};

/// What the jobs of a queue do, for people. A queue without a title here is shown by its name.
pub fn title(queue: &str) -> &str {
    match queue {
        "mail" => "Send a mail",
        "audit_checkpoints" => "Sign checkpoints of the audit log",
        "audit_forward" => "Send the audit log to the collector",
        "delete_idempotency" => "Delete old idempotency keys",
        "delete_key_days" => "Delete old counts of daily limits",
        "delete_sessions" => "Delete expired sessions",
        "delete_used_challenges" => "Forget answered challenges of passkeys",
        "delete_password_resets" => "Delete expired password resets",
        "delete_invitations" => "Delete expired invitations",
        "delete_personal_tokens" => "Delete ended personal tokens",
        "service_token_ends" => "Tell of tokens of service accounts that end soon",
        "delete_service_tokens" => "Delete ended tokens of service accounts",
        "delete_used_refresh_tokens" => "Delete used refresh tokens",
        "take_back_secrets" => "Accept secrets again whose replacement was interrupted",
        "delete_approvals" => "Delete old approval requests",
        "webhook_events" => "Turn events into deliveries of webhooks",
        "webhook_deliveries" => "Send deliveries of webhooks",
        "delete_webhooks" => "Delete what is left of deleted webhooks",
        "delete_deliveries" => "Delete old deliveries of webhooks",
        "delete_keys_of_trust_rules" => "Delete short-lived keys that are over",
        "delete_handovers" => "Delete expired hand-overs",
        "key_deadlines" => "Tell of keys that expire, and pause unused ones",
        "warn_of_cut_off" => "Warn of an old key that is still in use",
        "delete_device_requests" => "Delete expired sign-in codes",
        "import_keys" => "Import keys that were made elsewhere",
        "delete_imports" => "Delete uploads of keys that were not imported",
        "delete_jobs" => "Delete ended jobs",
        "delete_usage" => "Delete old counts of usage",
        "drop_retired_pepper" => "Drop a pepper that no secret needs",
        "rotate_audit_key" => "Rotate the key that signs the audit log",
        "rotate_capability_keys" => "Rotate the key that signs capability tokens",
        "prune_events" => "Remove old activity",
        "delete_key_requests" => "Delete old requests of keys",
        "delete_usage_of_deleted" => "Delete counts of what was deleted",
        queue => queue,
    }
}

/// A job to be enqueued. An id that exists already adds nothing, so that a repeated cause makes one job.
#[derive(Clone, Debug, PartialEq)]
pub struct NewJob {
    pub id: JobId,
    /// Selects the handler.
    pub queue: &'static str,
    /// The handler's input. It must not contain secrets: it is kept for days after the job ended.
    pub payload: Value,
    pub run_at: Timestamp,
    /// For a recurring job: how long after its end it is due again.
    pub every: Option<Duration>,
}

impl NewJob {
    /// A job that runs once, as soon as it is committed.
    pub fn once(queue: &'static str, payload: Value, now: Timestamp, entropy: &dyn Entropy) -> Self {
        Self { id: JobId::mint(entropy), queue, payload, run_at: now, every: None }
    }

    /// A recurring job. Its queue has exactly one, identified by the queue's name.
    pub fn recurring(queue: &'static str, every: Duration, now: Timestamp) -> Self {
        let id = JobId::named(queue);
        Self { id, queue, payload: Value::Object(serde_json::Map::new()), run_at: now, every: Some(every) }
    }
}

/// A job leased by a worker.
#[derive(Clone, Debug, PartialEq)]
pub struct LeasedJob {
    /// The same at each attempt: external receivers recognize repetitions by it.
    pub id: JobId,
    pub payload: Value,
    /// Including this one, and those whose worker died.
    pub attempts: u32,
    /// How long after its end it is due again.
    pub every: Option<Duration>,
    /// The number of this lease.
    pub(crate) lease: i64,
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// After as many attempts as its queue allows.
    Failed,
}

impl Outcome {
    /// Parses a stored value.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Done, Self::Failed].into_iter().find(|outcome| outcome.as_str() == word)
    }

    /// The stored value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// The status of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobStatus {
    /// When it is due next; `None` once it has ended.
    pub run_at: Option<Timestamp>,
    pub lease_until: Option<Timestamp>,
    /// Since it last ended.
    pub attempts: u32,
    /// The last outcome.
    pub outcome: Option<Outcome>,
    /// The error of the last attempt.
    pub error: Option<String>,
}

/// How often a failing job is retried, and at what intervals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// The maximum number of attempts, including the first.
    pub limit: u32,
    /// The delay before the second attempt. It doubles with each further attempt.
    pub first: Duration,
    /// The maximum delay.
    pub longest: Duration,
}

impl Retries {
    /// Ten attempts within about three hours.
    pub const STANDARD: Self =
        Self { limit: 10, first: Duration::from_secs(10), longest: Duration::from_secs(60 * 60) };

    /// The delay after that many attempts: at least half of the doubled value, plus a random part, so that jobs that
    /// failed together are not retried together.
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
