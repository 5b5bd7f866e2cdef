//! Keys that a rule pauses because nobody uses them.

use std::time::Duration;

use sallyport::{
    id::KeyId,
    key::KeyChange,
    key_notice::KeyNoticeKind,
    key_policy::KeyPolicy,
    store::{EventFilter, KeyStatus},
    testing::TestStore,
};

use crate::key_notices::{World, current, labels, of, ruled, told, world};

sallyport::on_both_databases!(
    a_key_that_nobody_uses_is_paused_a_week_after_people_were_told,
    a_key_that_was_used_meanwhile_is_not_paused,
    after_it_was_resumed_the_days_begin_anew,
    an_organization_has_its_own_rules,
    a_notice_that_was_not_true_in_between_permits_no_pause,
    keys_that_ended_do_not_stand_before_others,
);

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

async fn uses(store: &TestStore, key: &KeyId) {
    let at = store.now().micros();
    let sql = format!(
        "INSERT INTO key_uses (key_id, first_at, last_at) VALUES ('{key}', {at}, {at}) \
         ON CONFLICT (key_id) DO UPDATE SET last_at = excluded.last_at"
    );
    store.execute(sql).await;
}

async fn idle(store: &TestStore) -> TestStore {
    ruled(store, KeyPolicy { pause_unused_days: Some(30), ..KeyPolicy::default() }).await
}

async fn a_key_that_nobody_uses_is_paused_a_week_after_people_were_told(store: &TestStore) {
    let store = &idle(store).await;
    let World { act, org, app, .. } = world(store).await;
    let key = store.key(&act, &app, "CI").await.key;
    store.clock.turn(DAY * 22);
    assert_eq!((told(store).await, labels(store, &org, KeyStatus::PausedSoon).await), (Vec::new(), Vec::new()));
    // As if no server had run for weeks: it is not paused before people had a week.
    store.clock.turn(DAY * 20);
    assert!(store.pause_idle_keys().await.expect("judged").is_empty());
    assert_eq!(told(store).await, [of("ada@example.com", KeyNoticeKind::Pause, "CI")]);
    assert_eq!(labels(store, &org, KeyStatus::PausedSoon).await, ["CI"]);
    store.clock.turn(DAY * 7 - HOUR);
    assert_eq!(told(store).await, []);
    assert!(store.pause_idle_keys().await.expect("judged").is_empty());
    store.clock.turn(HOUR);
    let paused = store.pause_idle_keys().await.expect("judged");
    assert_eq!(paused, std::slice::from_ref(&key.id));
    let stored = current(store, &key).await;
    assert_eq!(stored.paused.map(|pause| pause.by).as_deref(), Some("Sallyport"));
    let events = store.events(&org.id, None, &EventFilter::default()).await.expect("read").events;
    let event = events.iter().find(|event| event.action == "key.paused").expect("an event");
    assert_eq!((event.actor_kind.as_str(), event.details.contains("Unused for 30 days")), ("sallyport", true));
    assert_eq!(store.pause_idle_keys().await.expect("judged"), []);
    assert_eq!(store.resume_used_keys().await.expect("judged"), 0);
}

async fn a_key_that_was_used_meanwhile_is_not_paused(store: &TestStore) {
    let store = &idle(store).await;
    let World { act, app, .. } = world(store).await;
    let key = store.key(&act, &app, "CI").await.key;
    store.clock.turn(DAY * 24);
    assert_eq!(told(store).await.len(), 1);
    store.clock.turn(DAY * 6 - HOUR);
    uses(store, &key.id).await;
    store.clock.turn(DAY * 3);
    assert_eq!(store.pause_idle_keys().await.expect("judged"), []);
    // Told of again, when it is idle again; then used by a request whose use was written after it was paused.
    store.clock.turn(DAY * 20);
    assert_eq!(told(store).await.len(), 1);
    store.clock.turn(DAY * 8);
    let paused = store.pause_idle_keys().await.expect("judged");
    assert_eq!(paused.len(), 1);
    uses(store, &key.id).await;
    assert_eq!(store.resume_used_keys().await.expect("judged"), 1);
    assert_eq!(current(store, &key).await.paused, None);
    // Not what a person paused.
    store.pause_key(&act, &key).await.expect("paused");
    assert_eq!(store.resume_used_keys().await.expect("judged"), 0);
}

