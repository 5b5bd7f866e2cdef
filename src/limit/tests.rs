use proptest::prelude::*;

use super::*;

const NOON: Timestamp = Timestamp::from_seconds(1_795_348_800);

fn of(count: u32) -> NonZeroU32 {
    NonZeroU32::new(count).expect("not zero")
}

fn limit(requests: u32, per: Duration) -> Limit {
    Limit::new(of(requests), per).expect("it makes sense")
}

fn by_minute(requests: u32) -> Limits {
    Limits { minute: Some(Limit::per_minute(of(requests))), ..Limits::default() }
}

fn at(elapsed: Duration) -> Now {
    Now { elapsed, at: NOON + elapsed }
}

/// Whether it passed, and the reported rate.
fn ask(state: &mut State, limits: &Limits, cost: u32, now: Now) -> Result<Rate, Rate> {
    match judge(*state, limits, of(cost), now) {
        Judged::Passed(after, rate) => {
            *state = after;
            Ok(rate)
        }
        Judged::Refused(rate) => Err(rate),
        other => panic!("{other:?}"),
    }
}

#[test]
fn as_many_as_the_limit_at_once_and_then_one_after_the_other() {
    for requests in [1, 7, 30, 60, 600, 777] {
        let (mut state, limits) = (State::default(), by_minute(requests));
        let start = Duration::from_secs(5);
        for left in (0..requests).rev() {
            let rate = ask(&mut state, &limits, 1, at(start)).expect("it is there");
            assert_eq!((rate.remaining, rate.retry_after), (left.into(), None));
        }
        let refused = ask(&mut state, &limits, 1, at(start)).expect_err("one too many");
        assert_eq!((refused.remaining, refused.reset), (0, Duration::from_secs(60)));
        let wait = refused.retry_after.expect("it comes back");
        assert_eq!(wait.as_nanos(), 60_000_000_000_u128.div_ceil(requests.into()));
        assert!(ask(&mut state.clone(), &limits, 1, at(start + wait - Duration::from_nanos(1))).is_err());
        ask(&mut state, &limits, 1, at(start + wait)).expect("it waited");
        assert!(ask(&mut state, &limits, 1, at(start + wait)).is_err());
        let later = start + wait + Duration::from_secs(60);
        assert_eq!(ask(&mut state, &limits, 1, at(later)).expect("full").remaining, u64::from(requests) - 1);
    }
}

#[test]
fn what_costs_more_than_there_is_never_passes_and_is_not_charged() {
    let limits = Limits { day: Some(5), ..by_minute(10) };
    let mut state = State { day: Some(DayCount::none_on(Day::of(NOON))), ..State::default() };
    for (cost, kind) in [(6, Kind::Day), (11, Kind::Minute), (u32::MAX, Kind::Minute)] {
        let refused = ask(&mut state, &limits, cost, at(Duration::ZERO)).expect_err("too dear");
        assert_eq!((refused.policy.kind, refused.retry_after), (kind, None), "{cost}");
    }
    assert_eq!(ask(&mut state, &limits, 5, at(Duration::ZERO)).expect("all of it").remaining, 0);
}

#[test]
fn the_limit_that_stops_first_is_told() {
    let path = Some((3, limit(2, Duration::from_secs(10))));
    let limits = Limits { path, day: Some(1_000), ..by_minute(60) };
    let mut state = State { day: Some(DayCount::none_on(Day::of(NOON))), ..State::default() };
    let told = |rate: Rate| (rate.policy.kind, rate.policy.requests, rate.remaining);
    assert_eq!(ask(&mut state, &limits, 1, at(Duration::ZERO)).map(told), Ok((Kind::Path, 2, 1)));
    assert_eq!(ask(&mut state, &limits, 1, at(Duration::ZERO)).map(told), Ok((Kind::Path, 2, 0)));
    let before = state;
    assert_eq!(ask(&mut state, &limits, 1, at(Duration::ZERO)).map_err(told), Err((Kind::Path, 2, 0)));
    assert_eq!(state, before, "and nothing is charged to the others");
    let elsewhere = Limits { path: None, ..limits };
    assert_eq!(ask(&mut state, &elsewhere, 1, at(Duration::ZERO)).map(told), Ok((Kind::Minute, 60, 57)));
    // The day refuses until midnight, longer than the path does.
    let used_up = Limits { day: Some(3), ..limits };
    let refused = ask(&mut state, &used_up, 1, at(Duration::ZERO)).expect_err("both");
    assert_eq!((refused.policy.kind, refused.retry_after), (Kind::Day, Some(Duration::from_secs(12 * 3_600))));
}

