//! Requests, their decisions and their claims.

use std::time::Duration;

use sallyport::{
    Error,
    approval::{ApprovalStatus, MOST_IN_A_DAY, MOST_OPEN},
    audit::{Act, Actor},
    id::ApprovalId,
    key::{KeyChange, Status},
    key_policy::KeyPolicy,
    member::Role,
    store::{ApprovalFilter, Claimed, EventFilter, KeyFilter, Paging, Sight, Store},
    testing::TestStore,
};

use super::{World, ask, found, most, new_key};

sallyport::on_both_databases!(
    a_request_is_approved_and_claimed_once,
    of_a_hundred_claims_one_wins,
    nobody_decides_their_own,
    a_refusal_says_why,
    a_request_ends_by_the_clock,
    role_and_rules_are_judged_again,
    an_approval_does_not_outlive_the_role_of_its_approver,
    a_key_for_which_nobody_can_wait_is_not_asked_for,
    a_change_waits_too,
    a_change_is_claimed_as_it_was_approved,
    a_change_is_asked_for_once,
    few_wait_at_once,
    a_form_that_is_sent_twice_asks_once,
    a_withdrawn_request_is_over,
);

pub(super) const DAY: Duration = Duration::from_secs(86_400);

pub(super) fn production() -> KeyPolicy {
    KeyPolicy { approval_environments: vec!["production".to_owned()], ..KeyPolicy::default() }
}

pub(super) async fn asked(store: &TestStore, world: &World) -> ApprovalId {
    let new = new_key(store, "CI", &["read"], Some("90"));
    ask(store, &world.by_developer, &world.app, new).await.expect("it waits")
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> &'static str {
    match result {
        Err(Error::Conflict { code, .. }) => code,
        Err(Error::Forbidden(_)) => "forbidden",
        Err(Error::NotFound) => "not_found",
        other => panic!("{other:?}"),
    }
}

pub(super) async fn status(store: &TestStore, id: &ApprovalId) -> ApprovalStatus {
    store.approval(id).await.expect("read").expect("there").status(store.now())
}

async fn a_request_is_approved_and_claimed_once(store: &TestStore) {
    let world = World::new(store, production()).await;
    let id = asked(store, &world).await;
    let dump = store.dump().await;
    assert!(dump["keys"].is_empty() && dump["key_secrets"].is_empty(), "there is no secret before the claim");
    assert_eq!(code(store.claim_approval(&world.by_developer, &id).await), "approval_waiting");
    store.approve(&world.act, &id).await.expect("approved");
    assert_eq!(code(store.approve(&world.act, &id).await), "approval_decided");
    assert_eq!(code(store.claim_approval(&world.act, &id).await), "approval_of_another");
    assert!(store.dump().await["key_secrets"].is_empty());
    let Claimed::Issued(issued) = store.claim_approval(&world.by_developer, &id).await.expect("claimed") else {
        panic!("no key")
    };
    assert_eq!((issued.key.label.as_str(), issued.key.status(store.now())), ("CI", Status::Active));
    assert!(issued.signing_secret.is_some());
    assert_eq!(code(store.claim_approval(&world.by_developer, &id).await), "approval_claimed");
    assert_eq!(status(store, &id).await, ApprovalStatus::Claimed);
    let events = store.events(&world.org.id, None, &EventFilter::default()).await.expect("read").events;
    let actions: Vec<_> = events.iter().map(|event| event.action.as_str()).take(4).collect();
    assert_eq!(actions, ["approval.claimed", "key.generated", "approval.approved", "approval.requested"]);
    assert!(!format!("{:?}", store.dump().await).contains(issued.secret.expose()), "it is nowhere");
    // The list of an app that has keys says that others wait.
    asked(store, &world).await;
    let (app, all) = (Some(&world.app.id), KeyFilter::default());
    let framed = store.framed_keys(&world.org.id, app, &all, &world.owner.id).await.expect("read");
    assert_eq!((framed.0.keys.len(), framed.1.approvals), (1, 1));
}

