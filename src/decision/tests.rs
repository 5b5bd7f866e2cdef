use std::time::Duration;

use proptest::prelude::*;

use super::{kept::KEPT_FOR, ring::MOST, *};
use crate::{
    id::KeyId,
    key::{record::KeyHolder, verdict::Check},
    scope::Request,
    testing::{SeededEntropy, key_record},
};

const NOW: Timestamp = Timestamp::from_seconds(1_000_000_020);

/// Organizations with keys whose requests are refused.
struct World {
    entropy: SeededEntropy,
    profile: Arc<Profile>,
    keys: Vec<Arc<KeyRecord>>,
}

impl World {
    /// This many organizations with this many keys each.
    fn new(orgs: usize, keys: usize) -> Self {
        let entropy = SeededEntropy::new(1);
        let mut records = Vec::new();
        for org in 0..orgs {
            let org_id = OrgId::mint(&format!("Org {org}"), &entropy);
            let owner = Arc::new(KeyHolder { org_id, ..(*key_record().owner).clone() });
            records.extend((0..keys).map(|_| {
                let record = KeyRecord { key_id: KeyId::mint(&entropy), owner: Arc::clone(&owner), ..key_record() };
                Arc::new(record)
            }));
        }
        Self { entropy, profile: Profile::standard(), keys: records }
    }

    fn org(&self, key: usize) -> &OrgId {
        &self.keys[key].owner.org_id
    }

    /// A request that the verifier refuses; returns its id.
    fn refuse(&self, decisions: &Decisions, key: usize, verdict: Verdict, now: Timestamp) -> RequestId {
        let id = RequestId::mint(&self.entropy);
        let key = &self.keys[key];
        if decisions.admits(&key.owner.org_id, &key.key_id, verdict, now) {
            decisions.keep(Decision::new(id.clone(), verdict, &Ask::default(), key, &self.profile, now));
        }
        id
    }
}

#[test]
fn a_decision_is_found_by_its_own_organization_alone() {
    let (world, decisions) = (World::new(2, 1), Decisions::default());
    let id = world.refuse(&decisions, 0, Verdict::Expired, NOW);
    assert_eq!(decisions.find(world.org(0), &id, NOW).expect("kept").decision.request_id, id);
    assert!(decisions.find(world.org(1), &id, NOW).is_none());
    assert!(decisions.of_org(world.org(1), NOW).is_empty());
}

#[test]
fn a_decision_is_kept_for_a_day() {
    let (world, decisions) = (World::new(1, 1), Decisions::default());
    let id = world.refuse(&decisions, 0, Verdict::Expired, NOW);
    let last = NOW + KEPT_FOR - Duration::from_micros(1);
    assert!(decisions.find(world.org(0), &id, last).is_some());
    assert!(decisions.find(world.org(0), &id, NOW + KEPT_FOR).is_none());
    assert!(decisions.of_org(world.org(0), NOW + KEPT_FOR).is_empty());
    decisions.forget(last);
    assert_eq!(decisions.size().0, 1);
    decisions.forget(last + Duration::from_secs(600));
    assert_eq!(decisions.size(), (0, 0));
}

#[test]
fn a_flood_is_sampled_and_says_how_many_were_left_out() {
    let (world, decisions) = (World::new(1, 1), Decisions::default());
    for _ in 0..1_000 {
        world.refuse(&decisions, 0, Verdict::RateLimited, NOW);
    }
    let kept = decisions.of_org(world.org(0), NOW);
    // The first twenty, then the 32nd, 64th, 128th, 256th and 512th.
    assert_eq!(kept.len(), 25);
    assert_eq!(kept.iter().map(|kept| 1 + kept.left_out).sum::<u64>(), 1_000);
    assert_eq!(kept[0].left_out, 1_000 - 512);
    // Another minute, or another verdict, starts a new count.
    let id = world.refuse(&decisions, 0, Verdict::RateLimited, NOW + Duration::from_secs(60));
    let other = world.refuse(&decisions, 0, Verdict::Expired, NOW);
    for id in [id, other] {
        assert!(decisions.find(world.org(0), &id, NOW).is_some());
    }
}