async fn after_it_was_resumed_the_days_begin_anew(store: &TestStore) {
    let store = &idle(store).await;
    let World { act, app, .. } = world(store).await;
    for resumes_by_change in [false, true] {
        let key = store.key(&act, &app, "CI").await.key;
        store.clock.turn(DAY * 24);
        store.tell_of_deadlines().await.expect("told");
        store.clock.turn(DAY * 7);
        assert_eq!(store.pause_idle_keys().await.expect("judged").len(), 1);
        let paused = current(store, &key).await;
        if resumes_by_change {
            let resume = KeyChange { paused: Some(false), ..KeyChange::default() };
            store.change_key(&act, &paused, resume).await.expect("resumed");
        } else {
            store.resume_key(&act, &paused).await.expect("resumed");
        }
        store.clock.turn(DAY * 22);
        assert_eq!(store.tell_of_deadlines().await.expect("told"), 0);
        assert_eq!(store.pause_idle_keys().await.expect("judged"), []);
        store.clock.turn(DAY * 2);
        assert_eq!(store.tell_of_deadlines().await.expect("told"), 1);
        store.clock.turn(DAY * 7);
        assert_eq!(store.pause_idle_keys().await.expect("judged").len(), 1);
    }
}

async fn an_organization_has_its_own_rules(store: &TestStore) {
    let policy = KeyPolicy { pause_unused_days: Some(30), rotate_every_days: Some(40), ..KeyPolicy::default() };
    let store = &ruled(store, policy).await;
    let World { ada, act, app, .. } = world(store).await;
    let other = store.org(&store.act(&ada), "Other").await;
    let free = store.app(&act, &other, "Free").await;
    store
        .execute(format!(
            "INSERT INTO key_policies (org_id, policy, version, changed_at) VALUES ('{}', '{{}}', 1, 1)",
            other.id
        ))
        .await;
    store.key(&act, &app, "ruled").await;
    store.key(&act, &free, "free").await;
    store.clock.turn(DAY * 39);
    let mut told = told(store).await;
    told.sort();
    assert_eq!(
        told,
        [of("ada@example.com", KeyNoticeKind::Rotation, "ruled"), of("ada@example.com", KeyNoticeKind::Pause, "ruled")]
    );
    store.clock.turn(DAY * 8);
    assert_eq!(store.pause_idle_keys().await.expect("judged").len(), 1);
    assert_eq!(labels(store, &other, KeyStatus::RotationDue).await, Vec::<String>::new());
}

async fn a_notice_that_was_not_true_in_between_permits_no_pause(store: &TestStore) {
    let policy = KeyPolicy { pause_unused_days: Some(30), ..KeyPolicy::default() };
    let World { act, org, app, .. } = world(store).await;
    store.key(&act, &app, "CI").await;
    store.clock.turn(DAY * 40);
    // The rule is set, removed and set again.
    for told_of in [1, 0, 1] {
        let policy = if told_of == 1 { policy.clone() } else { KeyPolicy::default() };
        store.set_key_policy(&act, &org, policy, None).await.expect("set");
        assert_eq!(store.tell_of_deadlines().await.expect("told"), told_of);
        assert_eq!(store.pause_idle_keys().await.expect("judged"), []);
        store.clock.turn(DAY * 6);
    }
    assert_eq!(store.pause_idle_keys().await.expect("judged"), []);
    store.clock.turn(DAY);
    assert_eq!(store.pause_idle_keys().await.expect("judged").len(), 1);
}

async fn keys_that_ended_do_not_stand_before_others(store: &TestStore) {
    let store = &idle(store).await;
    let World { act, app, .. } = world(store).await;
    let ended = store.key(&act, &app, "Ended").await.key;
    let change = KeyChange { expires_at: Some(Some(store.now() + DAY * 31)), ..KeyChange::default() };
    store.change_key(&act, &ended, change).await.expect("changed");
    let idle = store.key(&act, &app, "Idle").await.key;
    store.clock.turn(DAY * 24);
    assert!(store.tell_of_deadlines().await.expect("told") >= 2);
    store.clock.turn(DAY * 8);
    assert_eq!(store.pause_idle_keys().await.expect("judged"), std::slice::from_ref(&idle.id));
    // A use of another server is written later, after this one was started anew.
    uses(store, &idle.id).await;
    assert_eq!(store.resume_used_keys().await.expect("judged"), 1);
    assert_eq!(current(store, &idle).await.paused, None);
}
