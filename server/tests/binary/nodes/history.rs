//! What was asked and answered, with times. `checker.rs` says whether it is what was promised.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use super::{
    checker::{Rules, violations},
    client,
    cluster::Key,
    sharing::{Outage, SharedLimit},
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
    /// Accepted, and counted as so many requests.
    Spent(u32),
    /// In force, but used too often.
    Limited,
    Refused,
    /// The node said that it judges nothing.
    Closed,
    /// No answer: it may have been judged.
    Nothing,
    /// A signature was accepted.
    Used,
    /// A signature was refused, since it was used or may have been.
    UsedBefore,
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
    pub limits: Vec<SharedLimit>,
    pub outages: Vec<Outage>,
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
        self.note_about(&key.subject, node, began, what);
    }

    pub fn note_about(&self, subject: &Arc<str>, node: usize, began: Instant, what: What) {
        let entry = Entry { subject: Arc::clone(subject), node, began, ended: Instant::now(), what };
        self.change(|record| record.entries.push(entry));
    }

    pub fn limited(&self, key: &Key, per_minute: u32) {
        self.change(|record| record.limits.push(SharedLimit { subject: Arc::clone(&key.subject), per_minute }));
    }

    /// So many nodes were cut off from Redis since then, and are not any more.
    pub fn cut_off(&self, nodes: usize, from: Instant) {
        self.change(|record| record.outages.push(Outage { nodes, from, to: Instant::now() }));
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

    /// How many entries are so, of whatever.
    pub fn total(&self, what: impl Fn(What) -> bool) -> usize {
        self.0.lock().expect("not poisoned").entries.iter().filter(|entry| what(entry.what)).count()
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
