//! The counts of one key that are not written yet. Bounded, whatever its requests are.

use std::{mem, sync::Arc};

use crate::{
    Timestamp,
    key::record::KeyHolder,
    profile::ScopeSet,
    usage::{Attribute, Outcome, Span},
};

use super::recent::{PER_SECOND, Room};

/// The maximum number of counts by minute that wait for a flush: without an outage of the database, a key has a few.
const MOST_MINUTES: usize = 64;
/// The maximum number of counts by hour that wait for a flush.
const MOST_ATTRIBUTES: usize = 64;
/// The maximum number of networks and programs that are kept of a key in an hour. Further ones are counted together.
pub(super) const NETWORKS: usize = 16;
const AGENTS: usize = 8;
/// The maximum number of combinations of scopes that are told apart of a key in an hour: callers name them.
pub(super) const SCOPES: usize = 16;

/// The minute since 1970.
pub(super) type Minute = u32;

/// The minute of a moment.
pub(super) fn minute(at: Timestamp) -> Minute {
    u32::try_from(at.seconds() / Span::Minute.seconds()).unwrap_or(0)
}

pub(super) const MINUTES_OF_HOUR: u32 = 60;

#[derive(Clone, Copy)]
pub(super) struct MinuteCount {
    pub(super) minute: Minute,
    pub(super) outcome: Outcome,
    pub(super) n: u32,
}

#[derive(Clone, Copy)]
pub(super) struct AttributeCount {
    pub(super) hour: u32,
    pub(super) attribute: Attribute,
    pub(super) n: u32,
}

/// There are a few of each for every active key.
const _: () = assert!(size_of::<MinuteCount>() <= 24 && size_of::<AttributeCount>() <= 16);

pub(super) struct Tally {
    pub(super) owner: Arc<KeyHolder>,
    minutes: Vec<MinuteCount>,
    /// Those of the current hour stay after they were written, with a count of zero: they are the ones that are kept.
    attributes: Vec<AttributeCount>,
    /// The combinations of scopes that are told apart in that hour.
    scopes: Vec<ScopeSet>,
    hour: u32,
    /// The second of the last request that is listed by itself, how many of it are, and how many were left out since.
    second: u32,
    listed: u8,
    left_out: u32,
}

const _: () = assert!(size_of::<Tally>() <= 96);

impl Tally {
    pub(super) fn new(owner: &Arc<KeyHolder>) -> Self {
        Self {
            owner: Arc::clone(owner),
            minutes: Vec::new(),
            attributes: Vec::new(),
            scopes: Vec::new(),
            hour: 0,
            second: 0,
            listed: 0,
            left_out: 0,
        }
    }

    pub(super) fn count(&mut self, outcome: Outcome, attributes: [Attribute; 3], minute: Minute) {
        self.count_minute(outcome, minute);
        for attribute in attributes {
            self.count_attribute(attribute, minute / MINUTES_OF_HOUR);
        }
    }

    /// Whether a request of that second is listed by itself and, if so, how many before it were left out.
    pub(super) fn list(&mut self, second: u32, room: &Room) -> Option<u32> {
        if self.second != second {
            (self.second, self.listed) = (second, 0);
        }
        if self.listed >= PER_SECOND || !room.take_one() {
            self.left_out = self.left_out.saturating_add(1);
            return None;
        }
        self.listed += 1;
        Some(mem::take(&mut self.left_out))
    }

    fn count_minute(&mut self, outcome: Outcome, minute: Minute) {
        if self.add_minute(outcome, minute) {
            return;
        }
        let outcome = if self.tells_apart(outcome.scopes, minute) { outcome } else { outcome.with_other_scopes() };
        if outcome.has_other_scopes && self.add_minute(outcome, minute) {
            return;
        }
        // The last place is for what has none.
        if self.minutes.len() < MOST_MINUTES - 1 {
            self.minutes.push(MinuteCount { minute, outcome, n: 1 });
            return;
        }
        match self.minutes.last_mut().filter(|last| last.outcome == Outcome::NOT_COUNTED) {
            Some(not_counted) => not_counted.n = not_counted.n.saturating_add(1),
            None => self.minutes.push(MinuteCount { minute, outcome: Outcome::NOT_COUNTED, n: 1 }),
        }
    }

    fn add_minute(&mut self, outcome: Outcome, minute: Minute) -> bool {
        // The newest ones are at the end.
        let is_same = |count: &&mut MinuteCount| count.minute == minute && count.outcome == outcome;
        let found = self.minutes.iter_mut().rev().find(is_same);
        found.map(|count| count.n = count.n.saturating_add(1)).is_some()
    }

    /// Whether these scopes are told apart from others in this hour; takes a place for them, if there is one.
    fn tells_apart(&mut self, scopes: ScopeSet, minute: Minute) -> bool {
        if self.hour != minute / MINUTES_OF_HOUR {
            self.hour = minute / MINUTES_OF_HOUR;
            self.scopes.clear();
        }
        if scopes.is_empty() || self.scopes.contains(&scopes) {
            return true;
        }
        let has_room = self.scopes.len() < SCOPES;
        if has_room {
            self.scopes.push(scopes);
        }
        has_room
    }

    fn count_attribute(&mut self, attribute: Attribute, hour: u32) {
        if self.add_attribute(attribute, hour) {
            return;
        }
        let of_kind = |count: &&AttributeCount| count.hour == hour && count.attribute.kind() == attribute.kind();
        let is_among = |most| self.attributes.iter().filter(of_kind).count() < most;
        let has_room = match attribute {
            Attribute::Network(_) => self.attributes.len() < MOST_ATTRIBUTES && is_among(NETWORKS),
            Attribute::Agent(_) => self.attributes.len() < MOST_ATTRIBUTES && is_among(AGENTS),
            // There are few.
            Attribute::Method(_) | Attribute::OtherMethod | Attribute::NoMethod => true,
        };
        let counted = if has_room { attribute } else { attribute.more() };
        // There is more room for these than is used before an outage of many hours.
        if (has_room || !self.add_attribute(counted, hour)) && self.attributes.len() < 3 * MOST_ATTRIBUTES {
            self.attributes.push(AttributeCount { hour, attribute: counted, n: 1 });
        }
    }

    fn add_attribute(&mut self, attribute: Attribute, hour: u32) -> bool {
        let is_same = |count: &&mut AttributeCount| count.attribute == attribute && count.hour == hour;
        let found = self.attributes.iter_mut().find(is_same);
        found.map(|count| count.n = count.n.saturating_add(1)).is_some()
    }

    /// Whether there is nothing to be written.
    pub(super) fn is_idle(&self) -> bool {
        self.minutes.is_empty()
    }

    /// What is to be written now. Attributes of earlier hours are no longer kept.
    pub(super) fn take(
        &mut self,
        now: Minute,
        minutes: &mut impl FnMut(MinuteCount),
        attributes: &mut impl FnMut(AttributeCount),
    ) {
        self.minutes.drain(..).for_each(minutes);
        let hour = now / MINUTES_OF_HOUR;
        self.attributes.retain_mut(|count| {
            if count.n > 0 {
                attributes(*count);
                count.n = 0;
            }
            count.hour == hour
        });
    }

    /// Whether a further request of this hour would find attributes here.
    pub(super) fn is_of_hour(&self, now: Minute) -> bool {
        self.attributes.iter().any(|count| count.hour == now / MINUTES_OF_HOUR)
    }
}
