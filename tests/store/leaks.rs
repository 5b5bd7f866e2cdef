//! Reported leaks: what is done by each rule, who is told, and what is not done twice.

mod kept;

use std::{sync::Arc, time::Duration};

use sallyport::{
    Error,
    audit::{Act, Actor},
    key::{Issued, Key, KeyChange, NewRotation, PlainSecret, Status},
    key_policy::KeyPolicy,
    leak::LeakResponse,
    member::Role,
    org::Org,
    personal_token::{NewPersonalToken, TokenScopes},
    profile::Profile,
    root_token,
    store::EventFilter,
    testing::{SeededEntropy, TestStore},
};

use crate::world::{World, world};

sallyport::on_both_databases!(
    each_rule_does_what_it_says,
    what_is_unknown_changes_nothing,
    a_report_that_is_repeated_is_told_again_only_if_it_says_more,
    a_pause_is_ended_by_owners_and_admins_alone,
    a_pause_by_hand_becomes_one_for_the_leak,
    both_secrets_of_a_rotation_count_and_ended_ones_do_not,
    a_stronger_rule_is_applied_to_the_next_report,
    many_keys_are_one_mail,
    of_a_rotation_the_old_secret_ends_alone,
    where_keys_rotate_themselves_the_whole_key_ends,
    a_personal_token_is_revoked,
    a_root_token_is_announced,
    the_secret_is_in_no_row,
);

const DAY: Duration = Duration::from_secs(86_400);

async fn rule(store: &TestStore, world: &World, on_leak: LeakResponse) {
    let policy = KeyPolicy { on_leak, ..KeyPolicy::default() };
    store.set_key_policy(&world.act, &world.org, policy, None).await.expect("set");
}

async fn report(store: &TestStore, reports: &[(&str, &str)]) -> Vec<bool> {
    let act = Act { address: Some("203.0.113.9".to_owned()), ..Act::by(Actor::Sallyport) };
    store.report_leaks(&act, &store.reported(reports.iter().copied()), false).await.expect("looked at")
}

async fn found(store: &TestStore, secret: &PlainSecret, place: &str) -> bool {
    report(store, &[(secret.expose(), place)]).await[0]
}

async fn current(store: &TestStore, key: &Key) -> Key {
    store.find(Some(&key.org_id), &key.id).await.expect("asked").expect("there")
}

/// The actions of an organization, the oldest first, from the first report on.
async fn told(store: &TestStore, org: &Org) -> Vec<String> {
    let events = store.events(&org.id, None, &EventFilter::default()).await.expect("read").events;
    let of_leaks = |event: &sallyport::audit::Event| event.actor_kind == "sallyport";
    events.into_iter().rev().filter(of_leaks).map(|event| event.action).collect()
}

/// How many mails about leaks wait to be sent.
async fn mails(store: &TestStore) -> usize {
    let jobs = store.dump().await.remove("jobs").unwrap_or_default();
    jobs.iter().filter(|job| job.contains("leaked")).count()
}