async fn of_a_hundred_claims_one_wins(store: &TestStore) {
    let world = World::new(store, production()).await;
    let id = asked(store, &world).await;
    store.approve(&world.act, &id).await.expect("approved");
    let racing = (0..100).map(|_| {
        let (store, act, id): (Store, Act, _) = (store.store.clone(), world.by_developer.clone(), id.clone());
        tokio::spawn(async move { store.claim_approval(&act, &id).await })
    });
    let racing: Vec<_> = racing.collect();
    let mut won = 0;
    for claim in racing {
        match claim.await.expect("no panic") {
            Ok(_) => won += 1,
            other => assert_eq!(code(other), "approval_claimed"),
        }
    }
    assert_eq!((won, store.dump().await["keys"].len()), (1, 1));
}

async fn nobody_decides_their_own(store: &TestStore) {
    let world = World::new(store, production()).await;
    let own =
        ask(store, &world.act, &world.app, new_key(store, "Mine", &["read"], None)).await.expect("an owner asks too");
    assert_eq!(code(store.approve(&world.act, &own).await), "forbidden");
    assert_eq!(code(store.refuse_approval(&world.act, &own, "no".to_owned()).await), "forbidden");
    assert_eq!(code(store.approve(&world.by_developer, &own).await), "forbidden", "not their role");
    let stranger = store.act(&store.person("Eve").await);
    assert_eq!(code(store.approve(&stranger, &own).await), "not_found");
    assert_eq!(code(store.claim_approval(&stranger, &own).await), "not_found");
    // A token of another organization; one that may manage decides what others asked for, but not what it asked for itself.
    let by_token = async |org| {
        let (token, _) = store.create_token(&Act::by(Actor::CommandLine), "T", true, org).await.expect("made");
        Act::by(Actor::RootToken { id: token.id, name: token.name })
    };
    let other = store.org(&world.act, "Other").await;
    assert_eq!(code(store.approve(&by_token(Some(other.id)).await, &own).await), "not_found");
    let token = by_token(Some(world.org.id.clone())).await;
    let of_token = ask(store, &token, &world.app, new_key(store, "Its", &["read"], None)).await.expect("it waits");
    assert_eq!(code(store.approve(&token, &of_token).await), "forbidden");
    store.approve(&token, &own).await.expect("of somebody else");
    store.approve(&world.act, &of_token).await.expect("of somebody else");
}

async fn a_refusal_says_why(store: &TestStore) {
    let world = World::new(store, production()).await;
    let id = asked(store, &world).await;
    let refused = store.refuse_approval(&world.act, &id, "Use staging.".to_owned()).await.expect("refused");
    let decision = refused.decision.clone().expect("decided");
    assert_eq!(
        (decision.approved, decision.reason.as_str(), decision.by_name.as_str()),
        (false, "Use staging.", "Ada")
    );
    assert_eq!(code(store.claim_approval(&world.by_developer, &id).await), "approval_refused");
    assert_eq!(code(store.approve(&world.act, &id).await), "approval_refused");
    // An approval can be taken back, as long as nobody claimed it.
    let id = asked(store, &world).await;
    store.approve(&world.act, &id).await.expect("approved");
    store.refuse_approval(&world.act, &id, "It leaked.".to_owned()).await.expect("taken back");
    assert_eq!(code(store.claim_approval(&world.by_developer, &id).await), "approval_refused");
    let id = asked(store, &world).await;
    store.approve(&world.act, &id).await.expect("approved");
    store.claim_approval(&world.by_developer, &id).await.expect("claimed");
    assert_eq!(code(store.refuse_approval(&world.act, &id, "no".to_owned()).await), "approval_claimed");
}

