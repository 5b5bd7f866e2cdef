//! The last check: only a request that passes all others is charged to the key's limits.

use std::num::NonZeroU32;

use crate::{
    Result, Timestamp,
    id::KeyId,
    key::{Ask, KeyRecord},
    limit::{Day, Judged, Limits, Now, Rate},
};

use super::{AT_ONCE, Verifier, shared_state::RateLimits};

/// A request that reached the limits.
#[derive(Clone, Copy, Debug)]
pub struct Charged {
    pub limits: Limits,
    pub rate: Rate,
    /// When it was checked: the times in its rate count from here.
    pub at: Timestamp,
}

impl Charged {
    /// When the whole limit is available again, in seconds since 1970.
    pub fn resets_at(&self) -> u64 {
        let at = (self.at + self.rate.reset).micros();
        u64::try_from(at).unwrap_or(0).div_ceil(1_000_000)
    }
}

pub(super) enum ChargeOutcome {
    /// `None` if there is no limit.
    Passed(Option<Charged>),
    Refused(Charged),
    /// The day's count has to be read first.
    Unread(Day),
}

impl Verifier {
    pub(super) async fn charge(&self, key: &KeyRecord, ask: &Ask<'_>, at: Timestamp) -> Result<ChargeOutcome> {
        let limits = Limits::of(self.store.profile(), key, &ask.request);
        if limits.is_unlimited() {
            return Ok(ChargeOutcome::Passed(None));
        }
        let judged = self.limits().charge(&key.key_id, &limits, cost(ask), self.both_clocks(at)).await?;
        Ok(outcome(judged, limits, at))
    }

    /// What `charge` would return.
    pub(super) async fn peek(&self, key: &KeyRecord, ask: &Ask<'_>, at: Timestamp) -> Result<ChargeOutcome> {
        let limits = Limits::of(self.store.profile(), key, &ask.request);
        let judged = self.limits().peek(&key.key_id, &limits, cost(ask), self.both_clocks(at)).await?;
        Ok(outcome(judged, limits, at))
    }

    pub(super) async fn read_day(&self, key: &KeyId, day: Day) -> Result<()> {
        let stored = self.store.key_day(key, day.number()).await?;
        self.freshness.check()?;
        self.limits().read(key, day, stored)
    }

    /// Writes the counts of daily quotas since the last call, and drops those that ended.
    pub(super) async fn flush_days(&self) -> Result<()> {
        let at = self.store.now();
        self.limits().forget(self.both_clocks(at));
        let counts = self.limits().take();
        for (place, part) in counts.chunks(AT_ONCE).enumerate() {
            let written = self.store.record_days(part.to_vec()).await;
            if written.is_err() {
                self.limits().put_back(counts[place * AT_ONCE..].to_vec());
                return written;
            }
        }
        Ok(())
    }

    fn both_clocks(&self, at: Timestamp) -> Now {
        Now { elapsed: (self.elapsed)(), at }
    }
}

/// The minimum cost is one: nothing is free.
fn cost(ask: &Ask<'_>) -> NonZeroU32 {
    NonZeroU32::new(ask.cost).unwrap_or(NonZeroU32::MIN)
}

fn outcome(judged: Judged, limits: Limits, at: Timestamp) -> ChargeOutcome {
    match judged {
        Judged::Unlimited => ChargeOutcome::Passed(None),
        Judged::Passed(_, rate) => ChargeOutcome::Passed(Some(Charged { limits, rate, at })),
        Judged::Refused(rate) => ChargeOutcome::Refused(Charged { limits, rate, at }),
        Judged::Unread(day) => ChargeOutcome::Unread(day),
    }
}
