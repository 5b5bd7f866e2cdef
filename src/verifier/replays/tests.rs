use std::{
    collections::HashMap as Model,
    sync::{Arc, Barrier},
    time::Duration,
};

use crate::{signature::WINDOW, testing::SeededEntropy};
use proptest::prelude::*;

use super::*;
use crate::verifier::shared_state::Claim;

impl Replays {
    fn claim<'a>(
        &'a self,
        proof: Proof,
        org: &'a OrgId,
        key: &'a KeyId,
        now: Timestamp,
    ) -> Result<Claim<'a, Self>, ReplayError> {
        self.take(&proof, org, key, now).map(|()| Claim { seen: self, proof, org, key, number: 0 })
    }
}

const START: Timestamp = Timestamp::from_seconds(1_795_327_200);

fn ids(seed: u64) -> (OrgId, KeyId) {
    let entropy = SeededEntropy::new(seed);
    (OrgId::mint("Focus", &entropy), KeyId::mint(&entropy))
}

/// The signature with that number, made that many seconds after the start.
fn proof(number: u64, after: u64) -> Proof {
    let mut signature = [0; 32];
    signature[..8].copy_from_slice(&number.to_be_bytes());
    Proof { signed_at: START + Duration::from_secs(after), signature }
}

/// Uses one up for good.
fn take(replays: &Replays, proof: Proof, ids: &(OrgId, KeyId), now: Timestamp) -> Result<(), ReplayError> {
    replays.claim(proof, &ids.0, &ids.1, now).map(Claim::keep)
}

/// Uses as many as there is room for.
fn flood(replays: &Replays, ids: &(OrgId, KeyId), first: u64) -> usize {
    (first..).take_while(|number| take(replays, proof(*number, 0), ids, START).is_ok()).count()
}

#[test]
fn a_signature_holds_once_until_it_is_out_of_time() {
    let (replays, ids) = (Replays::new(START), ids(1));
    assert_eq!(take(&replays, proof(1, 0), &ids, START), Ok(()));
    for later in [0, 1, 299, 300] {
        assert_eq!(take(&replays, proof(1, 0), &ids, START + Duration::from_secs(later)), Err(ReplayError::Seen));
    }
    assert_eq!(take(&replays, proof(2, 0), &ids, START), Ok(()));
}

#[test]
fn what_was_signed_before_the_start_may_have_been_seen_before() {
    let (started, ids) = (START + Duration::from_millis(500), ids(1));
    let replays = Replays::new(started);
    assert_eq!(take(&replays, proof(1, 0), &ids, started), Err(ReplayError::Forgotten), "in the second of the start");
    assert_eq!(take(&replays, proof(1, 1), &ids, started), Ok(()));
}