async fn each_rule_does_what_it_says(store: &TestStore) {
    let world = world(store).await;
    for (n, (on_leak, status, actions)) in [
        (LeakResponse::Revoke, Status::Revoked, ["key.revoked", "key.leaked"].as_slice()),
        (LeakResponse::Pause, Status::Paused, &["key.paused", "key.leaked"]),
        (LeakResponse::Announce, Status::Active, &["key.leaked"]),
    ]
    .into_iter()
    .enumerate()
    {
        // The default is to revoke.
        if n > 0 {
            rule(store, &world, on_leak).await;
        }
        let before = told(store, &world.org).await.len();
        let Issued { key, secret, .. } = store.key(&world.act, &world.app, "CI").await;
        assert!(found(store, &secret, " https://example.com/x ").await);
        let key = current(store, &key).await;
        let new = told(store, &world.org).await.split_off(before);
        assert_eq!((key.status(store.now()), new), (status, actions.iter().map(ToString::to_string).collect()));
        assert_eq!(
            key.paused.as_ref().map(|pause| (pause.by.clone(), pause.for_leak)),
            match on_leak {
                LeakResponse::Pause => Some(("Sallyport".to_owned(), true)),
                _ => None,
            }
        );
        assert_eq!(mails(store).await, n + 1);
        let leak = store.key_leak(&current(store, &key).await).await.expect("read").expect("known");
        assert_eq!(
            (leak.place.as_str(), leak.by_partner, leak.reported_at),
            ("https://example.com/x", false, store.now())
        );
        assert_eq!((leak.shown, leak.is_live), (secret.shown(), on_leak != LeakResponse::Revoke));
        let filter = EventFilter { action: "key.leaked".to_owned(), ..EventFilter::default() };
        let event = store.events(&world.org.id, None, &filter).await.expect("read").events.remove(0);
        assert_eq!((event.target_id.as_str(), event.address.as_deref()), (key.id.as_str(), Some("203.0.113.9")));
        let details: serde_json::Value = serde_json::from_str(&event.details).expect("JSON");
        let expected = serde_json::json!({
            "shown": secret.shown(), "place": "https://example.com/x", "response": on_leak.as_str(), "reported_by": "anyone",
        });
        assert_eq!(details, expected);
    }
}

async fn what_is_unknown_changes_nothing(store: &TestStore) {
    let world = world(store).await;
    let Issued { secret, key, .. } = store.key(&world.act, &world.app, "CI").await;
    store.revoke_key(&world.act, &key, String::new()).await.expect("revoked");
    let before = store.dump().await;
    let other = PlainSecret::mint("sk_live_", &SeededEntropy::new(9));
    let root = root_token::mint(&SeededEntropy::new(9));
    let (typo, cut) = (secret.expose().to_lowercase(), &secret.expose()[..43]);
    let known = report(
        store,
        &[(other.expose(), ""), (root.expose(), ""), (&typo, ""), (cut, ""), ("", ""), (secret.expose(), "")],
    )
    .await;
    assert_eq!(known, [false, false, false, false, false, true], "what was one is known as one");
    assert!(report(store, &[]).await.is_empty());
    assert_eq!(store.dump().await, before);
}

async fn a_report_that_is_repeated_is_told_again_only_if_it_says_more(store: &TestStore) {
    let world = world(store).await;
    rule(store, &world, LeakResponse::Announce).await;
    let Issued { secret, .. } = store.key(&world.act, &world.app, "CI").await;
    for (place, times) in [("", 1), ("", 1), ("https://a", 2), ("https://a", 2), ("https://b", 3)] {
        assert!(found(store, &secret, place).await);
        assert_eq!((told(store, &world.org).await.len(), mails(store).await), (times, times), "{place}");
    }
    for n in 0..20 {
        assert!(found(store, &secret, &format!("https://c/{n}")).await);
    }
    assert_eq!(told(store, &world.org).await.len(), 5);
    store.clock.turn(DAY);
    for n in 0..20 {
        assert!(found(store, &secret, &format!("https://d/{n}")).await);
    }
    assert_eq!((told(store, &world.org).await.len(), mails(store).await), (6, 6));
}

