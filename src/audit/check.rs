//! Checks a chain, event after event: each hash, the numbers, and the roots of checkpoints. Finds the first event that is
//! wrong, and says what was done to it as far as the event after it shows that.

use std::{collections::VecDeque, fmt};

use super::{
    ERASED, Event, PersonalField, Salt, Salts,
    checkpoint::Checkpoint,
    export::Exported,
    pruned::Pruned,
    tree::{Frontier, Hash, leaf_hash},
};

/// The first wrong event, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub seq: i64,
    pub why: Wrong,
}

/// What is wrong with an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    Edited,
    Missing { next: i64 },
    Inserted,
    Swapped { with: i64 },
    Repeated,
    Cut { until: i64 },
    Rewritten { until: i64 },
    NotHead,
    OtherChain(String),
    OldFormat,
    HashOnly,
    NotErased(PersonalField),
    NotPruned { until: i64 },
    NotCovered { until: i64, by: i64 },
    Unreadable(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seq = self.seq;
        match &self.why {
            Wrong::Edited => {
                write!(f, "Event {seq} was changed: its hash is not that of its fields and of the event before it.")
            }
            Wrong::Missing { next } => write!(f, "Event {seq} is missing: event {next} follows the one before it."),
            Wrong::Inserted => write!(f, "Event {seq} was inserted: it does not belong to the chain."),
            Wrong::Swapped { with } => write!(f, "Events {seq} and {with} were swapped."),
            Wrong::Repeated => write!(f, "Event {seq} occurs twice, or in the wrong place."),
            Wrong::Cut { until } => {
                write!(f, "Event {seq} is missing: the chain was cut, it had at least {until} events.")
            }
            Wrong::Rewritten { until } => write!(
                f,
                "Events {seq} to {until} were rewritten: they fit each other, but not the checkpoint of {until} events."
            ),
            Wrong::NotHead => write!(f, "Event {seq} was replaced: the head of the chain has another hash."),
            Wrong::OtherChain(chain) => write!(f, "Event {seq} is of another chain, {chain}."),
            Wrong::OldFormat => {
                write!(f, "Event {seq} was changed: it is in a format that was no longer written when it was recorded.")
            }
            Wrong::HashOnly => write!(
                f,
                "Event {seq} has nothing but its hash: it is marked as an erased one of the first format, and no checkpoint \
                 says that the log has such events. If an early version wrote it: --first-format-until SEQ."
            ),
            Wrong::NotErased(field) => {
                write!(f, "Event {seq} was changed: its {} is marked as erased, but is not.", field.name())
            }
            Wrong::NotPruned { until } => write!(
                f,
                "Event {seq} is missing: only hashes are left of events 1 to {until}, and no later event says that they \
                 were removed because of their age."
            ),
            Wrong::NotCovered { until, by } => write!(
                f,
                "Event {seq} is missing: event {by} says that events 1 to {until} were removed because of their age, but no \
                 checkpoint that was given covers it. Get a newer one from the portal."
            ),
            Wrong::Unreadable(why) => write!(f, "Event {seq} can't be read: {why}."),
        }
    }
}

/// A chain in which nothing is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    pub chain: String,
    pub events: i64,
    /// How many of them, at its beginning, were removed because of their age: only their hashes are left.
    pub pruned: i64,
    /// Events of which personal fields were erased: what they contain instead is not proven.
    pub erased: u64,
    /// Events of the first format that were erased: nothing that they contain is proven.
    pub hash_only: u64,
    /// The checkpoints that it was compared with.
    pub checkpoints: usize,
    pub root: Hash,
}

/// A chain that is being checked.
pub struct ChainCheck {
    chain: String,
    seq: i64,
    before: Vec<u8>,
    tree: Frontier,
    /// The size and root of checkpoints that are still ahead, the smallest first.
    ahead: VecDeque<(i64, Hash)>,
    compared: usize,
    /// Up to where the last checkpoint reached that fits.
    proven: i64,
    is_salted: bool,
    /// Up to which event the first format goes, if that is known.
    first_format: Option<i64>,
    erased: u64,
    hash_only: u64,
    /// Up to which event only hashes are left, and up to which a later event says so.
    pruned: i64,
    said_pruned: i64,
    /// The event that says so.
    said_by: i64,
    /// It has to be in a checkpoint: in an export anybody can write such an event, and the hashes before it are not there.
    needs_cover: bool,
    /// An event that is wrong; the one after it shows how.
    wrong: Option<Exported>,
}