#[test]
fn a_flood_on_one_key_does_not_push_out_another() {
    let (world, decisions) = (World::new(1, 10), Decisions::default());
    let quiet: Vec<_> = (1..10).flat_map(|key| [key; 20]).collect();
    let quiet: Vec<_> = quiet.into_iter().map(|key| world.refuse(&decisions, key, Verdict::AppMismatch, NOW)).collect();
    for minute in 0..60 {
        for _ in 0..100 {
            world.refuse(&decisions, 0, Verdict::RateLimited, NOW + Duration::from_secs(60 * minute));
        }
    }
    let kept = decisions.of_org(world.org(0), NOW);
    assert_eq!(kept.len(), MOST);
    assert!(quiet.iter().all(|id| decisions.find(world.org(0), id, NOW).is_some()));
    assert!(kept.windows(2).all(|two| two[0].decision.at >= two[1].decision.at), "newest first");
}

#[test]
fn one_organization_does_not_push_out_another() {
    let world = World::new(3, 40);
    let weight = 2_000 * 25;
    let decisions = Decisions::of_at_most(weight, 3);
    let quiet = world.refuse(&decisions, 0, Verdict::Expired, NOW);
    for key in (40..80).cycle().take(1_000) {
        world.refuse(&decisions, key, Verdict::Expired, NOW);
        assert!(decisions.size().1 <= weight);
    }
    assert!(decisions.find(world.org(0), &quiet, NOW).is_some());
    assert!(decisions.of_org(world.org(40), NOW).len() > 10);
}

#[test]
fn of_too_many_organizations_the_quietest_goes() {
    let world = World::new(4, 1);
    let decisions = Decisions::of_at_most(usize::MAX, 3);
    for key in [0, 1, 2, 0, 3] {
        world.refuse(&decisions, key, Verdict::Expired, NOW);
    }
    let kept = |key: usize| decisions.of_org(world.org(key), NOW).len();
    assert_eq!([kept(0), kept(1), kept(2), kept(3)], [2, 0, 1, 1]);
}

proptest! {
    /// For any sequence of refusals and changes of the clock.
    #[test]
    fn it_is_bounded(
        requests in proptest::collection::vec((0_usize..12, 0_usize..3, -90_000_i64..90_000), 1..400),
        most in 1_usize..60_000,
    ) {
        let world = World::new(4, 3);
        let decisions = Decisions::of_at_most(most, 3);
        for (key, verdict, seconds) in requests {
            let now = Timestamp::from_seconds(NOW.seconds() + seconds);
            let verdict = [Verdict::Expired, Verdict::RateLimited, Verdict::Paused][verdict];
            world.refuse(&decisions, key, verdict, now);
            let (orgs, weight) = decisions.size();
            prop_assert!(orgs <= 3 && weight <= most);
            if seconds % 7 == 0 {
                decisions.forget(now);
            }
        }
        for key in 0..12 {
            let kept = decisions.of_org(world.org(key), NOW);
            prop_assert!(kept.len() <= MOST && kept.iter().all(|kept| kept.decision.org_id() == world.org(key)));
        }
    }
}

#[test]
fn each_step_is_told() {
    let (key, profile) = (Arc::new(key_record()), Profile::standard());
    let ask = Ask { request: Request::new(Some("POST"), Some("/leads?token=x")), ..Ask::default() };
    let id = RequestId::mint(&SeededEntropy::new(1));
    let decision = Decision::new(id, Verdict::InsufficientScope, &ask, &key, &profile, NOW);
    assert_eq!(decision.step, Step::Check(Check::Request));
    assert_eq!(decision.asked.path.as_deref(), Some("/leads"));
    let steps: Vec<_> = decision.steps().collect();
    assert_eq!(steps.len(), Step::all().count());
    let failed = steps.iter().position(|(step, _)| *step == decision.step).expect("one of them");
    for (at, (_, outcome)) in steps.iter().enumerate() {
        let expected = match at.cmp(&failed) {
            std::cmp::Ordering::Less => StepOutcome::Passed,
            std::cmp::Ordering::Equal => StepOutcome::Failed,
            std::cmp::Ordering::Greater => StepOutcome::NotReached,
        };
        assert_eq!(*outcome, expected);
    }
}

#[test]
fn what_is_asked_is_kept_short() {
    let (key, profile) = (Arc::new(key_record()), Profile::standard());
    let long = "x".repeat(10_000);
    let path = format!("/{long}");
    let ask = Ask {
        scopes: vec![&long; 1_000],
        app_id: Some(&long),
        workspace: Some(&long),
        request: Request::new(Some(&long), Some(&path)),
        ..Ask::default()
    };
    let decision =
        Decision::new(RequestId::mint(&SeededEntropy::new(1)), Verdict::AppMismatch, &ask, &key, &profile, NOW);
    assert!(decision.weight() < 4_000, "{}", decision.weight());
}