async fn a_pause_is_ended_by_owners_and_admins_alone(store: &TestStore) {
    let world = world(store).await;
    rule(store, &world, LeakResponse::Pause).await;
    let (dev, admin) = (store.person("Dev").await, store.person("Grace").await);
    for (person, role) in [(&dev, Role::Developer), (&admin, Role::Admin)] {
        store.add_member(&world.act, &world.org.id, person, role).await.expect("added");
    }
    let Issued { key, secret, .. } = store.key(&store.act(&dev), &world.app, "CI").await;
    assert!(found(store, &secret, "").await);
    let key = current(store, &key).await;
    let resume = || KeyChange { paused: Some(false), ..KeyChange::default() };
    let dev = store.act(&dev);
    for refused in [
        store.resume_key(&dev, &key).await.map(drop),
        store.change_key(&dev, &key, resume()).await.map(drop),
        store.change_key(&dev, &key, KeyChange { label: Some("New".to_owned()), ..resume() }).await.map(drop),
    ] {
        assert!(matches!(refused, Err(Error::Forbidden(why)) if why.contains("ask an owner or admin")), "{refused:?}");
    }
    assert_eq!(store.pause_key(&dev, &key).await.expect("nothing to do"), Status::Paused);
    assert_eq!(store.resume_used_keys().await.expect("judged"), 0);
    // Everything else goes on, and changes nothing about the pause.
    let label = KeyChange { label: Some("New".to_owned()), ..KeyChange::default() };
    store.change_key(&dev, &key, label).await.expect("changed");
    store.rotate_key(&dev, &key, NewRotation::default()).await.expect("rotated");
    let key = current(store, &key).await;
    assert!(key.paused.as_ref().is_some_and(|pause| pause.for_leak));
    store.resume_key(&store.act(&admin), &key).await.expect("resumed");
    assert_eq!(current(store, &key).await.paused, None);
    // What an admin undid is not done again by whoever has the key.
    let Issued { key, secret, .. } = store.key(&dev, &world.app, "Another").await;
    for n in 0..3 {
        assert!(found(store, &secret, &format!("https://{n}")).await);
        store.change_key(&world.act, &current(store, &key).await, resume()).await.expect("resumed");
    }
    assert!(found(store, &secret, "https://4").await);
    assert_eq!(current(store, &key).await.paused, None);
}

async fn a_pause_by_hand_becomes_one_for_the_leak(store: &TestStore) {
    let world = world(store).await;
    rule(store, &world, LeakResponse::Pause).await;
    let dev = store.person("Dev").await;
    store.add_member(&world.act, &world.org.id, &dev, Role::Developer).await.expect("added");
    let dev = store.act(&dev);
    let Issued { key, secret, .. } = store.key(&dev, &world.app, "CI").await;
    store.pause_key(&dev, &key).await.expect("paused");
    assert!(found(store, &secret, "").await);
    let key = current(store, &key).await;
    assert_eq!(key.paused.as_ref().map(|pause| (pause.by.as_str(), pause.for_leak)), Some(("Sallyport", true)));
    assert!(store.resume_key(&dev, &key).await.is_err());
    // A pause after it is an ordinary one again.
    store.resume_key(&world.act, &key).await.expect("resumed");
    store.pause_key(&dev, &current(store, &key).await).await.expect("paused");
    assert_eq!(store.resume_key(&dev, &current(store, &key).await).await.expect("resumed"), Status::Active);
}

async fn both_secrets_of_a_rotation_count_and_ended_ones_do_not(store: &TestStore) {
    let world = world(store).await;
    let grace = |grace| NewRotation { grace, ..NewRotation::default() };
    let Issued { key, secret: old, .. } = store.key(&world.act, &world.app, "Rotating").await;
    let newer = store.rotate_key(&world.act, &key, grace(DAY)).await.expect("rotated").secret;
    assert!(found(store, &newer, "").await);
    assert_eq!(current(store, &key).await.status(store.now()), Status::Revoked);
    // The new one is the key; of the old one the end of it suffices.
    assert!(found(store, &old, "").await);
    for (label, time) in [("Ended", Duration::ZERO), ("Retired", DAY)] {
        let Issued { key, secret: old, .. } = store.key(&world.act, &world.app, label).await;
        store.rotate_key(&world.act, &key, grace(time)).await.expect("rotated");
        store.clock.turn(time);
        let before = store.dump().await;
        assert!(found(store, &old, "").await, "it was one");
        assert_eq!(store.dump().await, before, "{label}");
        assert_eq!(store.key_leak(&current(store, &key).await).await.expect("read"), None);
    }
    // Once the secret that leaked has ended, the key's page does not warn any more.
    rule(store, &world, LeakResponse::Announce).await;
    let Issued { key, secret, .. } = store.key(&world.act, &world.app, "Announced").await;
    assert!(found(store, &secret, "").await);
    assert!(store.key_leak(&current(store, &key).await).await.expect("read").is_some());
    store.rotate_key(&world.act, &key, grace(Duration::ZERO)).await.expect("rotated");
    assert_eq!(store.key_leak(&current(store, &key).await).await.expect("read"), None);
}