impl ChainCheck {
    /// Begins with the first event of a chain. The checkpoints were opened, and are of this chain. They say up to which
    /// event the first format goes, unless whoever checks it knows.
    pub fn new(chain: &str, checkpoints: &[Checkpoint], first_format: Option<i64>) -> Self {
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let mut ahead: Vec<_> = checkpoints.iter().map(|of| (number(of.size), of.root)).collect();
        ahead.sort_unstable();
        ahead.dedup();
        Self {
            chain: chain.to_owned(),
            seq: 0,
            before: Vec::new(),
            tree: Frontier::default(),
            ahead: ahead.into(),
            compared: 0,
            proven: 0,
            is_salted: false,
            first_format: first_format.or_else(|| checkpoints.iter().map(|of| number(of.first_format)).min()),
            erased: 0,
            hash_only: 0,
            pruned: 0,
            said_pruned: 0,
            said_by: 0,
            needs_cover: false,
            wrong: None,
        }
    }

    /// Begins after events of which only the tree is left. Checkpoints of fewer events can't be compared.
    pub fn begin_after(&mut self, pruned: Pruned) {
        self.needs_cover = !self.ahead.is_empty();
        self.ahead.retain(|(size, _)| *size >= pruned.until);
        (self.seq, self.pruned) = (pruned.until, pruned.until);
        (self.before, self.tree) = (pruned.hash, pruned.tree);
    }

    /// Takes the next event, of which only the hash is left. All of these come before the first whole one.
    pub fn next_hash(&mut self, seq: i64, hash: Vec<u8>) -> Result<(), Fault> {
        self.compare()?;
        let expected = self.seq + 1;
        if seq != expected {
            return Err(Fault { seq: expected, why: Wrong::Missing { next: seq } });
        }
        self.tree.push(leaf_hash(&hash));
        (self.seq, self.pruned, self.before) = (seq, seq, hash);
        Ok(())
    }

    /// The number of the last event that was right.
    pub fn seq(&self) -> i64 {
        self.seq
    }

    /// The hash of that event.
    pub fn last_hash(&self) -> &[u8] {
        &self.before
    }

    /// Takes the next event.
    pub fn next(&mut self, next: Exported) -> Result<(), Fault> {
        if let Some(wrong) = self.wrong.take() {
            return Err(self.explained(wrong, Some(next)));
        }
        self.compare()?;
        let (event, expected) = (&next.event, self.seq + 1);
        let fault = |why| Err(Fault { seq: expected, why });
        if event.chain != self.chain {
            return fault(Wrong::OtherChain(event.chain.clone()));
        }
        if event.seq != expected || !event.has_hash(&self.before, &next.hash) {
            self.wrong = Some(next);
            return Ok(());
        }
        if let Some(why) = self.hidden(event) {
            return fault(why);
        }
        if event.pruned_until() > self.said_pruned {
            (self.said_pruned, self.said_by) = (event.pruned_until(), expected);
        }
        self.tree.push(leaf_hash(&next.hash));
        (self.seq, self.before) = (expected, next.hash);
        Ok(())
    }

