use std::{sync::Arc, time::Duration};

use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp::from_seconds(1_795_327_200);

fn profile() -> Arc<Profile> {
    Profile::standard()
}

fn after(days: u64) -> Option<Timestamp> {
    Some(NOW + Duration::from_secs(days * 86_400))
}

fn key(scopes: &[String]) -> Proposed<'_> {
    Proposed {
        environment: "production",
        mode: Mode::Live,
        scopes,
        created_at: NOW,
        expires_at: None,
        is_limited_to_addresses: false,
        beside: Some(0),
    }
}

fn rule(environment: Option<&str>, scope: Option<&str>, days: u32) -> LongestLifetime {
    LongestLifetime { environment: environment.map(str::to_owned), scope: scope.map(str::to_owned), days }
}

fn fields(judgement: Judgement) -> Vec<&'static str> {
    match judgement {
        Judgement::Refused(Invalid(errors)) => errors.iter().map(|error| error.field).collect(),
        _ => Vec::new(),
    }
}

fn named(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

#[test]
fn without_rules_everything_is_allowed() {
    let scopes = named(&["admin"]);
    assert_eq!(KeyPolicy::default().judge(&key(&scopes), &profile()), Judgement::Allowed);
}

#[test]
fn a_lifetime_ends_with_its_last_day() {
    let policy = KeyPolicy { longest_lifetime: vec![rule(None, None, 90)], ..KeyPolicy::default() };
    let scopes = named(&["read"]);
    let judged = |expires_at| policy.judge(&Proposed { expires_at, ..key(&scopes) }, &profile());
    assert_eq!(judged(after(90)), Judgement::Allowed);
    let end_of_day = after(90).map(|at| at + Duration::from_secs(17 * 3_600));
    assert_eq!(judged(end_of_day), Judgement::Allowed, "2027-02-20T23:00");
    assert_eq!(fields(judged(after(91))), ["expires_at"]);
    let Judgement::Refused(why) = judged(None) else { panic!("never was taken") };
    assert_eq!(
        why.to_string(),
        "expires_at: Longest lifetime: keys live for 90 days at most. Choose an expiry up to 2027-02-20."
    );
}

#[test]
fn rules_apply_by_environment_and_by_what_a_scope_grants() {
    let policy = KeyPolicy {
        longest_lifetime: vec![rule(Some("production"), Some("delete"), 7), rule(Some("staging"), None, 1)],
        approval_scopes: named(&["delete"]),
        approval_environments: named(&["staging"]),
        ..KeyPolicy::default()
    };
    let judged = |environment, scopes: &[&str], days| {
        let scopes = named(scopes);
        policy.judge(&Proposed { environment, expires_at: after(days), ..key(&scopes) }, &profile())
    };
    assert_eq!(judged("production", &["read", "write"], 3_000), Judgement::Allowed);
    assert_eq!(fields(judged("production", &["admin"], 8)), ["expires_at"], "it includes delete");
    assert_eq!(judged("production", &["admin"], 7), Judgement::NeedsApproval);
    assert_eq!(judged("testing", &["delete"], 8), Judgement::NeedsApproval);
    assert_eq!(judged("staging", &["read"], 1), Judgement::NeedsApproval);
    assert_eq!(fields(judged("staging", &["read"], 2)), ["expires_at"], "refused before anybody is asked");
}

#[test]
fn every_broken_rule_is_named() {
    let policy = KeyPolicy {
        longest_lifetime: vec![rule(None, None, 90), rule(Some("production"), None, 30)],
        most_keys_per_app: Some(2),
        addresses_in_production: true,
        approval_environments: named(&["production"]),
        ..KeyPolicy::default()
    };
    let scopes = named(&["read"]);
    let all = policy.judge(&Proposed { beside: Some(2), ..key(&scopes) }, &profile());
    assert_eq!(fields(all), ["expires_at", "expires_at", "addresses", ""]);
    let sandbox = Proposed { environment: "testing", mode: Mode::Test, expires_at: after(1), ..key(&scopes) };
    assert_eq!(policy.judge(&sandbox, &profile()), Judgement::Allowed);
    let changed = Proposed { beside: None, is_limited_to_addresses: true, expires_at: after(1), ..key(&scopes) };
    assert_eq!(policy.judge(&changed, &profile()), Judgement::NeedsApproval, "a change makes no further key");
}

fn policies() -> impl Strategy<Value = KeyPolicy> {
    let environment = || prop::option::of(prop::sample::select(vec!["production", "staging"]));
    let scope = || prop::option::of(prop::sample::select(vec!["read", "write", "delete", "admin"]));
    let lifetime = (environment(), scope(), 1u32..400).prop_map(|(one, other, days)| rule(one, other, days));
    let some = |known: Vec<&'static str>| {
        let most = known.len();
        prop::sample::subsequence(known, 0..=most).prop_map(|names| named(&names))
    };
    (
        prop::collection::vec(lifetime, 0..4),
        prop::option::of(1u32..5),
        some(vec!["production", "staging"]),
        some(vec!["read", "write", "delete", "admin"]),
        any::<bool>(),
    )
        .prop_map(|(longest_lifetime, most, environments, scopes, addresses)| KeyPolicy {
            longest_lifetime,
            most_keys_per_app: most,
            approval_environments: environments,
            approval_scopes: scopes,
            addresses_in_production: addresses,
            ..KeyPolicy::default()
        })
}

