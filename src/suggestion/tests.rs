use std::{net::IpAddr, sync::Arc};

use proptest::prelude::*;

use super::*;
use crate::{
    key::{
        Ask, KeyRecord, Restrictions,
        record::Extras,
        verdict::{Via, verdict},
    },
    request::Client,
    scope::Request,
    testing::{key, key_record},
    usage::{Outcome, attributes},
};

const NOW: Timestamp = Timestamp::from_seconds(1_795_327_200);

/// Scopes with paths, and scopes that imply others.
const PATHS: &str = r#"
[[scopes]]
name = "hub"
title = "Hub"
paths = ["/hub/**"]

[[scopes]]
name = "reports"
title = "Reports"
methods = ["GET"]
paths = ["/reports/**"]

[[scopes]]
name = "one"
title = "One"
implies = ["two"]

[[scopes]]
name = "two"
title = "Two"
implies = ["read", "hub"]
"#;

fn profiles() -> [Arc<Profile>; 3] {
    let text = include_str!("../../examples/profiles/default.toml");
    let with_paths = text.replace("[plans.starter]", &format!("{PATHS}\n[plans.starter]"));
    let mut one = (*Profile::standard()).clone();
    one.keys.scopes = HowMany::One;
    [Profile::standard(), Arc::new(Profile::parse(&with_paths).expect("a profile")), Arc::new(one)]
}

/// A request as a client sends it.
#[derive(Clone, Debug)]
struct Sent {
    scopes: Vec<String>,
    method: Option<&'static str>,
    path: Option<&'static str>,
    ip: Option<IpAddr>,
}

impl Sent {
    fn ask(&self) -> Ask<'_> {
        Ask {
            scopes: self.scopes.iter().map(String::as_str).collect(),
            request: Request::new(self.method, self.path),
            ip: self.ip,
            via: Via::Gateway,
            ..Ask::default()
        }
    }
}

fn record(scopes: &[String], restrictions: &Restrictions, profile: &Profile) -> KeyRecord {
    KeyRecord {
        scopes: profile.set(scopes.iter().map(String::as_str)),
        extras: Extras { restrictions: restrictions.clone(), ..Extras::default() }.boxed(),
        ..key_record()
    }
}

/// What the verifier counts of these requests.
fn history(sent: &[Sent], record: &KeyRecord, profile: &Profile) -> KeyHistory {
    let here = IpAddr::from([127, 0, 0, 1]);
    let request_id = crate::id::RequestId::mint(&crate::testing::SeededEntropy::new(0));
    let client = Client { ip: here, peer: here, proxied: false, user_agent: None, request_id };
    let mut history = KeyHistory::empty(NOW);
    for sent in sent {
        let ask = sent.ask();
        let outcome = Outcome::of(verdict(&ask, record, profile, NOW), &ask, profile);
        history.requests += 1;
        if outcome.code == crate::usage::Code::Verdict(crate::verdict::Verdict::Valid) {
            let scopes = profile.names(outcome.scopes).collect::<Vec<_>>().join(" ");
            *history.accepted.entry(scopes).or_default() += 1;
        }
        for attribute in attributes(&ask, &client) {
            let counts = match attribute.kind() {
                "network" => &mut history.networks,
                "method" => &mut history.methods,
                _ => continue,
            };
            *counts.entry(attribute.to_string()).or_default() += 1;
        }
    }
    history
}

fn sent() -> impl Strategy<Value = Sent> {
    let scope = prop::sample::select(vec!["read", "write", "delete", "admin", "hub", "reports", "one", "two", "gone"]);
    let scopes = prop::collection::vec(scope.prop_map(str::to_owned), 0..3);
    let methods = vec![None, Some("GET"), Some("HEAD"), Some("POST"), Some("PUT"), Some("DELETE"), Some("OPTIONS")];
    let paths = vec![None, Some("/leads"), Some("/hub/7"), Some("/reports/1?x=1"), Some("/a/%2e%2e/b")];
    let ips = ["203.0.113.7", "203.0.113.255", "198.51.100.1", "::ffff:192.0.2.0", "2001:db8:1::7", "2001:db8:2::"];
    let ips: Vec<_> = ips.into_iter().map(|ip| Some(ip.parse().expect("an address"))).collect();
    // Most callers send addresses.
    let ip = prop_oneof![20 => prop::sample::select(ips), 1 => Just(None)];
    (scopes, prop::sample::select(methods), prop::sample::select(paths), ip)
        .prop_map(|(scopes, method, path, ip)| Sent { scopes, method, path, ip })
}