async fn a_stronger_rule_is_applied_to_the_next_report(store: &TestStore) {
    let world = world(store).await;
    rule(store, &world, LeakResponse::Announce).await;
    let Issued { key, secret, .. } = store.key(&world.act, &world.app, "CI").await;
    for (on_leak, status) in [
        (LeakResponse::Announce, Status::Active),
        (LeakResponse::Pause, Status::Paused),
        (LeakResponse::Announce, Status::Paused),
        (LeakResponse::Revoke, Status::Revoked),
    ] {
        rule(store, &world, on_leak).await;
        assert!(found(store, &secret, "").await);
        assert_eq!(current(store, &key).await.status(store.now()), status, "{on_leak:?}");
    }
}

async fn many_keys_are_one_mail(store: &TestStore) {
    let world = world(store).await;
    let other = store.person("Eve").await;
    let other_org = store.org(&store.act(&other), "Other").await;
    let other_app = store.app(&store.act(&other), &other_org, "App").await;
    let mut issued = Vec::new();
    for n in 0..60 {
        issued.push(store.key(&world.act, &world.app, &format!("key {n}")).await);
    }
    issued.push(store.key(&store.act(&other), &other_app, "of others").await);
    let unknown = PlainSecret::mint("sk_live_", &SeededEntropy::new(9));
    let mut reports: Vec<_> = issued.iter().map(|issued| (issued.secret.expose(), "")).collect();
    reports.resize(1_000, (unknown.expose(), ""));
    // The same again.
    reports.push((issued[0].secret.expose(), "elsewhere"));
    let known = report(store, &reports).await;
    assert_eq!(known.iter().filter(|known| **known).count(), 62);
    for issued in &issued {
        assert_eq!(current(store, &issued.key).await.status(store.now()), Status::Revoked);
    }
    let events = store.dump().await.remove("events").expect("a table");
    assert_eq!(events.iter().filter(|event| event.contains("key.leaked")).count(), 61);
    // One of each organization, although fifty keys are a transaction. It says how many there are.
    assert_eq!(mails(store).await, 2);
    assert_eq!(events.iter().filter(|event| event.replace('\\', "").contains("\"others\":59")).count(), 1);
}

async fn of_a_rotation_the_old_secret_ends_alone(store: &TestStore) {
    let world = world(store).await;
    let grace = NewRotation { grace: DAY, ..NewRotation::default() };
    for on_leak in [LeakResponse::Revoke, LeakResponse::Pause, LeakResponse::Announce] {
        rule(store, &world, on_leak).await;
        let Issued { key, secret: old, .. } = store.key(&world.act, &world.app, "Rotating").await;
        store.rotate_key(&world.act, &key, grace).await.expect("rotated");
        let (before, sent) = (told(store, &world.org).await.len(), mails(store).await);
        assert!(found(store, &old, "https://example.com").await);
        let live = store.live_secrets(&key.id).await.expect("read");
        assert_eq!(live.previous.is_some(), on_leak == LeakResponse::Announce, "{on_leak:?}");
        let status = current(store, &key).await.status(store.now());
        let new = told(store, &world.org).await.split_off(before);
        if on_leak == LeakResponse::Announce {
            assert_eq!((status, new), (Status::Rotating, vec!["key.leaked".to_owned()]));
        } else {
            assert_eq!(status, Status::Active, "{on_leak:?}");
            assert_eq!(new, ["key.secret_ended", "key.leaked"], "{on_leak:?}");
        }
        assert_eq!(mails(store).await, sent + 1);
        // Once more changes nothing.
        let before = store.dump().await;
        assert!(found(store, &old, "https://example.com").await);
        assert_eq!(store.dump().await, before);
    }
}