async fn a_request_ends_by_the_clock(store: &TestStore) {
    let world = World::new(store, production()).await;
    let (undecided, unclaimed) = (asked(store, &world).await, asked(store, &world).await);
    store.approve(&world.act, &unclaimed).await.expect("approved");
    store.clock.turn(7 * DAY - Duration::from_secs(1));
    assert_eq!(status(store, &unclaimed).await, ApprovalStatus::Approved);
    store.clock.turn(Duration::from_secs(1));
    assert_eq!(code(store.claim_approval(&world.by_developer, &unclaimed).await), "approval_expired");
    store.clock.turn(23 * DAY - Duration::from_secs(1));
    assert_eq!(status(store, &undecided).await, ApprovalStatus::Waiting);
    store.clock.turn(Duration::from_secs(1));
    assert_eq!(code(store.approve(&world.act, &undecided).await), "approval_expired");
    assert_eq!(store.delete_approvals().await.expect("asked"), 0);
    store.clock.turn(91 * DAY);
    assert_eq!(store.delete_approvals().await.expect("asked"), 2);
}

async fn role_and_rules_are_judged_again(store: &TestStore) {
    let world = World::new(store, production()).await;
    let id = asked(store, &world).await;
    store.approve(&world.act, &id).await.expect("approved");
    let shorter = KeyPolicy { longest_lifetime: most(30).longest_lifetime, ..production() };
    store.set_key_policy(&world.act, &world.org, shorter, None).await.expect("set");
    assert_eq!(code(store.claim_approval(&world.by_developer, &id).await), "approval_outdated");
    store.set_key_policy(&world.act, &world.org, production(), None).await.expect("set");
    store.change_role(&world.act, &world.org.id, &world.developer, Role::Viewer).await.expect("changed");
    assert_eq!(code(store.claim_approval(&world.by_developer, &id).await), "forbidden");
    store.change_role(&world.act, &world.org.id, &world.developer, Role::Developer).await.expect("changed");
    store.claim_approval(&world.by_developer, &id).await.expect("as at first");
}

async fn an_approval_does_not_outlive_the_role_of_its_approver(store: &TestStore) {
    let world = World::new(store, production()).await;
    let shell = Act::by(Actor::CommandLine);
    let admin = store.person("Admin").await;
    store.add_member(&shell, &world.org.id, &admin, Role::Admin).await.expect("added");
    let approved_by = async |act: &Act| {
        let id = asked(store, &world).await;
        store.approve(act, &id).await.expect("approved");
        id
    };
    let by_admin = store.act(&admin);
    let id = approved_by(&by_admin).await;
    for way in ["demoted", "disabled", "removed"] {
        match way {
            "demoted" => store.change_role(&shell, &world.org.id, &admin, Role::Member).await.map(drop),
            "disabled" => store.disable_user(&shell, &admin).await.map(drop),
            _ => store.remove_member(&shell, &world.org.id, &admin).await,
        }
        .expect(way);
        assert_eq!(code(store.claim_approval(&world.by_developer, &id).await), "approval_outdated", "{way}");
        match way {
            "demoted" => store.change_role(&shell, &world.org.id, &admin, Role::Admin).await.map(drop),
            "disabled" => store.enable_user(&shell, &admin).await.map(drop),
            _ => store.add_member(&shell, &world.org.id, &admin, Role::Admin).await.map(drop),
        }
        .expect(way);
    }
    store.claim_approval(&world.by_developer, &id).await.expect("they may approve again");
    // A token that was revoked, and the command line, which may always.
    let (token, _) = store.create_token(&shell, "T", true, Some(world.org.id.clone())).await.expect("made");
    let (id, claimed) = {
        let by_token = Act::by(Actor::RootToken { id: token.id.clone(), name: token.name.clone() });
        (approved_by(&by_token).await, approved_by(&by_token).await)
    };
    store.claim_approval(&world.by_developer, &claimed).await.expect("claimed");
    store.revoke_token(&shell, &token.id).await.expect("revoked");
    assert_eq!(code(store.claim_approval(&world.by_developer, &id).await), "approval_outdated");
    let id = approved_by(&shell).await;
    store.claim_approval(&world.by_developer, &id).await.expect("claimed");
}

async fn a_key_for_which_nobody_can_wait_is_not_asked_for(store: &TestStore) {
    let world = World::new(store, production()).await;
    let before = store.dump().await;
    let new = new_key(store, "CI", &["read"], None);
    assert_eq!(code(store.issue_key(&world.by_developer, &world.app, new, None).await), "needs_approval");
    let after = store.dump().await;
    assert!(["approvals", "jobs", "events"].iter().all(|table| before[*table] == after[*table]));
}

