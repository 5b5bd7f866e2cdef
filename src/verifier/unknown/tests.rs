use std::net::{Ipv4Addr, Ipv6Addr};

use super::*;

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

/// A different one for each number.
fn digest(number: u32) -> Option<Digest> {
    use sha2::{Digest as _, Sha256};
    Some(Digest(Sha256::digest(number.to_be_bytes()).into()))
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(1_000 + seconds)
}

/// How many of this many unknown keys were looked up.
fn asked(unknown: &Unknown, from: IpAddr, keys: std::ops::Range<u32>, at: Duration) -> usize {
    let asked = keys.filter_map(|key| unknown.may_ask(from, digest(key), at).ok());
    asked.map(|asking| unknown.was_nobodys(&asking, at)).count()
}

#[test]
fn one_address_is_slowed_and_its_neighbour_is_not() {
    let unknown = Unknown::default();
    assert_eq!(asked(&unknown, ip("203.0.113.9"), 0..500, seconds(0)), 60);
    let wait = unknown.may_ask(ip("203.0.113.9"), digest(7_000), seconds(0)).err().expect("too many");
    assert_eq!(wait, Duration::from_secs(1));
    assert_eq!(asked(&unknown, ip("203.0.113.9"), 500..600, seconds(0) + wait), 1);
    assert_eq!(asked(&unknown, ip("203.0.113.10"), 600..700, seconds(1)), 60);
    assert_eq!(asked(&unknown, ip("203.0.113.9"), 0..500, seconds(61)), 60, "a minute later");
}

#[test]
fn an_address_of_ipv6_is_its_block() {
    let unknown = Unknown::default();
    let all = (0..200).map(|n| IpAddr::V6(Ipv6Addr::from_bits((0x2001_0db8_u128 << 96) | n)));
    assert_eq!(all.map(|ip| asked(&unknown, ip, 0..1, seconds(0))).sum::<usize>(), 60);
    assert_eq!(asked(&unknown, ip("2001:db8:0:1::1"), 0..1, seconds(0)), 1);
    assert_eq!(asked(&unknown, ip("::ffff:203.0.113.9"), 0..99, seconds(0)), 60);
    assert_eq!(asked(&unknown, ip("203.0.113.9"), 0..99, seconds(0)), 0, "written otherwise, but the same");
}

#[test]
fn good_keys_come_from_one_address_in_any_number() {
    let unknown = Unknown::default();
    for key in 0..50_000 {
        let asking = unknown.may_ask(ip("203.0.113.9"), digest(key), seconds(0)).expect("not slowed");
        unknown.was_somebodys(&asking);
    }
}

#[test]
fn keys_that_were_good_are_asked_for_though_their_address_floods() {
    let unknown = Unknown::default();
    let gateway = ip("203.0.113.9");
    unknown.was_somebodys(&unknown.may_ask(gateway, digest(1), seconds(0)).expect("the first"));
    assert_eq!(asked(&unknown, gateway, 100..500, seconds(0)), 60);
    assert!(unknown.may_ask(gateway, digest(2), seconds(0)).is_err());
    for _ in 0..5_000 {
        let asking = unknown.may_ask(gateway, digest(1), seconds(0)).expect("it was good before");
        unknown.was_somebodys(&asking);
    }
    // Until it is unknown again.
    unknown.was_nobodys(&unknown.may_ask(gateway, digest(1), seconds(0)).expect("once more"), seconds(0));
    assert!(unknown.may_ask(gateway, digest(1), seconds(0)).is_err());
}

#[test]
fn from_however_many_addresses_the_database_is_asked_so_often() {
    let unknown = Unknown::default();
    let flood = |range: std::ops::Range<u32>, at| -> usize {
        range.map(|n| asked(&unknown, IpAddr::V4(Ipv4Addr::from_bits(n)), n..n + 1, at)).sum()
    };
    assert_eq!(flood(0..5_000, seconds(0)), 1_000);
    let mut later = 0;
    for tenth in 1..=50 {
        later += flood(tenth * 5_000..tenth * 5_000 + 2_000, seconds(0) + Duration::from_millis(100) * tenth);
    }
    assert_eq!(later, 5_000, "a thousand in each second");
    // Concurrent look-ups count too, and are returned if the keys are valid.
    let at = seconds(100);
    let together: Vec<_> =
        (0..3_000).filter_map(|n| unknown.may_ask(IpAddr::V4(Ipv4Addr::from_bits(n)), digest(n), at).ok()).collect();
    assert_eq!(together.len(), 1_000);
    together.iter().for_each(|asking| unknown.was_somebodys(asking));
    assert_eq!(flood(500_000..505_000, at), 1_000);
}

#[test]
fn whoever_did_most_wrong_is_remembered_among_a_few() {
    let unknown = Unknown::default();
    let loud = ip("203.0.113.9");
    assert_eq!(asked(&unknown, loud, 0..500, seconds(0)), 60);
    for n in 0..20_000_u32 {
        unknown.addresses.charge(IpAddr::V4(Ipv4Addr::from_bits(n)), PER_ADDRESS, seconds(0));
    }
    assert!(unknown.may_ask(loud, digest(9_999), seconds(0)).is_err());
}

#[test]
fn what_is_somebodys_is_looked_up_from_the_start() {
    let unknown = Unknown::default();
    let all: Vec<_> = (0..5_000).filter_map(digest).collect();
    unknown.add(&all);
    for n in 10_000..15_000 {
        asked(&unknown, IpAddr::V4(Ipv4Addr::from_bits(n)), n..n + 1, seconds(0));
    }
    assert_eq!(asked(&unknown, ip("203.0.113.9"), 20_000..20_001, seconds(0)), 0, "the budget of all is used up");
    for digest in &all {
        let asking = unknown.may_ask(ip("203.0.113.9"), Some(*digest), seconds(0)).expect("it is somebody's");
        unknown.was_somebodys(&asking);
    }
}

#[test]
fn what_is_nobodys_is_remembered_until_it_is_somebodys() {
    let unknown = Unknown::default();
    let [one, other] = [1, 2].map(|n| digest(n).expect("a digest"));
    assert!(!unknown.is_nobodys(&one));
    asked(&unknown, ip("203.0.113.9"), 1..2, seconds(0));
    assert!(unknown.is_nobodys(&one) && !unknown.is_nobodys(&other));
    unknown.add([&one]);
    assert!(!unknown.is_nobodys(&one));
    asked(&unknown, ip("203.0.113.9"), 2..3, seconds(0));
    assert!(unknown.is_nobodys(&other));
    unknown.forget_nobodys();
    assert!(!unknown.is_nobodys(&other) && unknown.knows(&one));
}