#[test]
fn a_day_ends_at_midnight_utc() {
    let limits = Limits { day: Some(2), ..Limits::default() };
    let mut state = State { day: Some(DayCount::none_on(Day::of(NOON))), ..State::default() };
    for left in [1, 0] {
        assert_eq!(ask(&mut state, &limits, 1, at(Duration::ZERO)).expect("there").remaining, left);
    }
    let refused = ask(&mut state, &limits, 1, at(Duration::from_micros(1))).expect_err("used up");
    let midnight = refused.retry_after.expect("tomorrow") + Duration::from_micros(1);
    assert_eq!(midnight, Duration::from_secs(12 * 3_600));
    assert!(ask(&mut state, &limits, 1, at(midnight - Duration::from_micros(1))).is_err());
    let mut tomorrow = state;
    assert_eq!(ask(&mut tomorrow, &limits, 1, at(midnight)).expect("a new day").remaining, 1);
    // The clock is set back over midnight: the later day continues, the earlier one is not refilled.
    assert_eq!(ask(&mut tomorrow, &limits, 1, at(Duration::ZERO)).expect("of the new day").remaining, 0);
    assert!(ask(&mut tomorrow, &limits, 1, at(Duration::ZERO)).is_err());
    // Set back by days: the count has to be read again.
    let long_ago = Now { elapsed: Duration::ZERO, at: NOON - Duration::from_secs(3 * 86_400) };
    assert_eq!(judge(tomorrow, &limits, of(1), long_ago), Judged::Unread(Day::of(long_ago.at)));
}

#[test]
fn an_unread_day_is_not_an_empty_one() {
    let limits = Limits { day: Some(2), ..by_minute(60) };
    assert_eq!(judge(State::default(), &limits, of(1), at(Duration::ZERO)), Judged::Unread(Day::of(NOON)));
    assert_eq!(judge(State::default(), &Limits::default(), of(1), at(Duration::ZERO)), Judged::Unlimited);
}

#[test]
fn a_limit_that_changes_keeps_what_share_is_used_up() {
    let mut state = State::default();
    for _ in 0..30 {
        ask(&mut state, &by_minute(60), 1, at(Duration::ZERO)).expect("there");
    }
    let more = ask(&mut state.clone(), &by_minute(600), 1, at(Duration::ZERO)).expect("half of it");
    assert_eq!(more.remaining, 299);
    let fewer = ask(&mut state, &by_minute(6), 1, at(Duration::ZERO)).expect("half of it");
    assert_eq!(fewer.remaining, 2);
}

#[test]
fn seconds_are_rounded_up() {
    for (nanos, seconds) in [(0, 0), (1, 1), (999_999_999, 1), (1_000_000_000, 1), (1_000_000_001, 2)] {
        assert_eq!(whole_seconds(Duration::from_nanos(nanos)), seconds);
    }
}

#[test]
fn a_limit_makes_sense_or_is_none() {
    assert_eq!(Limit::new(of(1), Duration::ZERO), None);
    assert_eq!(Limit::new(of(1), Duration::MAX), None);
    assert_eq!(Limit::new(of(60), Duration::from_secs(60)), Some(Limit::per_minute(of(60))));
}

/// One request: the time since the previous one, and its cost.
type Asked = (Duration, u32);

