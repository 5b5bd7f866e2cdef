//! Keys that a rule pauses because nobody uses them.

use std::time::Duration;

use sallyport::{
    audit::{Act, Actor},
    id::KeyId,
    key::KeyChange,
    key_notice::KeyNoticeKind,
    key_policy::KeyPolicy,
    org::Org,
    store::{EventFilter, KeyStatus},
    testing::TestStore,
};

use crate::{
    key_notices::{World, current, labels, of, read, ruled, told, world},
    mail::mails,
};

sallyport::on_both_databases!(
    a_key_that_nobody_uses_is_paused_a_week_after_people_were_told,
    people_are_told_14_7_3_and_1_days_before,
    where_nobody_gets_mail_the_activity_says_it,
    if_no_server_ran_the_lead_begins_again,
    a_run_looks_at_a_part_of_the_keys,
    a_key_that_was_used_meanwhile_is_not_paused,
    what_a_person_pauses_too_is_not_resumed,
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

/// Lets so many days pass, in which the job runs each quarter of one. What was told is in the mails.
async fn pass(store: &TestStore, days: u32) {
    for _ in 0..days * 4 {
        store.clock.turn(HOUR * 6);
        store.tell_of_pauses().await.expect("told");
    }
}

async fn announced(store: &TestStore, org: &Org) -> usize {
    let events = store.events(&org.id, None, &EventFilter::default()).await.expect("read").events;
    events.iter().filter(|event| event.action == "key.pause_announced").count()
}

async fn idle(store: &TestStore) -> TestStore {
    ruled(store, KeyPolicy { pause_unused_days: Some(30), ..KeyPolicy::default() }).await
}

async fn a_key_that_nobody_uses_is_paused_a_week_after_people_were_told(store: &TestStore) {
    let store = &idle(store).await;
    let World { act, org, app, .. } = world(store).await;
    let key = store.key(&act, &app, "CI").await.key;
    mails(store).await;
    // As if no server had run for weeks: it is not paused before people had a week.
    store.clock.turn(DAY * 42);
    assert!(store.pause_idle_keys().await.expect("judged").is_empty());
    let told_of = [of("ada@example.com", KeyNoticeKind::Pause, "CI")];
    assert_eq!((told(store).await, announced(store, &org).await), (told_of.to_vec(), 1));
    assert_eq!(labels(store, &org, KeyStatus::PausedSoon).await, ["CI"]);
    // And told again 3 days and a day before.
    for (days, again) in [(3, false), (1, true), (1, false), (1, true)] {
        pass(store, days).await;
        assert!(store.pause_idle_keys().await.expect("judged").is_empty());
        assert_eq!(read(store).await, if again { told_of.to_vec() } else { Vec::new() });
    }
    pass(store, 1).await;
    let paused = store.pause_idle_keys().await.expect("judged");
    assert_eq!(paused, std::slice::from_ref(&key.id));
    assert_eq!(announced(store, &org).await, 1, "once");
    let stored = current(store, &key).await;
    assert_eq!(stored.paused.map(|pause| pause.by).as_deref(), Some("Sallyport"));
    let events = store.events(&org.id, None, &EventFilter::default()).await.expect("read").events;
    let event = events.iter().find(|event| event.action == "key.paused").expect("an event");
    assert_eq!((event.actor_kind.as_str(), event.details.contains("Unused for 30 days")), ("sallyport", true));
    assert_eq!(store.pause_idle_keys().await.expect("judged"), []);
    assert_eq!(store.resume_used_keys().await.expect("judged"), 0);
}

async fn people_are_told_14_7_3_and_1_days_before(store: &TestStore) {
    let store = &idle(store).await;
    let World { act, app, .. } = world(store).await;
    store.key(&act, &app, "CI").await;
    mails(store).await;
    let mut days = Vec::new();
    for day in 1..=30 {
        pass(store, 1).await;
        assert_eq!(store.pause_idle_keys().await.expect("judged").len(), usize::from(day == 30));
        if !read(store).await.is_empty() {
            days.push(30 - day);
        }
    }
    assert_eq!(days, [14, 7, 3, 1]);
    // Of a short rule halfway, and so on.
    let store = &ruled(store, KeyPolicy { pause_unused_days: Some(4), ..KeyPolicy::default() }).await;
    store.key(&act, &app, "Short").await;
    let mut told = Vec::new();
    for day in 1..=4 {
        pass(store, 1).await;
        assert_eq!(store.pause_idle_keys().await.expect("judged").len(), usize::from(day == 4));
        if !read(store).await.is_empty() {
            told.push(4 - day);
        }
    }
    assert_eq!(told, [2, 1]);
}

async fn where_nobody_gets_mail_the_activity_says_it(store: &TestStore) {
    let World { ada, act, org, app } = world(store).await;
    store.key(&act, &app, "CI").await;
    let policy = KeyPolicy { pause_unused_days: Some(30), ..KeyPolicy::default() };
    store.set_key_policy(&act, &org, policy, None).await.expect("set");
    store.disable_user(&Act::by(Actor::CommandLine), &ada).await.expect("disabled");
    store.clock.turn(DAY * 24);
    mails(store).await;
    assert_eq!((told(store).await, announced(store, &org).await), (Vec::new(), 1));
    pass(store, 7).await;
    assert_eq!(store.pause_idle_keys().await.expect("judged").len(), 1);
}

async fn if_no_server_ran_the_lead_begins_again(store: &TestStore) {
    let store = &idle(store).await;
    let World { act, org, app, .. } = world(store).await;
    store.key(&act, &app, "CI").await;
    pass(store, 24).await;
    assert_eq!(announced(store, &org).await, 1);
    // Down for the week in which the key could have been used, or a backup from before it was restored.
    store.clock.turn(DAY * 8);
    store.tell_of_pauses().await.expect("told");
    assert_eq!((store.pause_idle_keys().await.expect("judged"), announced(store, &org).await), (vec![], 2));
    pass(store, 6).await;
    assert_eq!(store.pause_idle_keys().await.expect("judged"), []);
    pass(store, 1).await;
    assert_eq!(store.pause_idle_keys().await.expect("judged").len(), 1);
}

async fn a_run_looks_at_a_part_of_the_keys(store: &TestStore) {
    let store = &idle(store).await;
    let World { ada, act, app, .. } = world(store).await;
    let other = store.org(&store.act(&ada), "Other").await;
    let beside = store.app(&act, &other, "Beside").await;
    for n in 0..5 {
        store.key(&act, if n % 2 == 0 { &app } else { &beside }, &format!("K{n}")).await;
        store.clock.turn(HOUR);
    }
    mails(store).await;
    store.clock.turn(DAY * 24);
    let mut told = Vec::new();
    for _ in 0..4 {
        told.push(store.tell_of_pauses_among(2).await.expect("told"));
        store.clock.turn(HOUR);
    }
    assert_eq!(told, [2, 2, 1, 0], "each once, and then from the beginning");
    // The next notices do not wait for their part.
    let mut next = 0;
    for _ in 0..16 {
        store.clock.turn(HOUR * 6);
        next += store.tell_of_pauses_among(1).await.expect("told");
    }
    assert_eq!(next, 5);
}

async fn a_key_that_was_used_meanwhile_is_not_paused(store: &TestStore) {
    let store = &idle(store).await;
    let World { act, app, .. } = world(store).await;
    let key = store.key(&act, &app, "CI").await.key;
    pass(store, 29).await;
    uses(store, &key.id).await;
    pass(store, 3).await;
    assert_eq!(store.pause_idle_keys().await.expect("judged"), []);
    // Told of again, when it is idle again; then used by a request whose use was written after it was paused.
    mails(store).await;
    pass(store, 14).await;
    assert_eq!(read(store).await.len(), 1);
    pass(store, 13).await;
    let paused = store.pause_idle_keys().await.expect("judged");
    assert_eq!(paused.len(), 1);
    uses(store, &key.id).await;
    assert_eq!(store.resume_used_keys().await.expect("judged"), 1);
    assert_eq!(current(store, &key).await.paused, None);
    // Not what a person paused.
    store.pause_key(&act, &key).await.expect("paused");
    assert_eq!(store.resume_used_keys().await.expect("judged"), 0);
}

async fn what_a_person_pauses_too_is_not_resumed(store: &TestStore) {
    let store = &idle(store).await;
    let World { act, org, app, .. } = world(store).await;
    for way in ["pause", "chosen", "change"] {
        let key = store.key(&act, &app, "CI").await.key;
        pass(store, 30).await;
        assert_eq!(store.pause_idle_keys().await.expect("judged"), std::slice::from_ref(&key.id), "{way}");
        let paused = current(store, &key).await;
        match way {
            "pause" => store.pause_key(&act, &paused).await.map(drop),
            "chosen" => store.pause_chosen(&act, std::slice::from_ref(&paused)).await.map(|n| assert_eq!(n, 1)),
            _ => {
                let pause = KeyChange { paused: Some(true), ..KeyChange::default() };
                store.change_key(&act, &paused, pause).await.map(drop)
            }
        }
        .expect(way);
        assert_eq!(current(store, &key).await.paused.map(|pause| pause.by).as_deref(), Some("Ada"), "{way}");
        let events = store.events(&org.id, None, &EventFilter::default()).await.expect("read").events;
        assert_eq!((events[0].action.as_str(), events[0].actor_kind.as_str()), ("key.paused", "user"), "{way}");
        uses(store, &key.id).await;
        assert_eq!(store.resume_used_keys().await.expect("judged"), 0, "{way}");
        // Once more changes nothing.
        assert_eq!(store.pause_chosen(&act, std::slice::from_ref(&key)).await.expect("paused"), 0, "{way}");
        store.revoke_key(&act, &key, String::new()).await.expect("revoked");
    }
}

async fn after_it_was_resumed_the_days_begin_anew(store: &TestStore) {
    let store = &idle(store).await;
    let World { act, app, .. } = world(store).await;
    for resumes_by_change in [false, true] {
        let key = store.key(&act, &app, "CI").await.key;
        pass(store, 30).await;
        assert_eq!(store.pause_idle_keys().await.expect("judged").len(), 1);
        let paused = current(store, &key).await;
        if resumes_by_change {
            let resume = KeyChange { paused: Some(false), ..KeyChange::default() };
            store.change_key(&act, &paused, resume).await.expect("resumed");
        } else {
            store.resume_key(&act, &paused).await.expect("resumed");
        }
        mails(store).await;
        pass(store, 15).await;
        assert_eq!(read(store).await, []);
        assert_eq!(store.pause_idle_keys().await.expect("judged"), []);
        pass(store, 14).await;
        assert_eq!(read(store).await.len(), 4);
        pass(store, 1).await;
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
    pass(store, 7).await;
    assert_eq!(store.pause_idle_keys().await.expect("judged").len(), 1);
    assert_eq!(labels(store, &other, KeyStatus::RotationDue).await, Vec::<String>::new());
}

async fn a_notice_that_was_not_true_in_between_permits_no_pause(store: &TestStore) {
    let policy = KeyPolicy { pause_unused_days: Some(30), ..KeyPolicy::default() };
    let World { act, org, app, .. } = world(store).await;
    store.key(&act, &app, "CI").await;
    store.clock.turn(DAY * 40);
    // The rule is set, removed and set again.
    for is_set in [true, false, true] {
        let policy = if is_set { policy.clone() } else { KeyPolicy::default() };
        store.set_key_policy(&act, &org, policy, None).await.expect("set");
        assert_eq!(store.tell_of_pauses().await.expect("told"), usize::from(is_set));
        assert_eq!(store.pause_idle_keys().await.expect("judged"), []);
        pass(store, 6).await;
    }
    assert_eq!(store.pause_idle_keys().await.expect("judged"), []);
    pass(store, 1).await;
    assert_eq!(store.pause_idle_keys().await.expect("judged").len(), 1);
}

async fn keys_that_ended_do_not_stand_before_others(store: &TestStore) {
    let store = &idle(store).await;
    let World { act, app, .. } = world(store).await;
    let ended = store.key(&act, &app, "Ended").await.key;
    let change = KeyChange { expires_at: Some(Some(store.now() + DAY * 31)), ..KeyChange::default() };
    store.change_key(&act, &ended, change).await.expect("changed");
    let idle = store.key(&act, &app, "Idle").await.key;
    pass(store, 32).await;
    assert_eq!(store.pause_idle_keys().await.expect("judged"), std::slice::from_ref(&idle.id));
    // A use of another server is written later, after this one was started anew.
    uses(store, &idle.id).await;
    assert_eq!(store.resume_used_keys().await.expect("judged"), 1);
    assert_eq!(current(store, &idle).await.paused, None);
}
