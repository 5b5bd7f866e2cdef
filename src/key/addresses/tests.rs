use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;

fn addresses(text: &str) -> Addresses {
    Addresses::check(text).unwrap_or_else(|invalid| panic!("{text}: {invalid}"))
}

fn errors(text: &str) -> Vec<String> {
    let Err(Invalid(errors)) = Addresses::check(text) else { panic!("{text} was taken") };
    assert!(errors.iter().all(|error| error.field == "addresses"));
    errors.into_iter().map(|error| error.message).collect()
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

#[test]
fn blocks_hold_what_is_in_them() {
    let blocks = addresses("203.0.113.0/24\r\n198.51.100.7\n\n2001:db8::/32, 10.0.0.0/8");
    for inside in ["203.0.113.0", "203.0.113.255", "198.51.100.7", "2001:db8:ffff::1", "10.255.0.1"] {
        assert!(blocks.contains(ip(inside)), "{inside}");
    }
    for outside in ["203.0.114.0", "203.0.112.255", "198.51.100.8", "2001:db9::1", "11.0.0.0", "::", "::1"] {
        assert!(!blocks.contains(ip(outside)), "{outside}");
    }
    assert_eq!(blocks.lines().collect::<Vec<_>>(), ["203.0.113.0/24", "198.51.100.7", "2001:db8::/32", "10.0.0.0/8"]);
    assert!(Addresses::default().is_empty() && addresses(" \n").is_empty());
    assert!(!Addresses::default().contains(ip("127.0.0.1")), "nothing is in no block");
}

#[test]
fn mapped_addresses_are_what_they_are() {
    let mapped = addresses("::ffff:203.0.113.0/120");
    assert_eq!(mapped, addresses("203.0.113.0/24"));
    assert_eq!(addresses("::ffff:198.51.100.7"), addresses("198.51.100.7/32"));
    assert_eq!(addresses("::ffff:0:0/96"), addresses("0.0.0.0/0"));
    for blocks in [mapped, addresses("203.0.113.0/24")] {
        assert!(blocks.contains(ip("203.0.113.9")) && blocks.contains(ip("::ffff:203.0.113.9")));
        assert!(!blocks.contains(ip("::ffff:203.0.114.9")) && !blocks.contains(ip("::cb00:7109")));
    }
    // An IPv6 block never matches an IPv4 address, nor the other way round.
    assert!(!addresses("::/0").contains(ip("::ffff:203.0.113.9")) && !addresses("0.0.0.0/0").contains(ip("::1")));
    assert!(addresses("::/0").contains(ip("2001:db8::1")) && addresses("0.0.0.0/0").contains(ip("255.255.255.255")));
}

#[test]
fn each_wrong_entry_is_reported_with_a_fix() {
    let found = errors("203.0.113.7/24\n198.51.100.1\n10.0.0.0/33 moon\n::ffff:1.2.3.4/64\n2001:db8::1/32");
    insta::assert_snapshot!(found.join("\n"), @r"
    Line 1, 203.0.113.7/24: a block of /24 begins at 203.0.113.0: write 203.0.113.0/24, or 203.0.113.7 for it alone.
    Line 3, 10.0.0.0/33: after the slash comes how many bits the block shares, from 0 to 32.
    Line 3, moon: write an address like 203.0.113.7 or 2001:db8::7, or a block like 203.0.113.0/24.
    Line 4, ::ffff:1.2.3.4/64: write IPv4 blocks as such: 1.2.3.4/24.
    Line 5, 2001:db8::1/32: a block of /32 begins at 2001:db8::: write 2001:db8::/32, or 2001:db8::1 for it alone.
    ");
    let long = "x".repeat(10_000);
    for wrong in
        ["010.0.0.1", "10.0.0.1/08", "10.0.0.0/", "10.0.0.0/+8", "/8", "1.2.3", "fe80::1%eth0", "1.2.3.4:80", &long]
    {
        let found = errors(wrong);
        assert!(found.len() == 1 && found[0].len() < 200, "{found:?}");
    }
    assert_eq!(errors(&"moon\n".repeat(500)).len(), MOST_ERRORS);
}

#[test]
fn a_list_is_read_and_not_repeated() {
    let list = |entries: &[&str]| Addresses::check_list(&entries.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert_eq!(list(&["203.0.113.0/24", " 2001:db8::7 "]), Ok(addresses("203.0.113.0/24\n2001:db8::7")));
    assert_eq!(list(&[]), Ok(Addresses::default()));
    for wrong in ["", "203.0.113.7 198.51.100.1", "203.0.113.7\n198.51.100.1", "sk_live_secret"] {
        let Err(Invalid(errors)) = list(&["10.0.0.0/8", wrong]) else { panic!("{wrong:?} was taken") };
        assert!(errors[0].message.starts_with("Entry 2: write an address like"), "{}", errors[0].message);
    }
}

#[test]
fn there_are_a_hundred_at_most() {
    let many = |n: u32, write: fn(u32) -> String| (0..n).map(write).collect::<Vec<_>>().join("\n");
    let host = |n: u32| format!("2001:db80:aaaa:bbbb:cccc:dddd:eeee:{:x}", 0x1000 + n);
    assert_eq!(addresses(&many(100, |n| Ipv4Addr::from_bits(n).to_string())).len(), 100);
    assert!(errors(&many(101, |n| Ipv4Addr::from_bits(n).to_string()))[0].starts_with("At most 100 blocks"));
    assert!(errors(&many(100, host))[0].starts_with("At most 4000 characters together"), "what the column holds");
    assert_eq!(addresses(&"10.0.0.0/8\n".repeat(200)).len(), 1, "each once");
}

fn any_block() -> impl Strategy<Value = IpNet> {
    let v4 = (any::<u32>(), 0..=32_u8).prop_map(|(bits, length)| (IpAddr::V4(Ipv4Addr::from_bits(bits)), length));
    let v6 = (any::<u128>(), 0..=128_u8).prop_map(|(bits, length)| (IpAddr::V6(Ipv6Addr::from_bits(bits)), length));
    prop_oneof![v4, v6].prop_map(|(ip, length)| IpNet::new(ip, length).expect("in range").trunc())
}

proptest! {
    #[test]
    fn what_was_checked_comes_back(blocks in prop::collection::vec(any_block(), 0..80)) {
        let text = blocks.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        let checked = addresses(&text);
        prop_assert_eq!(&Addresses::stored(&checked.to_string()).expect("reads"), &checked);
        prop_assert_eq!(&addresses(&checked.lines().collect::<Vec<_>>().join("\n")), &checked);
    }

    /// Compared with a bitwise implementation.
    #[test]
    fn a_block_contains_addresses_that_share_its_bits(bits: u32, length in 0..=32_u8, flip in 0..32_u8, mapped: bool) {
        let block = IpNet::new(Ipv4Addr::from_bits(bits).into(), length).expect("in range").trunc();
        let blocks = addresses(&block.to_string());
        let asks = Ipv4Addr::from_bits(bits ^ 1 << (31 - flip));
        let asks = if mapped { IpAddr::V6(asks.to_ipv6_mapped()) } else { IpAddr::V4(asks) };
        prop_assert_eq!(blocks.contains(asks), flip >= length);
    }

    #[test]
    fn junk_never_panics(text in ".*|[0-9a-f:./, \n]{0,200}") {
        let _ = Addresses::check(&text);
    }
}

#[test]
fn blocks_with_nearly_every_address_limit_nothing() {
    let limit = |text: &str| Addresses::check(text).expect("blocks").limit();
    for all in ["", "0.0.0.0/0", "0.0.0.0/1 128.0.0.0/1", "203.0.113.7 ::/0", "8000::/1", "64.0.0.0/7"] {
        assert!(!limit(all), "{all}");
    }
    for some in ["203.0.113.7", "10.0.0.0/8", "2001:db8::/32 2001::/16"] {
        assert!(limit(some), "{some}");
    }
}
