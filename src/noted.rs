//! Collects refused acts and exports for the activity log. The first of a kind is written with the next batch, those
//! of the following ten minutes as one event, so that a flood does not fill the log. Kept in memory, bounded.

use std::{collections::HashMap, mem, time::Duration};

use serde_json::json;

use crate::audit::{Act, Actor, NewEvent};

/// The minimum time between events of one kind.
const EVERY: Duration = Duration::from_secs(10 * 60);
/// The number of kinds that are distinguished; beyond it, acts are only counted by action and chain.
const MOST: usize = 1024;

/// The same act by the same actor on the same target; for an export also its content.
type Kind = (&'static str, String, String, String);

struct Count {
    act: Act,
    event: NewEvent,
    times: u64,
    told: Option<Duration>,
}

/// Acts that wait to be written. Times are relative to some start.
#[derive(Default)]
pub struct Noted(HashMap<Kind, Count>);

impl Noted {
    /// Counts an act. Actors are distinguished by id or, if unknown, by address.
    pub fn note(&mut self, act: Act, event: NewEvent) {
        let who = match act.actor.id() {
            "" => act.address.clone().unwrap_or_default(),
            id => id.to_owned(),
        };
        let what =
            if event.action.is_export() { format!("{} {}", event.target.id, event.details) } else { String::new() };
        let action = event.action.as_str();
        let kind = (action, event.chain().to_owned(), who, what);
        if self.0.len() >= MOST && !self.0.contains_key(&kind) {
            let others = (action, event.chain().to_owned(), String::new(), String::new());
            return self.count(others, Act::by(Actor::Anonymous), event);
        }
        self.count(kind, act, event);
    }

    /// Puts events back that could not be written: they are due again.
    pub fn put_back(&mut self, due: Vec<(Act, NewEvent)>) {
        for (act, mut event) in due {
            let times = event.details.as_object_mut().and_then(|details| details.remove("times"));
            let times = times.and_then(|times| times.as_u64()).unwrap_or(1);
            let mut one = Self::default();
            one.note(act, event);
            for (kind, put_back) in one.0 {
                let count = self.0.entry(kind).or_insert_with(|| Count { times: 0, told: None, ..put_back });
                count.times += times;
                count.told = None;
            }
        }
    }

    fn count(&mut self, kind: Kind, act: Act, event: NewEvent) {
        let count = self.0.entry(kind).or_insert_with(|| Count {
            act: act.clone(),
            event: event.clone(),
            times: 0,
            told: None,
        });
        (count.act, count.event) = (act, event);
        count.times += 1;
    }

    /// The events to be written now, by chain; all of them on shutdown.
    pub fn due(&mut self, now: Duration, at_the_end: bool) -> Vec<(Act, NewEvent)> {
        let mut due = Vec::new();
        self.0.retain(|_, count| {
            let rests = !at_the_end && count.told.is_some_and(|told| now.saturating_sub(told) < EVERY);
            if rests {
                return true;
            }
            let times = mem::take(&mut count.times);
            if times == 0 {
                return false;
            }
            let mut event = count.event.clone();
            if times > 1 {
                event.details["times"] = json!(times);
            }
            due.push((count.act.clone(), event));
            count.told = Some(now);
            true
        });
        due.sort_by(|(_, one), (_, other)| one.chain().cmp(other.chain()));
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Action, Target};

    fn refused(address: &str) -> (Act, NewEvent) {
        let act = Act { address: Some(address.to_owned()), ..Act::by(Actor::Anonymous) };
        (act, NewEvent::of_system(Action::OriginRefused, Target::default()).refused(403))
    }

    fn told(noted: &mut Noted, seconds: u64) -> Vec<(Option<String>, serde_json::Value)> {
        let due = noted.due(Duration::from_secs(seconds), false);
        let mut told: Vec<_> =
            due.into_iter().map(|(act, event)| (act.address, event.details["times"].clone())).collect();
        told.sort_by_key(|(address, _)| address.clone());
        told
    }

    #[test]
    fn the_first_of_a_kind_is_told_and_the_next_together() {
        let mut noted = Noted::default();
        let note = |noted: &mut Noted, address: &str| {
            let (act, event) = refused(address);
            noted.note(act, event);
        };
        note(&mut noted, "a");
        assert_eq!(told(&mut noted, 0), [(Some("a".to_owned()), json!(null))]);
        for _ in 0..5_000 {
            note(&mut noted, "a");
        }
        note(&mut noted, "b");
        assert_eq!(told(&mut noted, 599), [(Some("b".to_owned()), json!(null))]);
        assert_eq!(told(&mut noted, 600), [(Some("a".to_owned()), json!(5_000))]);
        assert_eq!(told(&mut noted, 1_199), []);
        assert_eq!(told(&mut noted, 2_000), []);
        assert!(noted.0.is_empty(), "and is forgotten");
    }

    #[test]
    fn what_was_not_written_is_due_again_and_all_is_at_the_end() {
        let (mut noted, start) = (Noted::default(), Duration::ZERO);
        for _ in 0..3 {
            let (act, event) = refused("a");
            noted.note(act, event);
        }
        let due = noted.due(start, false);
        noted.put_back(due);
        let (act, event) = refused("a");
        noted.note(act, event);
        assert_eq!(told(&mut noted, 1), [(Some("a".to_owned()), json!(4))]);
        let (act, event) = refused("a");
        noted.note(act, event);
        assert_eq!(told(&mut noted, 2), []);
        assert_eq!(noted.due(Duration::from_secs(2), true).len(), 1);
    }

    #[test]
    fn each_export_is_told_by_what_it_was() {
        let mut noted = Noted::default();
        for format in ["csv", "csv", "jsonl"] {
            let event = NewEvent::of_system(Action::ActivityExported, Target::default());
            noted.note(Act::by(Actor::CommandLine), event.with(json!({ "format": format })));
        }
        assert_eq!(noted.due(Duration::ZERO, false).len(), 2);
    }

    #[test]
    fn many_kinds_take_bounded_room_and_none_is_lost() {
        let mut noted = Noted::default();
        for n in 0..5_000 {
            let (act, event) = refused(&n.to_string());
            noted.note(act, event);
        }
        assert!(noted.0.len() <= MOST + 1);
        let told = told(&mut noted, 0);
        let times: u64 = told.iter().map(|(_, times)| times.as_u64().unwrap_or(1)).sum();
        assert_eq!((told.len(), times), (MOST + 1, 5_000));
        assert_eq!(told[0], (None, json!(5_000 - MOST as u64)), "those beyond, together");
    }
}
