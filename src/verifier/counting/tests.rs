use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use proptest::prelude::*;

use super::{
    recent::Room,
    recorder::{Recorded, Recorder},
    tally::{NETWORKS, SCOPES, minute},
};
use crate::{
    Timestamp,
    id::KeyId,
    key::{KeyRecord, Verdict},
    profile::ScopeSet,
    testing::{SeededEntropy, key_record},
    usage::{Agent, Attribute, Code, Network, Outcome},
};

/// Nothing is listed by itself.
static ROOM: Room = Room::new(0);
const NOW: Timestamp = Timestamp::from_seconds(1_000_020);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

const VALID: Outcome =
    Outcome { code: Code::Verdict(Verdict::Valid), scopes: ScopeSet::EMPTY, has_other_scopes: false };

fn keys(count: usize) -> Vec<KeyRecord> {
    let entropy = SeededEntropy::new(7);
    (0..count).map(|_| KeyRecord { key_id: KeyId::mint(&entropy), ..key_record() }).collect()
}

fn refused(verdict: Verdict) -> Outcome {
    Outcome { code: Code::Verdict(verdict), ..VALID }
}

fn from(network: u8) -> [Attribute; 3] {
    let ip = IpAddr::V4(Ipv4Addr::new(203, 0, network, 1));
    [Attribute::Network(Network::of(ip)), Attribute::Agent(Agent::UNKNOWN), Attribute::NoMethod]
}