/// Traffic patterns, relative to the limit.
fn traffic(limit: Limit) -> impl Strategy<Value = Vec<Asked>> {
    let every = u64::try_from(limit.per().as_nanos()).expect("a year at most") / u64::from(limit.requests());
    let most = limit.requests().min(9);
    let cost = move || prop_oneof![4 => Just(1), 1 => 1..=most];
    let run = |gap: BoxedStrategy<u64>| prop::collection::vec((gap, cost()), 1..60);
    let runs = prop_oneof![
        // All at once; and while the clock stands still.
        run(Just(0).boxed()),
        // As many as allowed, slightly fewer, slightly more.
        run(Just(every).boxed()),
        run(Just(every + 1).boxed()),
        run(Just(every.saturating_sub(1)).boxed()),
        run((every..=every + every / 50).boxed()),
        run((every - every / 50..=every).boxed()),
        // Up to twice as many.
        run((0..=every).boxed()),
        run((0..=every.saturating_mul(20)).boxed()),
        // Long pauses in between.
        (Just(u64::try_from(limit.per().as_nanos()).expect("a year at most")), cost()).prop_map(|one| vec![one]),
    ];
    prop::collection::vec(runs, 1..8)
        .prop_map(|runs| runs.concat().into_iter().map(|(gap, cost)| (Duration::from_nanos(gap), cost)).collect())
}

fn any_limit() -> impl Strategy<Value = Limit> {
    let per = prop_oneof![Just(1_000), Just(60_000), Just(3_600_000), 1..100_000_u64];
    (prop_oneof![1..10_u32, Just(60), 1..200_u32], per)
        .prop_map(|(requests, millis)| limit(requests, Duration::from_millis(millis)))
}

fn any_case() -> impl Strategy<Value = (Limit, Vec<Asked>)> {
    any_limit().prop_flat_map(|limit| (Just(limit), traffic(limit)))
}