/// How much a judgement stands in the way.
fn rank(judgement: &Judgement) -> u8 {
    match judgement {
        Judgement::Allowed => 0,
        Judgement::NeedsApproval => 1,
        Judgement::Refused(_) => 2,
    }
}

proptest! {
    /// Less of a key never meets more resistance: fewer scopes, a sooner expiry, addresses, fewer keys beside it.
    #[test]
    fn a_narrower_key_is_never_worse(
        policy in policies(),
        held in prop::sample::subsequence(vec!["read", "write", "delete", "admin"], 1..=4),
        kept in 0usize..4,
        days in prop::option::of(1u64..500),
        sooner in 0u64..500,
        beside in 0u64..6,
        limited in any::<bool>(),
    ) {
        let (profile, scopes) = (profile(), named(&held));
        let wide = Proposed {
            expires_at: days.and_then(after),
            beside: Some(beside),
            is_limited_to_addresses: limited,
            ..key(&scopes)
        };
        let fewer = scopes[..=kept.min(scopes.len() - 1)].to_vec();
        let narrow = Proposed {
            scopes: &fewer,
            expires_at: after(days.unwrap_or(sooner).min(sooner)),
            is_limited_to_addresses: true,
            beside: Some(beside / 2),
            ..wide.clone()
        };
        prop_assert!(rank(&policy.judge(&narrow, &profile)) <= rank(&policy.judge(&wide, &profile)));
        prop_assert_eq!(rank(&KeyPolicy::default().judge(&wide, &profile)), 0);
    }

    /// Each rule stands for itself: all of them together refuse exactly what one of them does.
    #[test]
    fn rules_do_not_weaken_each_other(policy in policies(), days in prop::option::of(1u64..500), beside in 0u64..6) {
        let (profile, scopes) = (profile(), named(&["admin"]));
        let key = Proposed { expires_at: days.and_then(after), beside: Some(beside), ..key(&scopes) };
        let mut alone = vec![
            KeyPolicy { most_keys_per_app: policy.most_keys_per_app, ..KeyPolicy::default() },
            KeyPolicy { addresses_in_production: policy.addresses_in_production, ..KeyPolicy::default() },
            KeyPolicy { approval_environments: policy.approval_environments.clone(), ..KeyPolicy::default() },
            KeyPolicy { approval_scopes: policy.approval_scopes.clone(), ..KeyPolicy::default() },
        ];
        alone.extend(policy.longest_lifetime.iter().map(|rule| KeyPolicy {
            longest_lifetime: vec![rule.clone()],
            ..KeyPolicy::default()
        }));
        let worst = alone.iter().map(|one| rank(&one.judge(&key, &profile))).max();
        prop_assert_eq!(Some(rank(&policy.judge(&key, &profile))), worst);
    }
}