/// Who has the old secret may have made the new one.
async fn where_keys_rotate_themselves_the_whole_key_ends(store: &TestStore) {
    let mut profile = Profile::clone(store.profile());
    profile.rotation.by_itself = true;
    let store = &store.with_profile(Arc::new(profile)).await;
    let world = world(store).await;
    let grace = NewRotation { grace: DAY, ..NewRotation::default() };
    for (on_leak, after) in [(LeakResponse::Revoke, Status::Revoked), (LeakResponse::Pause, Status::Paused)] {
        rule(store, &world, on_leak).await;
        let Issued { key, secret: old, .. } = store.key(&world.act, &world.app, "Rotating").await;
        store.rotate_key(&world.act, &key, grace).await.expect("rotated");
        assert!(found(store, &old, "https://example.com").await);
        assert_eq!(current(store, &key).await.status(store.now()), after, "{on_leak:?}");
    }
}

async fn a_personal_token_is_revoked(store: &TestStore) {
    let ada = store.person("Ada").await;
    let new = NewPersonalToken {
        name: "Laptop".to_owned(),
        scopes: TokenScopes::ALL,
        expires_at: None,
        form_token: vec![1; 16],
    };
    let (_, secret) = store.issue_personal_token(&store.act(&ada), new).await.expect("made");
    let before = mails(store).await;
    for _ in 0..2 {
        assert!(found(store, &secret, "https://example.com").await);
        assert_eq!(store.personal_tokens(&ada.id).await.expect("listed"), []);
        let events = store.system_events(&EventFilter::default()).await.expect("read").events;
        let actions: Vec<_> = events.iter().take(2).map(|event| event.action.as_str()).collect();
        assert_eq!(actions, ["personal_token.leaked", "personal_token.revoked"]);
        assert_eq!(mails(store).await, before + 1);
    }
}

async fn a_root_token_is_announced(store: &TestStore) {
    let world = world(store).await;
    let shell = Act::by(Actor::CommandLine);
    let (_, of_org) = store.create_token(&shell, "Gateway", false, Some(world.org.id.clone())).await.expect("made");
    let (id, of_all) = store.create_token(&shell, "Automation", true, None).await.expect("made");
    for _ in 0..2 {
        assert!(found(store, &of_org, "").await && found(store, &of_all, "").await);
    }
    assert_eq!(told(store, &world.org).await, ["token.leaked"]);
    let filter = EventFilter { action: "token.leaked".to_owned(), ..EventFilter::default() };
    assert_eq!(store.system_events(&filter).await.expect("read").events.len(), 1);
    assert_eq!(mails(store).await, 1, "to the owner; there is no operator");
    assert!(store.tokens().await.expect("listed").iter().all(|token| token.revoked_at.is_none()));
    store.clock.turn(DAY);
    assert!(found(store, &of_org, "").await);
    assert_eq!(told(store, &world.org).await.len(), 2, "once a day");
    store.revoke_token(&shell, &id.id).await.expect("revoked");
    assert!(found(store, &of_all, "").await, "it was one");
    assert_eq!(store.system_events(&filter).await.expect("read").events.len(), 1);
}

async fn the_secret_is_in_no_row(store: &TestStore) {
    let world = world(store).await;
    let Issued { secret, .. } = store.key(&world.act, &world.app, "CI").await;
    let place = format!("https://example.com/?key={}&x=1", secret.expose());
    assert!(found(store, &secret, &place).await);
    let rows = store.dump().await;
    assert_eq!(rows["key_leaks"].len(), 1);
    assert!(rows["key_leaks"][0].contains(&format!("?key={}&x=1", secret.shown())), "{:?}", rows["key_leaks"]);
    let tail = &secret.expose()[secret.expose().len() - 20..];
    for (table, rows) in rows {
        assert!(rows.iter().all(|row| !row.contains(tail)), "{table}");
    }
}
