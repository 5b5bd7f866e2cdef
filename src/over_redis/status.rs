//! How Redis is, as operators see it.

use std::{fmt, sync::Mutex, time::Duration};

use super::lock::locked;

/// How Redis is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedisStatus {
    Good,
    /// It answers, but may forget signatures: its `maxmemory-policy` is another one.
    Evicts(String),
    /// Since when by the monotonic clock, and why.
    Away(Duration, String),
}

impl RedisStatus {
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Good)
    }
}

impl fmt::Display for RedisStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Good => f.write_str("ok"),
            Self::Evicts(policy) => write!(
                f,
                "maxmemory-policy is {policy}, with which Redis forgets signatures when its memory is full: \
                 CONFIG SET maxmemory-policy noeviction. Until then signed requests are judged as without Redis."
            ),
            Self::Away(_, why) => write!(
                f,
                "Redis is away ({why}): each node goes on with its part of each limit, and signed requests are judged as \
                 `redis_signatures` says."
            ),
        }
    }
}

/// The last status; a change is logged once.
pub(super) struct Told(Mutex<RedisStatus>);

impl Told {
    pub fn new() -> Self {
        Self(Mutex::new(RedisStatus::Good))
    }

    pub fn get(&self) -> RedisStatus {
        locked(&self.0).clone()
    }

    pub fn set(&self, status: RedisStatus) {
        let before = std::mem::replace(&mut *locked(&self.0), status.clone());
        match (&before, &status) {
            (RedisStatus::Good, RedisStatus::Good) => {}
            (RedisStatus::Away(..), RedisStatus::Away(since, why)) => {
                // The first moment counts.
                if let RedisStatus::Away(first, _) = before {
                    *locked(&self.0) = RedisStatus::Away(first.min(*since), why.clone());
                }
            }
            (_, RedisStatus::Good) => tracing::info!("Redis answers again: limits and signatures are shared"),
            (before, status) if before != status => tracing::warn!("{status}"),
            _ => {}
        }
    }
}