/// Each caller names scopes, or sends methods, for the most part.
fn histories() -> impl Strategy<Value = Vec<Sent>> {
    (prop::collection::vec(sent(), 1..12), 0..3_u8).prop_map(|(sent, habit)| {
        let tidy = |mut sent: Sent| {
            match habit {
                0 if sent.scopes.is_empty() => sent.scopes = vec!["read".to_owned()],
                1 => {
                    sent.scopes.clear();
                    sent.method = sent.method.filter(|method| *method != "OPTIONS").or(Some("GET"));
                }
                _ => {}
            }
            sent
        };
        sent.into_iter().map(tidy).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(1_000), ..ProptestConfig::default() })]

    #[test]
    fn a_narrower_key_refuses_nothing_that_was_accepted(
        sent in histories(),
        held in prop::collection::btree_set(prop::sample::select(vec!["read", "write", "delete", "admin", "hub", "reports", "one"]), 1..4),
        which in 0..3_usize,
        own in prop::sample::select(vec!["", "203.0.113.0/24 2001:db8::/32"]),
        enforced: bool,
    ) {
        let profile = &profiles()[which];
        let most = if profile.keys.scopes == HowMany::One { 1 } else { 4 };
        let scopes: Vec<_> = held.into_iter().take(most).map(str::to_owned).collect();
        let addresses = Addresses::check(own).expect("blocks");
        let restrictions = Restrictions { addresses, addresses_enforced: enforced, ..Restrictions::default() };
        let before = record(&scopes, &restrictions, profile);
        let key = Key { scopes: scopes.clone(), restrictions: restrictions.clone(), ..key() };
        let suggestion = Suggestion::of(&key, &history(&sent, &before, profile), profile);
        prop_assert!(suggestion.scopes != Err(Blocked::Refused) && suggestion.addresses != Err(Blocked::Refused));
        let narrower = match &suggestion.addresses {
            Ok(addresses) => Restrictions { addresses: addresses.clone(), addresses_enforced: true, ..restrictions },
            Err(_) => restrictions,
        };
        if let Ok(scopes) = &suggestion.scopes {
            let (less, all) = (profile.set(scopes.iter().map(String::as_str)), profile.granted(before.scopes));
            prop_assert!(profile.granted(less).places().all(|one| all.has(one)), "no more than the key has");
        }
        let after = record(suggestion.scopes.as_ref().unwrap_or(&scopes), &narrower, profile);
        for sent in &sent {
            let ask = sent.ask();
            if verdict(&ask, &before, profile, NOW).is_valid() {
                prop_assert!(verdict(&ask, &after, profile, NOW).is_valid(), "{sent:?} with {suggestion:?}");
            }
        }
    }
}

fn counted(accepted: &[(&str, u64)], networks: &[(&str, u64)], methods: &[(&str, u64)]) -> KeyHistory {
    let map = |pairs: &[(&str, u64)]| pairs.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect();
    KeyHistory {
        since: NOW - Duration::from_secs(DAYS * 86_400),
        accepted: map(accepted),
        requests: accepted.iter().map(|(_, n)| n).sum(),
        networks: map(networks),
        methods: map(methods),
        not_counted: 0,
    }
}

fn holding(scopes: &[&str]) -> Key {
    Key { scopes: scopes.iter().map(ToString::to_string).collect(), ..key() }
}

#[test]
fn what_was_used_is_suggested() {
    let key = holding(&["read", "write", "delete", "admin"]);
    let history = counted(&[("read", 7), ("write", 2)], &[("203.0.113.0/24", 9)], &[("unspecified", 9)]);
    let told = Suggestion::of(&key, &history, &Profile::standard());
    assert_eq!(told.scopes, Ok(vec!["read".to_owned(), "write".to_owned()]));
    assert_eq!(told.unused_scopes, ["delete", "admin"]);
    assert_eq!(told.addresses.as_ref().map(ToString::to_string), Ok("203.0.113.0/24".to_owned()));
    assert!(told.is_narrower && !told.addresses_enforced);
    let said = told.sentences(&key, &history.networks, NOW);
    assert_eq!(said, ["This key used 2 of 4 scopes in 30 days.", "It was never used from outside 203.0.113.0/24."]);
}

