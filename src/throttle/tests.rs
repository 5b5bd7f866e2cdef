use super::*;

const START: Duration = Duration::from_secs(1_000_000);
const ADA: &str = "ada@example.com";
const DEVICE: Who = Who::Device([7; 16]);

fn stranger(address: &str) -> Who {
    Who::Stranger(address.parse().expect("an address"))
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// How many wrong attempts in a row are admitted.
fn mistakes(throttle: &mut Throttle, who: Who, account: &str, now: Duration) -> u32 {
    (0..1_000).take_while(|_| throttle.attempt(who, account, now).is_ok()).count() as u32
}

#[test]
fn a_stranger_has_five_mistakes_then_one_a_minute() {
    let (mut throttle, eve) = (Throttle::default(), stranger("203.0.113.9"));
    assert_eq!(mistakes(&mut throttle, eve, ADA, START), PAIR.burst);
    let refused = throttle.attempt(eve, ADA, START).expect_err("too often");
    assert_eq!(refused.wait, PAIR.every);
    assert!(throttle.attempt(eve, ADA, START + PAIR.every - Duration::from_nanos(1)).is_err());
    assert_eq!(mistakes(&mut throttle, eve, ADA, START + PAIR.every), 1);
    let later = START + PAIR.every * (PAIR.burst + 1);
    assert_eq!(mistakes(&mut throttle, eve, ADA, later), PAIR.burst, "and all of it comes back");
}

#[test]
fn attempts_at_once_do_not_slip_through_together() {
    let (mut throttle, eve) = (Throttle::default(), stranger("203.0.113.9"));
    let pending: Vec<_> = (0..100).filter_map(|_| throttle.attempt(eve, ADA, START).ok()).collect();
    assert_eq!(pending.len(), PAIR.burst as usize);
}

#[test]
fn being_right_costs_nothing_and_clears_the_pair() {
    let (mut throttle, ada) = (Throttle::default(), stranger("203.0.113.9"));
    for _ in 0..1_000 {
        let attempt = throttle.attempt(ada, ADA, START).expect("taken");
        throttle.succeeded(attempt);
    }
    for _ in 0..PAIR.burst - 1 {
        let _wrong = throttle.attempt(ada, ADA, START).expect("taken");
    }
    let attempt = throttle.attempt(ada, ADA, START).expect("taken");
    throttle.succeeded(attempt);
    assert_eq!(mistakes(&mut throttle, ada, ADA, START), PAIR.burst);
}

#[test]
fn an_unchecked_attempt_is_taken_back_alone() {
    let (mut throttle, ada) = (Throttle::default(), stranger("203.0.113.9"));
    let _wrong = throttle.attempt(ada, ADA, START).expect("taken");
    for _ in 0..1_000 {
        let attempt = throttle.attempt(ada, ADA, START).expect("taken");
        throttle.take_back(attempt);
    }
    assert_eq!(mistakes(&mut throttle, ada, ADA, START), PAIR.burst - 1, "the mistake before it still counts");
}

#[test]
fn one_address_can_not_go_through_a_list_of_accounts() {
    let (mut throttle, eve) = (Throttle::default(), stranger("203.0.113.9"));
    let taken = (0..1_000).filter(|n| throttle.attempt(eve, &format!("{n}@example.com"), START).is_ok()).count();
    assert_eq!(taken, ADDRESS.burst as usize);
    assert!(throttle.attempt(stranger("203.0.113.10"), ADA, START).is_ok(), "its neighbour is another");
}

#[test]
fn an_address_of_ipv6_is_its_block() {
    let mut throttle = Throttle::default();
    let taken = (0..1_000).filter(|n| throttle.attempt(stranger(&format!("2001:db8::{n:x}")), ADA, START).is_ok());
    assert_eq!(taken.count(), PAIR.burst as usize);
    assert!(throttle.attempt(stranger("2001:db8:0:1::1"), ADA, START).is_ok(), "the next block is another");
    let mut throttle = Throttle::default();
    assert_eq!(mistakes(&mut throttle, stranger("203.0.113.9"), ADA, START), PAIR.burst);
    assert!(throttle.attempt(stranger("::ffff:203.0.113.9"), ADA, START).is_err(), "written otherwise, but the same");
}

#[test]
fn many_addresses_slow_strangers_and_never_the_owner() {
    let mut throttle = Throttle::default();
    let mut taken = 0;
    let long = 600;
    for second in 0..long {
        for bot in 0..20 {
            let bot = stranger(&format!("198.51.{bot}.{}", second % 100));
            taken += u32::from(throttle.attempt(bot, ADA, START + secs(second)).is_ok());
        }
    }
    let most = u64::from(ACCOUNT.burst) + long / ACCOUNT.every.as_secs() + 1;
    assert!(u64::from(taken) <= most, "{taken} guesses in ten minutes");
    let now = START + secs(long);
    assert!(mistakes(&mut throttle, stranger("192.0.2.1"), ADA, now) <= 1, "strangers wait");
    assert_eq!(mistakes(&mut throttle, DEVICE, ADA, now), KNOWN.burst, "the owner's browser does not");
    assert_eq!(mistakes(&mut throttle, Who::SignedIn, ADA, now), KNOWN.burst);
    assert!(throttle.attempt(stranger("192.0.2.1"), "eve@example.com", now).is_ok(), "nor do other accounts");
}

#[test]
fn one_address_alone_can_not_use_up_an_account() {
    let mut throttle = Throttle::default();
    let eve = stranger("203.0.113.9");
    for second in 0..7_200 {
        let _ = throttle.attempt(eve, ADA, START + secs(second));
        if second % 600 == 0 {
            let elsewhere = throttle.attempt(stranger("192.0.2.1"), ADA, START + secs(second)).expect("not slowed");
            throttle.take_back(elsewhere);
        }
    }
}

#[test]
fn a_device_is_counted_by_itself() {
    let mut throttle = Throttle::default();
    assert_eq!(mistakes(&mut throttle, DEVICE, ADA, START), KNOWN.burst);
    assert!(throttle.attempt(Who::Device([8; 16]), ADA, START).is_ok());
    assert!(throttle.attempt(stranger("203.0.113.9"), ADA, START).is_ok());
    assert_eq!(throttle.attempt(DEVICE, ADA, START).expect_err("too often").wait, KNOWN.every);
}

#[test]
fn the_first_refusal_is_recorded_and_then_one_in_ten_minutes() {
    let (mut throttle, eve) = (Throttle::default(), stranger("203.0.113.9"));
    let mut told = 0;
    for second in 0..1_200 {
        let refused = throttle.attempt(eve, ADA, START + secs(second)).err();
        told += u32::from(refused.is_some_and(|refused| refused.tell));
    }
    assert_eq!(told, 2);
}

#[test]
fn a_flood_of_accounts_is_bounded_and_forgets_no_attack() {
    let mut throttle = Throttle::default();
    assert_eq!(mistakes(&mut throttle, DEVICE, ADA, START), KNOWN.burst);
    for n in 0..MOST as u32 {
        let bot = Who::Stranger(IpAddr::V4(n.into()));
        let _ = throttle.attempt(bot, &format!("{n}@example.com"), START);
        assert!(throttle.0.len() <= MOST);
    }
    assert!(throttle.attempt(DEVICE, ADA, START).is_err(), "whoever was wrong most is remembered");
    let later = START + secs(86_400);
    throttle.make_room(later);
    for n in 0..MOST as u32 {
        let bot = Who::Stranger(IpAddr::V4(n.into()));
        let _ = throttle.attempt(bot, &format!("{n}@example.com"), later);
        assert!(throttle.0.len() <= MOST);
    }
}

fn reporter(address: &str) -> Who {
    Who::LeakReporter(address.parse().expect("an address"))
}

#[test]
fn a_network_reports_leaks_within_its_own_budget() {
    let mut throttle = Throttle::default();
    assert_eq!(mistakes(&mut throttle, reporter("2001:db8:1:1::1"), "", START), LEAKS_FROM_ADDRESS.burst);
    // Other /64s of the same /48, and other addresses of the same /24.
    for of in [["2001:db8:1:2::1", "2001:db8:1:3::1", "2001:db8:1:4::1"], ["192.0.2.1", "192.0.2.2", "192.0.2.3"]] {
        let taken: u32 = of.iter().map(|address| mistakes(&mut throttle, reporter(address), "", START)).sum();
        let before = if of[0].starts_with("2001") { LEAKS_FROM_ADDRESS.burst } else { 0 };
        assert_eq!(taken + before, LEAKS_FROM_NETWORK.burst, "{of:?}");
    }
    assert!(throttle.attempt(reporter("192.0.2.200"), "", START).is_err());
    assert!(throttle.attempt(reporter("192.0.2.200"), "", START + LEAKS_FROM_NETWORK.every).is_ok());
}

#[test]
fn few_networks_leave_room_for_the_report_of_another() {
    let mut throttle = Throttle::default();
    let mut taken = 0;
    for n in 0..100 {
        taken += mistakes(&mut throttle, reporter(&format!("203.0.{n}.9")), "", START);
    }
    // The first report of each, and all that those have who reported just now.
    assert_eq!(taken, 100 + LEAKS_AGAIN.burst);
    assert!(throttle.attempt(reporter("203.0.0.9"), "", START).is_err());
    assert!(throttle.attempt(reporter("198.51.100.1"), "", START).is_ok(), "somebody else");
    // Not without end.
    let others =
        (0..1_000).filter(|n| throttle.attempt(reporter(&format!("10.{}.{}.1", n / 250, n % 250)), "", START).is_ok());
    assert_eq!(others.count() as u32, LEAKS_OF_NEW.burst - 101);
}