    /// What an event hides that has the right hash: an erasure is no excuse for other contents.
    fn hidden(&mut self, event: &Event) -> Option<Wrong> {
        match &event.salts {
            // Events in the first format are older than all others.
            Salts::First | Salts::ErasedFirst
                if self.is_salted || self.first_format.is_some_and(|last| event.seq > last) =>
            {
                return Some(Wrong::OldFormat);
            }
            Salts::First => {}
            // Its hash fits whatever it contains: anybody could mark any event so.
            Salts::ErasedFirst if self.first_format.is_none() => return Some(Wrong::HashOnly),
            Salts::ErasedFirst => self.hash_only += 1,
            Salts::Seed(_) => self.is_salted = true,
            Salts::Each(salts) => {
                self.is_salted = true;
                let mut fields = PersonalField::ALL.into_iter().zip(salts);
                if let Some((field, _)) = fields.clone().find(|(field, salt)| was_replaced(event, *field, salt)) {
                    return Some(Wrong::NotErased(field));
                }
                self.erased += u64::from(fields.any(|(_, salt)| matches!(salt, Salt::Erased(_))));
            }
        }
        None
    }

    /// Compares the tree with checkpoints of its size.
    fn compare(&mut self) -> Result<(), Fault> {
        while let Some((size, root)) = self.ahead.front().copied().filter(|(size, _)| *size == self.seq) {
            if root != self.tree.root() {
                let seq = (self.proven + 1).min(size);
                return Err(Fault { seq, why: Wrong::Rewritten { until: size } });
            }
            (self.proven, self.compared) = (size, self.compared + 1);
            self.ahead.pop_front();
        }
        Ok(())
    }

    /// How an event at the next place came to be wrong, by the one after it.
    fn explained(&self, wrong: Exported, next: Option<Exported>) -> Fault {
        let seq = self.seq + 1;
        let found = wrong.event.seq;
        let why = match &next {
            // The order of the numbers.
            Some(next) if found == seq + 1 && next.event.seq == seq => Wrong::Swapped { with: found },
            _ if found > seq => Wrong::Missing { next: found },
            _ if found < seq => return Fault { seq: found, why: Wrong::Repeated },
            // The contents, behind right numbers.
            Some(next) if moved(next, seq).has_hash(&self.before, &next.hash) => {
                match moved(&wrong, seq + 1).has_hash(&next.hash, &wrong.hash) {
                    true => Wrong::Swapped { with: seq + 1 },
                    false => Wrong::Inserted,
                }
            }
            _ => Wrong::Edited,
        };
        Fault { seq, why }
    }

    /// The end of the chain. `length` is how many events it has to have, as far as that is known.
    pub fn end(mut self, length: Option<i64>) -> Result<Checked, Fault> {
        if let Some(wrong) = self.wrong.take() {
            return Err(self.explained(wrong, None));
        }
        self.compare()?;
        let seq = self.seq + 1;
        if let Some((until, _)) = self.ahead.back() {
            return Err(Fault { seq, why: Wrong::Cut { until: *until } });
        }
        match length {
            Some(until) if until > self.seq => return Err(Fault { seq, why: Wrong::Cut { until } }),
            Some(last) if last < self.seq => return Err(Fault { seq: last + 1, why: Wrong::Inserted }),
            _ => {}
        }
        if self.pruned > self.said_pruned {
            return Err(Fault { seq: 1, why: Wrong::NotPruned { until: self.pruned } });
        }
        if self.needs_cover && self.proven < self.said_by {
            return Err(Fault { seq: 1, why: Wrong::NotCovered { until: self.pruned, by: self.said_by } });
        }
        let root = self.tree.root();
        Ok(Checked {
            chain: self.chain,
            events: self.seq,
            pruned: self.pruned,
            erased: self.erased,
            hash_only: self.hash_only,
            checkpoints: self.compared,
            root,
        })
    }
}

fn moved(exported: &Exported, seq: i64) -> Event {
    Event { seq, ..exported.event.clone() }
}

/// Whether a field that is marked as erased contains something else than what an erasure leaves.
fn was_replaced(event: &Event, field: PersonalField, salt: &Salt) -> bool {
    let value = event.personal(field);
    let is_left = match field {
        PersonalField::ActorName | PersonalField::TargetName => value == Some(ERASED),
        PersonalField::Address | PersonalField::UserAgent => value.is_none(),
        PersonalField::Details => value.is_some_and(|details| details.contains(ERASED)),
    };
    matches!(salt, Salt::Erased(_)) && !is_left
}

#[cfg(test)]
mod tests;