#[test]
fn a_method_needs_its_scope_although_another_is_named() {
    let history = counted(&[("read", 1)], &[("203.0.113.0/24", 1)], &[("DELETE", 1)]);
    let told = Suggestion::of(&holding(&["admin"]), &history, &Profile::standard());
    assert_eq!(told.scopes, Ok(vec!["read".to_owned(), "delete".to_owned()]));
    assert_eq!(told.unused_scopes, ["write", "admin"]);
}

#[test]
fn a_scope_with_paths_may_have_been_used() {
    let [_, profile, _] = profiles();
    // `GET /reports/1` with this key is counted as `read`, which it does not have.
    let history = counted(&[("read", 1)], &[("203.0.113.0/24", 1)], &[("GET", 1)]);
    let told = Suggestion::of(&holding(&["reports", "write"]), &history, &profile);
    assert_eq!((told.scopes, told.unused_scopes), (Ok(vec!["reports".to_owned()]), vec!["write".to_owned()]));
    let told = Suggestion::of(&holding(&["write"]), &history, &profile);
    assert_eq!((told.scopes, told.unused_scopes), (Err(Blocked::Changed), vec![]));
}

#[test]
fn what_is_not_known_blocks_its_part() {
    let network = [("203.0.113.0/24", 3)];
    let method = [("GET", 3)];
    let told = |history: &KeyHistory| {
        let told = Suggestion::of(&holding(&["read", "write"]), history, &Profile::standard());
        (told.scopes.err(), told.addresses.err(), told.unused_scopes)
    };
    let all = vec!["read".to_owned(), "write".to_owned()];
    assert_eq!(told(&counted(&[], &[], &[])), (Some(Blocked::Unused), Some(Blocked::Unused), all));
    let unspecified = counted(&[("", 1), ("read", 2)], &network, &method);
    assert_eq!(told(&unspecified), (Some(Blocked::Unspecified(1)), None, vec![]));
    let write = vec!["write".to_owned()];
    let many = counted(&[("read", 3)], &[("203.0.113.0/24", 2), ("other", 1)], &method);
    assert_eq!(told(&many), (None, Some(Blocked::ManyNetworks), write.clone()));
    let hidden = counted(&[("read", 3)], &[("203.0.113.0/24", 2), ("unspecified", 1)], &method);
    assert_eq!(told(&hidden), (None, Some(Blocked::NoAddress(1)), write.clone()));
    let forgotten = counted(&[("read", 3)], &[("203.0.113.0/24", 2)], &method);
    assert_eq!(told(&forgotten), (None, Some(Blocked::Forgotten(1)), write));
    let missed = KeyHistory { not_counted: 4, ..counted(&[("read", 3)], &network, &method) };
    assert_eq!(told(&missed), (Some(Blocked::NotCounted(4)), Some(Blocked::NotCounted(4)), vec![]));
}

#[test]
fn a_lower_limit_blocks() {
    let mut profile = (*Profile::standard()).clone();
    profile.plans[0].classes = vec![Some(60), None, None, Some(600)];
    let history = counted(&[("read", 3)], &[("203.0.113.0/24", 3)], &[("GET", 3)]);
    assert_eq!(Suggestion::of(&holding(&["admin"]), &history, &profile).scopes, Err(Blocked::LowerLimit));
}

#[test]
fn an_unused_key_says_for_how_long() {
    let ago = |days: u64| NOW - Duration::from_secs(days * 86_400);
    let told = |key: &Key| {
        Suggestion::of(key, &KeyHistory::empty(NOW), &Profile::standard()).sentences(key, &BTreeMap::new(), NOW)
    };
    let used = Key { last_used_at: Some(ago(41)), ..key() };
    assert_eq!(told(&used), ["This key has been unused for 41 days."]);
    let never = Key { created_at: ago(1), ..key() };
    assert_eq!(told(&never), ["This key has been unused for 1 day, since it was created."]);
    let new = Key { created_at: NOW - Duration::from_secs(86_399), ..key() };
    assert!(told(&new).is_empty());
}