#[test]
fn a_start_with_the_clock_ahead_is_put_right_with_the_clock() {
    let hour = Duration::from_secs(3_600);
    let age = Arc::new(std::sync::atomic::AtomicU64::new(1_000));
    let seconds = Arc::clone(&age);
    let elapsed: Elapsed = Arc::new(move || Duration::from_secs(seconds.load(std::sync::atomic::Ordering::SeqCst)));
    let (replays, ids) = (Replays::new(START + hour).on(elapsed), ids(1));
    let ahead = Proof { signed_at: START + hour, ..proof(1, 0) };
    assert_eq!(take(&replays, ahead, &ids, START + hour), Ok(()));
    assert_eq!(take(&replays, proof(2, 5), &ids, START + hour), Err(ReplayError::Forgotten));
    // Ten seconds later it is corrected.
    age.fetch_add(10, std::sync::atomic::Ordering::SeqCst);
    let now = START + Duration::from_secs(10);
    assert_eq!(take(&replays, proof(2, 5), &ids, now), Ok(()));
    assert_eq!(take(&replays, proof(2, 5), &ids, now), Err(ReplayError::Seen));
    let before = Proof { signed_at: START - Duration::from_secs(1), ..proof(3, 0) };
    assert_eq!(take(&replays, before, &ids, now), Err(ReplayError::Forgotten), "the process before may have seen it");
    // Signatures seen while it was wrong are still known when their time comes.
    age.fetch_add(3_590, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(take(&replays, ahead, &ids, START + hour), Err(ReplayError::Seen));
}

#[test]
fn a_clock_that_is_set_back_brings_nothing_back() {
    let (replays, ids) = (Replays::new(START), ids(1));
    assert_eq!(take(&replays, proof(1, 0), &ids, START), Ok(()));
    let late = START + Duration::from_secs(400);
    assert_eq!(take(&replays, proof(2, 400), &ids, late), Ok(()));
    assert_eq!(replays.lock().total, 1, "the first is forgotten");
    assert_eq!(take(&replays, proof(1, 0), &ids, START), Err(ReplayError::Forgotten));
}

#[test]
fn a_clock_that_ran_ahead_refuses_no_more_than_it_forgot() {
    let (replays, ids) = (Replays::new(START), ids(1));
    assert_eq!(take(&replays, proof(1, 0), &ids, START), Ok(()));
    let day = 86_400;
    assert_eq!(take(&replays, proof(2, day), &ids, START + Duration::from_secs(day)), Ok(()));
    assert_eq!(take(&replays, proof(1, 0), &ids, START), Err(ReplayError::Forgotten));
    let soon = START + Duration::from_secs(20);
    assert_eq!(take(&replays, proof(3, 20), &ids, soon), Ok(()));
}

#[test]
fn what_was_for_nothing_may_come_again() {
    let (replays, ids) = (Replays::new(START), ids(1));
    let claim = replays.claim(proof(1, 0), &ids.0, &ids.1, START).expect("the first");
    assert_eq!(replays.claim(proof(1, 0), &ids.0, &ids.1, START).err(), Some(ReplayError::Seen), "while it is judged");
    drop(claim);
    assert_eq!(take(&replays, proof(1, 0), &ids, START), Ok(()));
    assert_eq!(take(&replays, proof(1, 0), &ids, START), Err(ReplayError::Seen));
    assert_eq!(replays.lock().total, 1);
    // A claim that outlives its signature returns nothing.
    let late = START + Duration::from_secs(700);
    let claim = replays.claim(proof(2, 0), &ids.0, &ids.1, START).expect("another");
    assert_eq!(take(&replays, proof(3, 700), &ids, late), Ok(()));
    drop(claim);
    assert_eq!(replays.lock().total, 1);
    assert_eq!(replays.lock().of_key.values().sum::<usize>(), 1);
}

#[test]
fn a_flood_leaves_room_for_others() {
    let replays = Replays::of_at_most(1_200, START);
    let (loud, sibling) = (ids(1), (ids(1).0, ids(2).1));
    assert_eq!(flood(&replays, &loud, 0), 400, "a third for one key");
    assert_eq!(take(&replays, proof(0, 0), &loud, START), Err(ReplayError::Seen), "nothing is forgotten for it");
    assert!(flood(&replays, &sibling, 10_000) > 100, "a key of the same organization");
    let mut least = usize::MAX;
    for other in 0..5 {
        least = flood(&replays, &ids(10 + other), 100_000 * (1 + other));
    }
    assert!(least >= 10, "and the fifth organization: {least}");
    assert!(replays.lock().total <= 1_200);
    // Room becomes free over time.
    let late = START + WINDOW + Duration::from_secs(20);
    assert_eq!(take(&replays, proof(1, 320), &loud, late), Ok(()));
    let seen = replays.lock();
    assert_eq!((seen.total, seen.of_key.len(), seen.of_org.len(), seen.spans.len()), (1, 1, 1, 1));
}

#[test]
fn of_many_at_once_exactly_one_is_taken() {
    let (replays, ids) = (Arc::new(Replays::new(START)), Arc::new(ids(1)));
    const WORKERS: usize = 8;
    const SIGNATURES: u64 = 2_000;
    let barrier = Arc::new(Barrier::new(WORKERS));
    let workers = (0..WORKERS).map(|_| {
        let (replays, ids, barrier) = (Arc::clone(&replays), Arc::clone(&ids), Arc::clone(&barrier));
        std::thread::spawn(move || {
            barrier.wait();
            (0..SIGNATURES).filter(|number| take(&replays, proof(*number, 0), &ids, START).is_ok()).count()
        })
    });
    let workers: Vec<_> = workers.collect();
    let taken: usize = workers.into_iter().map(|worker| worker.join().expect("no panic")).sum();
    assert_eq!(taken, usize::try_from(SIGNATURES).expect("small"));
}

proptest! {
    /// Compared with an unbounded set: whatever the clock does, no signature is accepted twice within its window.
    #[test]
    fn nothing_is_taken_twice(steps in prop::collection::vec((0..40_u64, 0..900_u64, -700..900_i64, any::<bool>()), 1..300)) {
        let (replays, ids) = (Replays::new(START), ids(1));
        let (mut now, mut all) = (START, Model::<u64, bool>::new());
        for (number, after, turn, keep) in steps {
            now = if turn < 0 { now - Duration::from_secs(turn.unsigned_abs()) } else { now + Duration::from_secs(turn.unsigned_abs()) };
            // A signature has one timestamp, so the number is derived from both.
            let number = number * 1_000 + after;
            let proof = proof(number, after);
            if proof.signed_at.since(now) > WINDOW || now.since(proof.signed_at) > WINDOW {
                continue;
            }
            match replays.claim(proof, &ids.0, &ids.1, now) {
                Ok(claim) => {
                    prop_assert!(!all.contains_key(&number), "{number} twice");
                    if keep {
                        claim.keep();
                        all.insert(number, true);
                    }
                }
                Err(refused) => prop_assert!(refused == ReplayError::Forgotten || all.contains_key(&number)),
            }
            let seen = replays.lock();
            prop_assert_eq!(seen.total, seen.spans.values().map(|span| span.signatures.len()).sum::<usize>());
            prop_assert_eq!(seen.total, seen.of_key.values().sum::<usize>());
            prop_assert_eq!(seen.total, seen.of_org.values().sum::<usize>());
            prop_assert!(seen.spans.len() <= 200);
        }
    }

    /// With a monotonic clock, nothing is refused that was not seen before.
    #[test]
    fn nothing_new_is_refused(steps in prop::collection::vec((-300..=300_i64, 0..200_u64), 1..200)) {
        let (replays, ids) = (Replays::new(START - Duration::from_secs(300)), ids(1));
        let mut now = START;
        for (number, (ahead, turn)) in (0..).zip(steps) {
            now = now + Duration::from_secs(turn);
            let by = Duration::from_secs(ahead.unsigned_abs());
            let signed_at = if ahead < 0 { now - by } else { now + by };
            prop_assert_eq!(take(&replays, Proof { signed_at, ..proof(number, 0) }, &ids, now), Ok(()));
            prop_assert!(replays.lock().spans.len() <= 62);
        }
    }
}