async fn a_change_waits_too(store: &TestStore) {
    let world = World::new(store, KeyPolicy::default()).await;
    let key = store.key(&world.act, &world.app, "CI").await.key;
    store.set_key_policy(&world.act, &world.org, production(), None).await.expect("set");
    let more = KeyChange { scopes: Some(vec!["read".to_owned(), "write".to_owned()]), ..KeyChange::default() };
    let with_label = KeyChange { label: Some("CD".to_owned()), ..more.clone() };
    assert!(matches!(store.change_key(&world.by_developer, &key, with_label).await, Err(Error::Invalid(_))));
    let id = store.change_key(&world.by_developer, &key, more).await.expect("asked").expect("it waits");
    assert_eq!(found(store, &key.id).await.scopes, ["read"]);
    store.approve(&world.act, &id).await.expect("approved");
    let before = store.revision().await.expect("read");
    let Claimed::Changed(changed) = store.claim_approval(&world.by_developer, &id).await.expect("claimed") else {
        panic!("a key was made")
    };
    assert_eq!((&changed, found(store, &key.id).await.scopes), (&key.id, vec!["read".to_owned(), "write".to_owned()]));
    assert!(store.revision().await.expect("read") > before, "verifiers hear of it");
    assert_eq!(store.dump().await["keys"].len(), 1);
    // A key that was revoked meanwhile stays so.
    let key = found(store, &key.id).await;
    let all = KeyChange { scopes: Some(vec!["admin".to_owned()]), ..KeyChange::default() };
    let id = store.change_key(&world.by_developer, &key, all).await.expect("asked").expect("it waits");
    store.approve(&world.act, &id).await.expect("approved");
    store.revoke_key(&world.act, &key, String::new()).await.expect("revoked");
    assert_eq!(code(store.claim_approval(&world.by_developer, &id).await), "key_revoked");
}

async fn a_change_is_claimed_as_it_was_approved(store: &TestStore) {
    let world = World::new(store, KeyPolicy::default()).await;
    let key = store.key(&world.act, &world.app, "CI").await.key;
    let policy = KeyPolicy { approval_scopes: vec!["admin".to_owned()], ..KeyPolicy::default() };
    store.set_key_policy(&world.act, &world.org, policy, None).await.expect("set");
    let scopes = |names: &[&str]| KeyChange {
        scopes: Some(names.iter().map(ToString::to_string).collect()),
        ..KeyChange::default()
    };
    let ask = async || {
        let key = found(store, &key.id).await;
        store.change_key(&world.by_developer, &key, scopes(&["admin"])).await.expect("asked").expect("it waits")
    };
    // What nobody has to approve is changed between the approval and the claim, or before the approval.
    let id = ask().await;
    store.approve(&world.act, &id).await.expect("approved");
    let current = found(store, &key.id).await;
    assert_eq!(
        store.change_key(&world.by_developer, &current, scopes(&["read", "write"])).await.expect("changed"),
        None
    );
    assert_eq!(code(store.claim_approval(&world.by_developer, &id).await), "approval_outdated");
    let id = ask().await;
    let current = found(store, &key.id).await;
    assert_eq!(store.change_key(&world.act, &current, scopes(&["read"])).await.expect("changed"), None);
    assert_eq!(code(store.approve(&world.act, &id).await), "approval_outdated");
    assert_eq!(found(store, &key.id).await.scopes, ["read"], "what was taken away stays so");
    store.refuse_approval(&world.act, &id, "Outdated.".to_owned()).await.expect("refused");
}

