use std::{sync::Arc, time::Duration};

use crate::{limit::Limit, testing::SeededEntropy};

use super::*;

const NOON: Timestamp = Timestamp::from_seconds(1_795_348_800);
const ONE: NonZeroU32 = NonZeroU32::MIN;

fn at(seconds: u64) -> Now {
    let elapsed = Duration::from_secs(seconds);
    Now { elapsed, at: NOON + elapsed }
}

fn per_minute(requests: u32) -> Limits {
    let limit = Limit::per_minute(NonZeroU32::new(requests).expect("not zero"));
    Limits { minute: Some(limit), ..Limits::default() }
}

fn a_day(requests: u64) -> Limits {
    Limits { day: Some(requests), ..Limits::default() }
}

fn keys(seed: u64, count: usize) -> Vec<KeyId> {
    let entropy = SeededEntropy::new(seed);
    (0..count).map(|_| KeyId::mint(&entropy)).collect()
}

fn passes(limiter: &Limiter, key: &KeyId, limits: &Limits, now: Now) -> bool {
    match limiter.charge(key, limits, ONE, now).expect("an id") {
        Judged::Passed(..) => true,
        Judged::Refused(_) => false,
        other => panic!("{other:?}"),
    }
}

fn read(limiter: &Limiter, key: &KeyId, now: Now, requests: u64) {
    limiter.read(key, Day::of(now.at), StoredDay { requests, own: requests }).expect("an id");
}

fn memory(limiter: &Limiter) -> usize {
    limiter.0.iter().map(|shard| lock(shard).memory()).sum()
}

#[test]
fn each_key_and_each_path_has_its_own() {
    let (limiter, keys) = (Limiter::default(), keys(1, 2));
    let with_path = |place, requests| {
        let limit = Limit::per_minute(NonZeroU32::new(requests).expect("not zero"));
        Limits { path: Some((place, limit)), ..per_minute(5) }
    };
    for key in &keys {
        assert!(passes(&limiter, key, &with_path(0, 1), at(0)));
        assert!(!passes(&limiter, key, &with_path(0, 1), at(0)), "the path's");
        assert!(passes(&limiter, key, &with_path(1, 9), at(0)), "another path");
        for _ in 0..3 {
            assert!(passes(&limiter, key, &per_minute(5), at(0)), "the refusal was not charged");
        }
        assert!(!passes(&limiter, key, &with_path(1, 9), at(0)), "the minute's");
    }
}

#[test]
fn looking_costs_nothing() {
    let (limiter, key) = (Limiter::default(), &keys(1, 1)[0]);
    for _ in 0..10 {
        let Judged::Passed(_, rate) = limiter.peek(key, &per_minute(1), ONE, at(0)).expect("an id") else { panic!() };
        assert_eq!(rate.remaining, 0, "as if it had been charged");
    }
    assert!(passes(&limiter, key, &per_minute(1), at(0)));
    assert!(matches!(limiter.peek(key, &per_minute(1), ONE, at(0)).expect("an id"), Judged::Refused(_)));
}

#[test]
fn as_many_pass_as_may_however_many_ask_at_once() {
    let (limiter, key) = (Arc::new(Limiter::default()), keys(1, 1).remove(0));
    let threads = (0..8).map(|_| {
        let (limiter, key) = (Arc::clone(&limiter), key.clone());
        std::thread::spawn(move || (0..500).filter(|_| passes(&limiter, &key, &per_minute(600), at(0))).count())
    });
    let threads: Vec<_> = threads.collect();
    let passed: usize = threads.into_iter().map(|thread| thread.join().expect("no panic")).sum();
    assert_eq!(passed, 600);
}

#[test]
fn a_day_goes_on_where_it_was() {
    let (limiter, key) = (Limiter::default(), &keys(1, 1)[0]);
    let unread = limiter.charge(key, &a_day(10), ONE, at(0)).expect("an id");
    assert_eq!(unread, Judged::Unread(Day::of(NOON)));
    read(&limiter, key, at(0), 8);
    assert!(passes(&limiter, key, &a_day(10), at(0)));
    // Another request had found it unread too, and reads the older count.
    read(&limiter, key, at(0), 8);
    assert!(passes(&limiter, key, &a_day(10), at(0)));
    assert!(!passes(&limiter, key, &a_day(10), at(0)));
    assert!(passes(&limiter, key, &a_day(10), at(12 * 3_600)), "midnight");
}