/// A sliding window count: no window that starts with a request may pass more than the limit and what was refilled.
/// Slow and obviously correct.
fn fits(passed: &[(u128, u128)], now: u128, cost: u32, limit: Limit) -> bool {
    let (requests, per) = (u128::from(limit.requests()), limit.per().as_nanos());
    let mut sum = u128::from(cost);
    sum <= requests
        && passed.iter().rev().all(|(at, cost)| {
            sum += cost;
            sum.saturating_sub(requests) * per <= requests * (now - at)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn each_request_is_judged_as_the_sliding_count_says((limit, traffic) in any_case()) {
        let limits = Limits { minute: Some(limit), ..Limits::default() };
        let (mut state, mut now, mut passed) = (State::default(), Duration::from_secs(1_000), Vec::new());
        for (gap, cost) in traffic {
            now += gap;
            let nanos = now.as_nanos();
            let expected = fits(&passed, nanos, cost, limit);
            let told = ask(&mut state, &limits, cost, at(now));
            prop_assert_eq!(told.is_ok(), expected, "{:?} at {:?}", limit, now);
            if told.is_ok() {
                passed.push((nanos, u128::from(cost)));
            }
            let rate = told.unwrap_or_else(|rate| rate);
            let left = (0..=limit.requests()).rev().find(|left| *left == 0 || fits(&passed, nanos, *left, limit));
            prop_assert_eq!(Some(rate.remaining), left.map(u64::from));
            let full = nanos + rate.reset.as_nanos();
            prop_assert!(fits(&passed, full, limit.requests(), limit));
            prop_assert!(rate.reset.is_zero() || !fits(&passed, full - 1, limit.requests(), limit));
        }
    }

    #[test]
    fn whoever_waits_as_told_passes_and_not_a_nanosecond_before((limit, traffic) in any_case()) {
        let limits = Limits { minute: Some(limit), ..Limits::default() };
        let (mut state, mut now) = (State::default(), Duration::from_secs(1_000));
        for (gap, cost) in traffic {
            now += gap;
            let Err(refused) = ask(&mut state, &limits, cost, at(now)) else { continue };
            let wait = refused.retry_after.expect("no request here costs more than there is");
            prop_assert!(ask(&mut state.clone(), &limits, cost, at(now + wait - Duration::from_nanos(1))).is_err());
            prop_assert!(ask(&mut state.clone(), &limits, cost, at(now + wait)).is_ok());
            let seconds = refused.retry_after_seconds().expect("as above");
            prop_assert!(seconds > 0);
            prop_assert!(ask(&mut state.clone(), &limits, cost, at(now + Duration::from_secs(seconds))).is_ok());
        }
    }

    #[test]
    fn a_limit_that_changes_lets_through_what_its_shares_allow(
        requests in prop::collection::vec(1..200_u32, 1..6),
        traffic in traffic(limit(60, Duration::from_secs(60))),
    ) {
        // As shares of the limit at the time of each request: one sliding count for all, with a tolerance of one
        // request.
        let (mut state, mut now) = (State::default(), Duration::from_secs(1_000));
        let mut used = 0.0_f64;
        for (at_all, (gap, cost)) in traffic.into_iter().enumerate() {
            now += gap;
            used = (used - gap.as_secs_f64() / 60.0).max(0.0);
            let requests = requests[at_all / 7 % requests.len()];
            let share = f64::from(cost) / f64::from(requests);
            let passes = ask(&mut state, &by_minute(requests), cost, at(now)).is_ok();
            if cost <= requests {
                let close = (used + share - 1.0).abs() < 1e-6;
                prop_assert!(close || passes == (used + share <= 1.0), "{} of {} at {}", cost, requests, used);
            }
            used += if passes { share } else { 0.0 };
        }
    }

    #[test]
    fn a_refusal_by_one_limit_leaves_the_others_as_they_were(
        (path, traffic) in any_case(),
        minute in 1..200_u32,
        quota in 1..400_u64,
    ) {
        let limits = Limits { minute: Some(Limit::per_minute(of(minute))), path: Some((0, path)), day: Some(quota) };
        let mut state = State { day: Some(DayCount::none_on(Day::of(NOON))), ..State::default() };
        let mut now = Duration::from_secs(1_000);
        for (gap, cost) in traffic {
            now += gap;
            let each = [
                Limits { minute: limits.minute, ..Limits::default() },
                Limits { path: limits.path, ..Limits::default() },
                Limits { day: limits.day, ..Limits::default() },
            ];
            let alone = each.map(|one| ask(&mut state.clone(), &one, cost, at(now)));
            let before = state;
            let together = ask(&mut state, &limits, cost, at(now));
            prop_assert_eq!(together.is_ok(), alone.iter().all(Result::is_ok));
            match together {
                Ok(rate) => {
                    prop_assert_eq!(Some(rate.remaining), alone.iter().flatten().map(|one| one.remaining).min());
                }
                Err(rate) => {
                    prop_assert_eq!(state, before);
                    let waits = alone.into_iter().filter_map(Result::err).map(|one| wait(&one));
                    prop_assert_eq!(Some(wait(&rate)), waits.max());
                }
            }
        }
    }

    #[test]
    fn no_figure_is_too_strange(
        requests in 1..=u32::MAX, nanos in 1..=31_622_400_000_000_000_u64, cost in 1..=u32::MAX,
        elapsed: u64, wall: i64, quota: u64, used: u64,
    ) {
        let limit = limit(requests, Duration::from_nanos(nanos));
        let at = Timestamp::from_micros(wall);
        let limits = Limits { minute: Some(limit), path: Some((0, limit)), day: Some(quota) };
        let day = Some(DayCount { day: Day::of(at), requests: used });
        let mut state = State { day, ..State::default() };
        for later in [0, 1, u64::MAX / 2, u64::MAX] {
            let now = Now { elapsed: Duration::from_nanos(elapsed.saturating_add(later)), at };
            let _ = ask(&mut state, &limits, cost, now);
            let _ = ask(&mut state, &limits, 1, now);
        }
    }
}
