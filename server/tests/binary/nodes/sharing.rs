//! Whether limits and signatures that three nodes share were what was promised, by a history.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use super::history::{Record, What};

const NODES: usize = 3;
/// Over shorter times nothing is promised.
const SHORTEST: Duration = Duration::from_secs(1);
/// From so many moments on it is counted what passed.
const MOMENTS: usize = 300;

/// A limit of a secret that all nodes spend.
#[derive(Clone, Debug)]
pub struct SharedLimit {
    pub subject: Arc<str>,
    pub per_minute: u32,
}

/// So many nodes could not ask a Redis that went on: each had its part of every limit, on top of what others spent there.
#[derive(Clone, Debug)]
pub struct Outage {
    pub nodes: usize,
    pub from: Instant,
    pub to: Instant,
}

pub fn violations(record: &Record) -> Vec<String> {
    let too_much = record.limits.iter().filter_map(|limit| too_much(record, limit));
    too_much.chain(used_twice(record)).collect()
}

/// What was accepted: from when to when, and how much it costs.
type Spent = (Instant, Instant, u32);

/// More than the limit, what refills, and one percent.
fn too_much(record: &Record, limit: &SharedLimit) -> Option<String> {
    let mut all: Vec<Spent> = record
        .entries
        .iter()
        .filter(|entry| entry.subject == limit.subject)
        .filter_map(|entry| {
            let cost = match entry.what {
                What::Accepted => 1,
                What::Spent(cost) => cost,
                _ => return None,
            };
            Some((entry.began, entry.ended, cost))
        })
        .collect();
    all.sort_by_key(|(_, ended, _)| *ended);
    let every = all.len().div_ceil(MOMENTS).max(1);
    all.iter().step_by(every).find_map(|(from, ..)| {
        let mut spent = 0;
        // Those that surely were accepted since then.
        all.iter().filter(|(began, ..)| began >= from).find_map(|(_, ended, cost)| {
            spent += cost;
            let most = most(limit.per_minute, *from, *ended, &record.outages);
            (f64::from(spent) > most)
                .then(|| format!("{spent} of {} passed within {:?}, and {most:.0} may", limit.subject, *ended - *from))
        })
    })
}

fn most(per_minute: u32, from: Instant, to: Instant, outages: &[Outage]) -> f64 {
    let rate = f64::from(per_minute) / 60.0;
    let whole = (f64::from(per_minute) + rate * (to - from).max(SHORTEST).as_secs_f64()) * 1.01;
    let alone = outages.iter().map(|outage| {
        let both = outage.to.min(to).saturating_duration_since(outage.from.max(from));
        rate * both.as_secs_f64() * outage.nodes as f64 / NODES as f64
    });
    // Each node rounds its part.
    whole + alone.sum::<f64>() + NODES as f64
}

/// A signature is accepted once, on whatever node.
fn used_twice(record: &Record) -> Vec<String> {
    let mut used: HashMap<&Arc<str>, Vec<usize>> = HashMap::new();
    for entry in record.entries.iter().filter(|entry| entry.what == What::Used) {
        used.entry(&entry.subject).or_default().push(entry.node);
    }
    let twice = used.into_iter().filter(|(_, nodes)| nodes.len() > 1);
    twice.map(|(signature, nodes)| format!("{signature} was accepted by nodes {nodes:?}")).collect()
}

#[cfg(test)]
mod tests {
    use super::{super::history::Entry, *};

    fn record(first: Instant, entries: &[(usize, u64, What)]) -> Record {
        let at = |ms| first + Duration::from_millis(ms);
        let entry = |(node, began, what): &(usize, u64, What)| Entry {
            subject: "key_a".into(),
            node: *node,
            began: at(*began),
            ended: at(began + 1),
            what: *what,
        };
        let limits = vec![SharedLimit { subject: "key_a".into(), per_minute: 60 }];
        Record { entries: entries.iter().map(entry).collect(), limits, ..Record::default() }
    }

    #[test]
    fn more_than_a_limit_is_found() {
        let first = Instant::now();
        // 60, one that refills in a second, one percent, and three.
        let burst = |count| record(first, &[(0, 0, What::Spent(count)), (1, 5, What::Limited), (2, 6, What::Accepted)]);
        assert_eq!(violations(&burst(63)), [""; 0]);
        assert_eq!(violations(&burst(64)), ["65 of key_a passed within 7ms, and 65 may"]);
        // It refills.
        let later = |ms| record(first, &[(0, 0, What::Spent(60)), (1, ms, What::Spent(30))]);
        assert_eq!(violations(&later(30_000)), [""; 0]);
        assert_eq!(violations(&later(20_000)).len(), 1);
        // Two nodes had their part on top for fifteen seconds.
        let mut cut_off = later(20_000);
        cut_off.outages.push(Outage { nodes: 2, from: first, to: first + Duration::from_secs(15) });
        assert_eq!(violations(&cut_off), [""; 0]);
    }

    #[test]
    fn a_signature_that_is_used_twice_is_found() {
        let first = Instant::now();
        let once = [(0, 0, What::Used), (1, 5, What::UsedBefore), (2, 6, What::Nothing)];
        assert_eq!(violations(&record(first, &once)), [""; 0]);
        let twice = [once[0], once[1], (2, 9, What::Used)];
        assert_eq!(violations(&record(first, &twice)), ["key_a was accepted by nodes [0, 2]"]);
    }
}