#[test]
fn counts_are_taken_once_and_kept_until_they_are_written() {
    let (limiter, keys) = (Limiter::default(), keys(1, 3));
    let day = Day::of(NOON);
    for key in &keys {
        read(&limiter, key, at(0), 0);
        assert!(passes(&limiter, key, &a_day(10), at(0)));
    }
    assert!(passes(&limiter, &keys[0], &a_day(10), at(0)));
    let mut taken = limiter.take();
    taken.sort_by_key(|(_, count)| std::cmp::Reverse(count.requests));
    assert_eq!(
        taken.iter().map(|(_, count)| (count.day, count.requests)).collect::<Vec<_>>(),
        [(day, 2), (day, 1), (day, 1)]
    );
    assert_eq!(taken[0].0, keys[0], "under its own name");
    assert!(limiter.take().is_empty());
    // One request is charged during the write, which then fails.
    assert!(passes(&limiter, &keys[0], &a_day(10), at(0)));
    limiter.put_back(taken);
    let mut taken = limiter.take();
    taken.sort_by_key(|(_, count)| std::cmp::Reverse(count.requests));
    assert_eq!(taken.iter().map(|(_, count)| count.requests).collect::<Vec<_>>(), [3, 1, 1]);
}

#[test]
fn what_other_nodes_counted_is_used_up_too_and_not_written_again() {
    let (limiter, key) = (Limiter::default(), &keys(1, 1)[0]);
    limiter.read(key, Day::of(NOON), StoredDay { requests: 7, own: 2 }).expect("an id");
    for left in [true, true, true, false] {
        assert_eq!(passes(&limiter, key, &a_day(10), at(0)), left);
    }
    let own = |counts: Vec<(KeyId, DayCount)>| counts.iter().map(|(_, count)| count.requests).collect::<Vec<_>>();
    let taken = limiter.take();
    assert_eq!(own(taken.clone()), [5], "the two of before and three more");
    limiter.put_back(taken);
    assert_eq!(own(limiter.take()), [5]);
    // What others counted the day before does not count today.
    assert!(passes(&limiter, key, &a_day(10), at(12 * 3_600)));
    assert_eq!(own(limiter.take()), [1]);
}

#[test]
fn midnight_loses_no_count() {
    let (limiter, key) = (Limiter::default(), &keys(1, 1)[0]);
    let tomorrow = at(12 * 3_600);
    read(&limiter, key, at(0), 4);
    assert!(passes(&limiter, key, &a_day(10), at(0)));
    assert!(passes(&limiter, key, &a_day(10), tomorrow));
    let told = |counts: &[(KeyId, DayCount)]| -> Vec<_> {
        counts.iter().map(|(_, count)| (count.day == Day::of(NOON), count.requests)).collect()
    };
    let taken = limiter.take();
    assert_eq!(told(&taken), [(true, 5), (false, 1)]);
    // The write fails, and the clock is set back by days: the waiting counts still apply.
    limiter.put_back(taken);
    read(&limiter, key, at(0), 4);
    let Judged::Passed(_, rate) = limiter.peek(key, &a_day(10), ONE, at(0)).expect("an id") else { panic!() };
    assert_eq!(rate.remaining, 4);
    assert_eq!(told(&limiter.take()), [(true, 5), (false, 1)]);
}

#[test]
fn what_is_over_is_forgotten_and_what_is_not_stays() {
    let (limiter, keys) = (Limiter::default(), keys(2, 20_000));
    let limits = Limits { day: Some(100), ..per_minute(60) };
    for key in &keys {
        read(&limiter, key, at(0), 0);
        assert!(passes(&limiter, key, &limits, at(0)));
    }
    limiter.forget(at(0));
    assert!(keys.iter().all(|key| matches!(
        limiter.peek(key, &limits, ONE, at(0)),
        Ok(Judged::Passed(state, rate)) if rate.remaining == 58 && state.day.is_some_and(|count| count.requests == 2)
    )));
    let full = memory(&limiter);
    limiter.forget(at(86_400));
    assert_eq!(limiter.take().len(), keys.len(), "a count that is not saved is not forgotten, though its day is over");
    limiter.forget(at(86_400));
    assert!(memory(&limiter) < full / 10, "{full} bytes, then {}", memory(&limiter));
    let unread = limiter.peek(&keys[0], &limits, ONE, at(86_400)).expect("an id");
    assert_eq!(unread, Judged::Unread(Day::of(at(86_400).at)), "and is not zero because it is forgotten");
}

#[test]
fn a_key_in_use_takes_few_bytes_and_one_without_limits_none() {
    let limiter = Limiter::default();
    for key in keys(3, 1_000) {
        assert_eq!(limiter.charge(&key, &Limits::default(), ONE, at(0)).expect("an id"), Judged::Unlimited);
    }
    assert_eq!(memory(&limiter), 0);
    for (count, key) in keys(4, 150_000).iter().enumerate() {
        assert!(passes(&limiter, key, &per_minute(60), at(0)));
        // Beyond the initial capacity of the shards.
        if count > 20_000 && count % 1_000 == 0 {
            assert!(memory(&limiter) / count < 80, "{} bytes for {count} keys", memory(&limiter));
        }
    }
}

#[test]
fn an_id_that_nobody_minted_is_not_unlimited() {
    let key = KeyId::parse("key_short").expect("shaped");
    assert!(Limiter::default().charge(&key, &per_minute(1), ONE, at(0)).is_err());
}