async fn a_change_is_asked_for_once(store: &TestStore) {
    let world = World::new(store, KeyPolicy::default()).await;
    let key = store.key(&world.act, &world.app, "CI").await.key;
    store.set_key_policy(&world.act, &world.org, production(), None).await.expect("set");
    let more = KeyChange { scopes: Some(vec!["read".to_owned(), "write".to_owned()]), ..KeyChange::default() };
    let ask =
        async || store.change_key(&world.by_developer, &key, more.clone()).await.expect("asked").expect("it waits");
    let (first, again) = (ask().await, ask().await);
    assert_eq!(first, again);
    let approval = store.approval(&first).await.expect("read").expect("there");
    assert_eq!(approval.wish.asked(), serde_json::json!({ "scopes": { "from": ["read"], "to": ["read", "write"] } }));
    store.withdraw_approval(&world.by_developer, &first).await.expect("withdrawn");
    assert_ne!(ask().await, first);
}

async fn few_wait_at_once(store: &TestStore) {
    let world = World::new(store, production()).await;
    let mut ids = Vec::new();
    for _ in 0..MOST_OPEN {
        ids.push(asked(store, &world).await);
    }
    let new = new_key(store, "One more", &["read"], None);
    let more = store.issue_or_ask(&world.by_developer, &world.app, new.clone(), None).await;
    assert_eq!(code(more.map(drop)), "too_many_requests_wait");
    let all = Paging::parse(100, None).expect("good");
    let listed = async |of: Option<&str>| {
        let filter = ApprovalFilter { asked_by: of.map(str::to_owned), ..ApprovalFilter::default() };
        store.approvals(&world.org.id, &filter, &all).await.expect("read").items.len()
    };
    let waiting = async || {
        let sight = Sight::ALL;
        let frame = store.key_list_frame(&world.org.id, None, &world.owner.id, &sight).await.expect("read");
        usize::try_from(frame.approvals).expect("a number")
    };
    assert_eq!((listed(None).await, waiting().await), (ids.len(), ids.len()));
    store.withdraw_approval(&world.by_developer, &ids[0]).await.expect("withdrawn");
    store.refuse_approval(&world.act, &ids[1], "no".to_owned()).await.expect("refused");
    assert_eq!((listed(None).await, waiting().await), (ids.len(), ids.len() - 2));
    assert_eq!(listed(Some(world.owner.id.as_str())).await, 0);
    assert!(store.issue_or_ask(&world.by_developer, &world.app, new.clone(), None).await.is_ok());
    // Asking and withdrawing again and again is no way to send mail.
    let asked_before = i64::try_from(ids.len()).expect("few") + 1;
    for _ in asked_before..MOST_IN_A_DAY {
        let id = asked(store, &world).await;
        store.withdraw_approval(&world.by_developer, &id).await.expect("withdrawn");
    }
    let more = store.issue_or_ask(&world.by_developer, &world.app, new, None).await;
    assert_eq!(code(more.map(drop)), "too_many_requests_wait");
    let two = Paging::parse(2, None).expect("good");
    let first = store.approvals(&world.org.id, &ApprovalFilter::default(), &two).await.expect("read");
    let next = Paging::parse(100, first.next.as_deref()).expect("its cursor");
    let rest = store.approvals(&world.org.id, &ApprovalFilter::default(), &next).await.expect("read").items;
    assert_eq!(first.items.len(), 2);
    assert!(rest.len() > 90 && rest.iter().all(|one| first.items.iter().all(|other| one.id != other.id)));
}

async fn a_form_that_is_sent_twice_asks_once(store: &TestStore) {
    let world = World::new(store, production()).await;
    let send = async || {
        let new = new_key(store, "CI", &["read"], None);
        let asked = store.issue_or_ask(&world.by_developer, &world.app, new, Some(vec![7; 16])).await.expect("asked");
        let sallyport::approval::Asked::Waits(id) = asked else { panic!("made") };
        id
    };
    assert_eq!(send().await, send().await);
}

async fn a_withdrawn_request_is_over(store: &TestStore) {
    let world = World::new(store, production()).await;
    let id = asked(store, &world).await;
    assert_eq!(code(store.withdraw_approval(&world.act, &id).await), "approval_of_another");
    store.withdraw_approval(&world.by_developer, &id).await.expect("withdrawn");
    assert_eq!(code(store.approve(&world.act, &id).await), "approval_withdrawn");
    assert_eq!(code(store.withdraw_approval(&world.by_developer, &id).await), "approval_withdrawn");
}
