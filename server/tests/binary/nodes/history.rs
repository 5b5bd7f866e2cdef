//! What was asked and answered, with times. `checker.rs` says whether it is what was promised.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use super::{
    checker::{Rules, violations},
    client,
    cluster::Key,
};

/// Something that was asked about a secret, and its answer.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Of which secret.
    pub subject: Arc<str>,
    pub node: usize,
    pub began: Instant,
    pub ended: Instant,
    pub what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Accepted,
    /// In force, but used too often.
    Limited,
    Refused,
    /// The node said that it judges nothing.
    Closed,
    /// No answer: it may have been judged.
    Nothing,
    /// It was issued, and answered.
    Issued,
    /// It was taken away, and answered.
    TakenAway,
    /// It was to be taken away, and nobody knows whether it was.
    MayBeTakenAway,
    /// What the database says at the end.
    Found(Found),
    /// How often it was accepted by the counts of usage at the end.
    Counted(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    InForce,
    TakenAway,
    Missing,
}

/// A node accepts keys again, so long after what kept it from that was gone.
#[derive(Clone, Debug)]
pub struct Recovery {
    pub from: &'static str,
    pub node: usize,
    pub after: Duration,
}

#[derive(Clone, Debug, Default)]
pub struct Record {
    pub entries: Vec<Entry>,
    pub recoveries: Vec<Recovery>,
    /// Nodes that were killed, and when.
    pub kills: Vec<(usize, Instant)>,
}

#[derive(Default)]
pub struct History(Mutex<Record>);

#[derive(Debug)]
pub struct Checked {
    pub accepted: usize,
    pub refused: usize,
    /// Neither: the node was closed, or did not answer.
    pub nothing: usize,
}

impl History {
    /// Asks a node about a key; returns the status, or 0 without an answer.
    pub fn ask(&self, node: usize, address: &str, key: &Key) -> u16 {
        let began = Instant::now();
        let status = client::verify(address, &key.secret).unwrap_or(0);
        let what = match status {
            200 => What::Accepted,
            429 => What::Limited,
            401 | 403 => What::Refused,
            503 => What::Closed,
            _ => What::Nothing,
        };
        self.note(key, node, began, what);
        status
    }

    /// A revocation was answered.
    pub fn revoked(&self, key: &Key, node: usize, began: Instant) {
        self.note(key, node, began, What::TakenAway);
    }

    pub fn note(&self, key: &Key, node: usize, began: Instant, what: What) {
        let entry = Entry { subject: Arc::clone(&key.subject), node, began, ended: Instant::now(), what };
        self.change(|record| record.entries.push(entry));
    }

    pub fn killed(&self, node: usize) {
        self.change(|record| record.kills.push((node, Instant::now())));
    }

    pub fn recovered(&self, from: &'static str, node: usize, after: Duration) {
        self.change(|record| record.recoveries.push(Recovery { from, node, after }));
    }

    fn change(&self, change: impl FnOnce(&mut Record)) {
        change(&mut self.0.lock().expect("not poisoned"));
    }

    /// How many entries of a secret are so.
    pub fn count(&self, key: &Key, what: What) -> usize {
        let record = self.0.lock().expect("not poisoned");
        record.entries.iter().filter(|entry| entry.subject == key.subject && entry.what == what).count()
    }

    /// The shortest, the median and the longest revocation.
    pub fn revocations(&self) -> [Duration; 3] {
        let record = self.0.lock().expect("not poisoned");
        let revocations = record.entries.iter().filter(|entry| entry.what == What::TakenAway);
        let mut took: Vec<_> = revocations.map(|entry| entry.ended - entry.began).collect();
        took.sort();
        [took[0], took[took.len() / 2], took[took.len() - 1]]
    }

    /// The slowest recovery from each cause.
    pub fn recoveries(&self) -> Vec<(&'static str, Duration)> {
        let mut slowest = std::collections::BTreeMap::new();
        for recovery in &self.0.lock().expect("not poisoned").recoveries {
            let after: &mut Duration = slowest.entry(recovery.from).or_default();
            *after = recovery.after.max(*after);
        }
        slowest.into_iter().collect()
    }

    /// Panics with what is not as promised.
    pub fn check(&self) -> Checked {
        let record = self.0.lock().expect("not poisoned");
        let found = violations(&record, &Rules::default());
        assert!(
            found.is_empty(),
            "{} violations, among them:\n{}",
            found.len(),
            found[..found.len().min(20)].join("\n")
        );
        let count = |what: &[What]| record.entries.iter().filter(|entry| what.contains(&entry.what)).count();
        Checked {
            accepted: count(&[What::Accepted, What::Limited]),
            refused: count(&[What::Refused]),
            nothing: count(&[What::Closed, What::Nothing]),
        }
    }
}