/// Requests by key, minute and code; those of nobody's have no key.
type Sums = BTreeMap<(String, u32, &'static str), u64>;

fn add(sums: &mut Sums, recorded: Recorded) {
    for (key, _, count) in recorded.minutes {
        let name = (key.to_string(), count.minute, count.outcome.code.as_str());
        *sums.entry(name).or_default() += u64::from(count.n);
    }
    for (org, minute, n) in recorded.not_counted {
        let name = (org.map(|org| org.to_string()).unwrap_or_default(), minute, "not_counted");
        *sums.entry(name).or_default() += n;
    }
}

#[test]
fn what_threads_count_while_others_flush_adds_up() {
    const THREADS: usize = 8;
    const EACH: usize = 20_000;
    let (recorder, keys) = (Arc::new(Recorder::new(1_000)), Arc::new(keys(50)));
    let ended = Arc::new(AtomicBool::new(false));
    let flusher = {
        let (recorder, ended) = (Arc::clone(&recorder), Arc::clone(&ended));
        thread::spawn(move || {
            let mut sums = Sums::new();
            while !ended.load(Ordering::SeqCst) {
                add(&mut sums, recorder.take(NOW));
            }
            sums
        })
    };
    let counters: Vec<_> = (0..THREADS)
        .map(|thread| {
            let (recorder, keys) = (Arc::clone(&recorder), Arc::clone(&keys));
            thread::spawn(move || {
                for n in 0..EACH {
                    let outcome = if n % 3 == 0 { refused(Verdict::Paused) } else { VALID };
                    let key = &keys[(n + thread) % keys.len()];
                    recorder.count(key, outcome, from(0), NOW + MINUTE * u32::from(n % 7 == 0), &ROOM);
                }
            })
        })
        .collect();
    counters.into_iter().for_each(|counter| counter.join().expect("no panic"));
    ended.store(true, Ordering::SeqCst);
    let mut sums = flusher.join().expect("no panic");
    add(&mut sums, recorder.take(NOW));
    let mut expected = Sums::new();
    for thread in 0..THREADS {
        for n in 0..EACH {
            let code = if n % 3 == 0 { "paused" } else { "valid" };
            let key = keys[(n + thread) % keys.len()].key_id.to_string();
            let minute = minute(NOW) + u32::from(n % 7 == 0);
            *expected.entry((key, minute, code)).or_default() += 1;
        }
    }
    assert_eq!(sums, expected);
}

proptest! {
    /// Whatever comes, and whenever it is flushed: the sum is the number of requests, and the memory is bounded.
    #[test]
    fn nothing_is_dropped_silently(
        requests in prop::collection::vec((0..6_usize, 0..20_usize, 0..200_u32, 0..=255_u8, any::<bool>()), 1..800),
        capacity in 1..8_usize,
    ) {
        let (recorder, keys) = (Recorder::new(capacity), keys(6));
        let mut sums = Sums::new();
        for (key, verdict, minutes, network, flushes) in &requests {
            let outcome = refused(Verdict::ALL[*verdict]);
            recorder.count(&keys[*key], outcome, from(*network), NOW + MINUTE * *minutes, &ROOM);
            if *flushes && *network < 8 {
                add(&mut sums, recorder.take(NOW + MINUTE * *minutes));
            }
        }
        let last = recorder.take(NOW);
        prop_assert!(last.minutes.len() <= capacity * 64);
        prop_assert!(last.attributes.len() <= capacity * 192);
        add(&mut sums, last);
        prop_assert_eq!(sums.values().sum::<u64>(), requests.len() as u64);
    }
}

#[test]
fn what_has_no_room_is_counted_as_not_counted() {
    let (recorder, keys) = (Recorder::new(1), keys(3));
    for key in &keys {
        recorder.count(key, VALID, from(0), NOW, &ROOM);
        recorder.count(key, VALID, from(0), NOW, &ROOM);
    }
    let recorded = recorder.take(NOW);
    assert_eq!(recorded.minutes.iter().map(|(.., count)| count.n).collect::<Vec<_>>(), [2]);
    assert_eq!(recorded.not_counted, [(Some(keys[0].owner.org_id.clone()), minute(NOW), 4)]);
    // An idle key leaves its place to another.
    recorder.take(NOW);
    recorder.count(&keys[2], VALID, from(0), NOW, &ROOM);
    assert_eq!(recorder.take(NOW).minutes.len(), 1);
}

#[test]
fn a_long_outage_takes_bounded_memory() {
    let (recorder, keys) = (Recorder::new(10), keys(1));
    for minutes in 0..1_000 {
        recorder.count(&keys[0], VALID, from(0), NOW + MINUTE * minutes, &ROOM);
    }
    let recorded = recorder.take(NOW + MINUTE * 1_000);
    assert_eq!(recorded.minutes.len(), 64);
    let last = recorded.minutes.last().expect("one").2;
    assert_eq!((last.outcome, last.n), (Outcome::NOT_COUNTED, 1_000 - 63));
}

#[test]
fn many_networks_of_an_hour_are_counted_together() {
    let (recorder, keys) = (Recorder::new(10), keys(1));
    let networks = |recorder: &Recorder, at| {
        let recorded = recorder.take(at);
        let of_networks = recorded.attributes.into_iter().filter(|(_, count)| count.attribute.kind() == "network");
        of_networks.map(|(_, count)| (count.attribute.to_string(), count.n)).collect::<Vec<_>>()
    };
    for network in 0..NETWORKS {
        recorder.count(&keys[0], VALID, from(u8::try_from(network).expect("few")), NOW, &ROOM);
    }
    assert_eq!(networks(&recorder, NOW).len(), NETWORKS);
    // The ones that are kept are remembered within the hour.
    for network in [0, 100, 101] {
        recorder.count(&keys[0], VALID, from(network), NOW, &ROOM);
    }
    assert_eq!(networks(&recorder, NOW), [("203.0.0.0/24".to_owned(), 1), ("other".to_owned(), 2)]);
    recorder.count(&keys[0], VALID, from(100), NOW + HOUR, &ROOM);
    assert_eq!(networks(&recorder, NOW + HOUR), [("203.0.100.0/24".to_owned(), 1)]);
}

#[test]
fn many_combinations_of_scopes_of_an_hour_are_counted_together() {
    let (recorder, keys) = (Recorder::new(10), keys(1));
    let send = |scopes: usize, at| {
        let outcome = Outcome { scopes: ScopeSet::EMPTY.with(scopes), ..VALID };
        recorder.count(&keys[0], outcome, from(0), at, &ROOM);
    };
    let taken = |at| {
        let counts = recorder.take(at).minutes.into_iter();
        counts.map(|(.., count)| (count.outcome.has_other_scopes, count.n)).collect::<Vec<_>>()
    };
    (0..SCOPES + 5).for_each(|scopes| send(scopes, NOW));
    assert_eq!(taken(NOW), [vec![(false, 1); SCOPES], vec![(true, 5)]].concat());
    // Those that are told apart are remembered within the hour.
    [0, SCOPES + 1, SCOPES + 2].into_iter().for_each(|scopes| send(scopes, NOW + MINUTE));
    assert_eq!(taken(NOW + MINUTE), [(false, 1), (true, 2)]);
    send(SCOPES + 1, NOW + HOUR);
    assert_eq!(taken(NOW + HOUR), [(false, 1)]);
}
