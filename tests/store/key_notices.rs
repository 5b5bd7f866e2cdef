//! Notices about keys: who is told when, each once; and keys that a rule pauses because nobody uses them.

use std::{sync::Arc, time::Duration};

use sallyport::{
    app::App,
    audit::{Act, Actor},
    id::KeyId,
    key::{Ends, ExpiryInput, Key, KeyChange, NewKey, NewRotation, Status, new::KeyInput, rotation::CutOff},
    key_notice::KeyNoticeKind,
    key_policy::KeyPolicy,
    mail::{About, Mail},
    member::Role,
    org::Org,
    profile::Profile,
    store::{KeyFilter, KeySort, KeyStatus, Reader},
    testing::TestStore,
    user::User,
};

use crate::mail::mails;

sallyport::on_both_databases!(
    each_notice_of_an_expiry_is_told_once,
    a_run_tells_each_person_in_one_mail,
    those_who_may_act_on_a_key_are_told,
    ten_people_are_told_of_a_key_at_most,
    what_is_no_longer_so_is_not_told,
    a_secret_that_gets_old_is_told_of_and_not_cut,
    a_key_that_nobody_uses_is_paused_a_week_after_people_were_told,
    a_key_that_was_used_meanwhile_is_not_paused,
    after_it_was_resumed_the_days_begin_anew,
    an_organization_has_its_own_rules,
    an_old_secret_in_use_is_warned_of_once,
    an_old_secret_that_is_quiet_is_not_warned_of,
    what_was_told_long_ago_is_forgotten,
);

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

struct World {
    ada: User,
    act: Act,
    org: Org,
    app: App,
}

async fn world(store: &TestStore) -> World {
    let ada = store.person("Ada").await;
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    World { ada, act, org, app }
}

async fn ruled(store: &TestStore, policy: KeyPolicy) -> TestStore {
    let mut profile = (*Profile::standard()).clone();
    profile.key_policy = policy;
    store.with_profile(Arc::new(profile)).await
}

/// A key that expires after so many days.
async fn expiring(store: &TestStore, act: &Act, app: &App, label: &str, days: &str) -> Key {
    let input = KeyInput {
        label,
        environment: "production",
        scopes: vec!["read"],
        expires: ExpiryInput::from(days),
        ..KeyInput::default()
    };
    let new = NewKey::check(&input, store.profile(), store.now()).expect("checked");
    store.issue_key(act, app, new, None).await.expect("issued").key
}

/// What is told now: the person's address, the kind of notice and the key's label.
async fn told(store: &TestStore) -> Vec<(String, KeyNoticeKind, String)> {
    store.tell_of_deadlines().await.expect("told");
    read(store).await
}

/// What the mails say that are queued.
async fn read(store: &TestStore) -> Vec<(String, KeyNoticeKind, String)> {
    let mut told = Vec::new();
    for mail in mails(store).await {
        let Some(letter) = store.letter(&mail).await.expect("asked") else { continue };
        let About::KeysDue { keys } = letter.about else { continue };
        told.extend(keys.into_iter().map(|notice| (letter.to.email.clone(), notice.kind, notice.label)));
    }
    told
}

fn of(email: &str, kind: KeyNoticeKind, label: &str) -> (String, KeyNoticeKind, String) {
    (email.to_owned(), kind, label.to_owned())
}

async fn current(store: &TestStore, key: &Key) -> Key {
    store.find(Reader::All, &key.id).await.expect("asked").expect("there")
}

async fn each_notice_of_an_expiry_is_told_once(store: &TestStore) {
    let World { act, app, .. } = world(store).await;
    let key = expiring(store, &act, &app, "CI", "30").await;
    expiring(store, &act, &app, "for a day", "1").await;
    mails(store).await;
    assert_eq!(told(store).await, [], "nobody wants to be told of a key that was just made for a day");
    let expected = [of("ada@example.com", KeyNoticeKind::Expiry, "CI")];
    for days in [16, 11, 2] {
        store.clock.turn(DAY * days);
        assert_eq!(told(store).await, expected, "after {days} more days");
        assert_eq!(told(store).await, [], "once");
        store.clock.turn(HOUR);
        assert_eq!(told(store).await, []);
    }
    // Another expiry is told of again.
    let later = KeyChange { expires_at: Some(Some(store.now() + DAY * 13)), ..KeyChange::default() };
    store.change_key(&act, &current(store, &key).await, later).await.expect("extended");
    assert_eq!(told(store).await, expected);
    store.clock.turn(DAY * 14);
    assert_eq!(told(store).await, [], "it has expired");
}

async fn a_run_tells_each_person_in_one_mail(store: &TestStore) {
    let World { act, app, .. } = world(store).await;
    let input = KeyInput {
        label: "Many",
        environment: "production",
        scopes: vec!["read"],
        expires: ExpiryInput::from("30"),
        ..KeyInput::default()
    };
    let new = NewKey::check(&input, store.profile(), store.now()).expect("checked");
    store.issue_many(&act, &app, &new, 600).await.expect("issued");
    store.clock.turn(DAY * 17);
    assert_eq!(store.tell_of_deadlines().await.expect("told"), 600);
    let [mail] = &mails(store).await[..] else { panic!("one mail") };
    let About::KeysDue { keys } = store.letter(mail).await.expect("asked").expect("a letter").about else {
        panic!("{mail:?}")
    };
    assert_eq!(keys.len(), 600);
    assert_eq!(store.tell_of_deadlines().await.expect("told"), 0);
}

async fn those_who_may_act_on_a_key_are_told(store: &TestStore) {
    let World { org, app, act, .. } = world(store).await;
    let shell = Act::by(Actor::CommandLine);
    let project = store.find(Reader::All, &app.project_id).await.expect("read").expect("a project");
    let (dev, viewer, member) = (store.person("Dev").await, store.person("Viewer").await, store.person("Member").await);
    let (gone, mallory) = (store.person("Gone").await, store.person("Mallory").await);
    store.add_member(&shell, &project, &dev, Role::Developer).await.expect("given");
    store.add_member(&shell, &project, &viewer, Role::Viewer).await.expect("given");
    store.add_member(&shell, &org.id, &member, Role::Member).await.expect("given");
    store.add_member(&shell, &org.id, &gone, Role::Admin).await.expect("given");
    store.disable_user(&shell, &gone).await.expect("disabled");
    // Somebody in another organization, and in another project.
    store.org(&store.act(&mallory), "Other").await;
    let beside = store.app(&act, &org, "Beside").await;
    let other = store.find(Reader::All, &beside.project_id).await.expect("read").expect("a project");
    store.add_member(&shell, &other, &mallory, Role::ProjectAdmin).await.expect("given");
    expiring(store, &act, &app, "CI", "30").await;
    store.clock.turn(DAY * 17);
    mails(store).await;
    let mut people: Vec<_> = told(store).await.into_iter().map(|(email, ..)| email).collect();
    people.sort();
    assert_eq!(people, ["ada@example.com", "dev@example.com"]);
}

async fn ten_people_are_told_of_a_key_at_most(store: &TestStore) {
    let World { org, app, .. } = world(store).await;
    let shell = Act::by(Actor::CommandLine);
    for n in 0..12 {
        let person = store.person(&format!("P{n}")).await;
        store.add_member(&shell, &org.id, &person, Role::Admin).await.expect("given");
        store.clock.turn(HOUR);
        if n == 11 {
            expiring(store, &store.act(&person), &app, "CI", "30").await;
        }
    }
    store.clock.turn(DAY * 17);
    mails(store).await;
    let people = told(store).await;
    assert_eq!(people.len(), 10);
    assert!(people.iter().any(|(email, ..)| email == "p11@example.com"), "who made it comes first: {people:?}");
}

async fn what_is_no_longer_so_is_not_told(store: &TestStore) {
    let World { act, app, org, .. } = world(store).await;
    let (revoked, extended) =
        (expiring(store, &act, &app, "revoked", "30").await, expiring(store, &act, &app, "extended", "30").await);
    let dev = store.person("Dev").await;
    store.add_member(&act, &org.id, &dev, Role::Developer).await.expect("given");
    store.clock.turn(DAY * 17);
    mails(store).await;
    assert_eq!(store.tell_of_deadlines().await.expect("told"), 2);
    store.revoke_key(&act, &revoked, String::new()).await.expect("revoked");
    let later = KeyChange { expires_at: Some(Some(store.now() + DAY * 20)), ..KeyChange::default() };
    store.change_key(&act, &extended, later).await.expect("extended");
    assert_eq!(read(store).await, []);
    // Who may no longer act on the key is not told of it.
    store.clock.turn(DAY * 7);
    assert_eq!(store.tell_of_deadlines().await.expect("told"), 1);
    store.change_role(&act, &org.id, &dev, Role::Member).await.expect("changed");
    assert_eq!(read(store).await, [of("ada@example.com", KeyNoticeKind::Expiry, "extended")]);
}

async fn labels(store: &TestStore, org: &Org, status: KeyStatus) -> Vec<String> {
    let filter = KeyFilter { status: Some(status), sort: KeySort::Label, ..KeyFilter::default() };
    let page = store.listed_keys(&org.id, None, &filter).await.expect("listed");
    assert_eq!(store.count_each(&org.id, std::slice::from_ref(&filter)).await.expect("counted"), [page.total]);
    page.keys.into_iter().map(|key| key.label).collect()
}

async fn a_secret_that_gets_old_is_told_of_and_not_cut(store: &TestStore) {
    let store = &ruled(store, KeyPolicy { rotate_every_days: Some(90), ..KeyPolicy::default() }).await;
    let World { act, org, app, .. } = world(store).await;
    let key = store.key(&act, &app, "CI").await.key;
    store.clock.turn(DAY * 75);
    assert_eq!(told(store).await, []);
    let expected = [of("ada@example.com", KeyNoticeKind::Rotation, "CI")];
    for days in [2, 10, 2] {
        store.clock.turn(DAY * days);
        assert_eq!(told(store).await, expected, "after {days} more days");
        assert_eq!(told(store).await, []);
    }
    assert_eq!(labels(store, &org, KeyStatus::RotationDue).await, Vec::<String>::new());
    store.clock.turn(DAY);
    assert_eq!(labels(store, &org, KeyStatus::RotationDue).await, ["CI"]);
    assert_eq!(told(store).await, [], "it is due");
    assert_eq!(current(store, &key).await.status(store.now()), Status::Active, "nothing is cut");
    store.rotate_key(&act, &key, NewRotation { grace: HOUR, ..NewRotation::default() }).await.expect("rotated");
    assert_eq!(labels(store, &org, KeyStatus::RotationDue).await, Vec::<String>::new());
    store.clock.turn(DAY * 77);
    assert_eq!(told(store).await, expected, "of the new secret");
}

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
    assert_eq!(paused.iter().map(|idle| &idle.key).collect::<Vec<_>>(), [&key.id]);
    let stored = current(store, &key).await;
    assert_eq!(stored.paused.map(|pause| pause.by).as_deref(), Some("Sallyport"));
    let events = store.events(&org.id, None, &sallyport::store::EventFilter::default()).await.expect("read").events;
    let event = events.iter().find(|event| event.action == "key.paused").expect("an event");
    assert_eq!((event.actor_kind.as_str(), event.details.contains("Unused for 30 days")), ("sallyport", true));
    assert_eq!(store.pause_idle_keys().await.expect("judged"), []);
    assert_eq!(store.resume_used_keys(&paused).await.expect("judged"), 0);
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
    assert_eq!(store.resume_used_keys(&paused).await.expect("judged"), 1);
    assert_eq!(current(store, &key).await.paused, None);
    // Not what a person paused.
    store.pause_key(&act, &key).await.expect("paused");
    assert_eq!(store.resume_used_keys(&paused).await.expect("judged"), 0);
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

/// The job that a rotation added, if it is due.
async fn due(store: &TestStore) -> Option<CutOff> {
    let job = store.lease_job(CutOff::QUEUE, Duration::from_secs(60)).await.expect("asked")?;
    assert!(store.finish_job(&job).await.expect("written"));
    Some(serde_json::from_value(job.payload).expect("a payload"))
}

async fn used_by_secret(store: &TestStore, key: &Key, n: u32) {
    let at = store.now().micros();
    store
        .execute(format!(
            "INSERT INTO secret_uses (key_id, n, at, accepted, network, agent, requests, first_at, last_at) \
             VALUES ('{}', {n}, {at}, 1, '203.0.113.0/24', 'curl', 1, {at}, {at})",
            key.id
        ))
        .await;
}

async fn an_old_secret_in_use_is_warned_of_once(store: &TestStore) {
    let World { act, org, app, .. } = world(store).await;
    let key = store.key(&act, &app, "CI").await.key;
    store.rotate_key(&act, &key, NewRotation { grace: DAY, ..NewRotation::default() }).await.expect("rotated");
    mails(store).await;
    store.clock.turn(DAY - HOUR - Duration::from_secs(60));
    used_by_secret(store, &key, 1).await;
    assert_eq!(due(store).await, None);
    store.clock.turn(Duration::from_secs(60));
    let job = due(store).await.expect("an hour before");
    assert!(store.warn_of_cut_off(&job).await.expect("warned"));
    assert_eq!(read(store).await, [of("ada@example.com", KeyNoticeKind::CutOff, "CI")]);
    // The job may run again.
    assert!(!store.warn_of_cut_off(&job).await.expect("asked"));
    assert_eq!(read(store).await, []);
    let events = store.events(&org.id, None, &sallyport::store::EventFilter::default()).await.expect("read").events;
    assert_eq!(events.iter().filter(|event| event.action == "key.old_secret_in_use").count(), 1);
    // Extended, it is warned of before the new end.
    let later = store.extend_previous_secret(&act, &key, DAY).await.expect("extended");
    store.clock.turn(DAY);
    used_by_secret(store, &key, 1).await;
    let job = due(store).await.expect("an hour before");
    assert_eq!(job.until, later.micros());
    assert!(store.warn_of_cut_off(&job).await.expect("warned"));
}

async fn an_old_secret_that_is_quiet_is_not_warned_of(store: &TestStore) {
    let World { act, app, .. } = world(store).await;
    let key = store.key(&act, &app, "CI").await.key;
    let grace = |grace| NewRotation { grace, ..NewRotation::default() };
    store.rotate_key(&act, &key, grace(HOUR)).await.expect("rotated");
    assert_eq!(due(store).await, None, "it ends within the hour that was chosen");
    store.clock.turn(HOUR);
    store.rotate_key(&act, &key, grace(DAY)).await.expect("rotated");
    used_by_secret(store, &key, 2).await;
    store.clock.turn(DAY - HOUR);
    let job = due(store).await.expect("a job");
    assert!(!store.warn_of_cut_off(&job).await.expect("asked"), "quiet for a day");
    // Its end was moved, or it ended.
    used_by_secret(store, &key, 2).await;
    let ends = NewRotation { ends: Some(Ends::Previous), ..grace(DAY) };
    store.rotate_key(&act, &key, ends).await.expect("rotated");
    assert!(!store.warn_of_cut_off(&job).await.expect("asked"));
    let gone = CutOff { key_id: KeyId::parse("key_gone").expect("an id"), ..job };
    assert!(!store.warn_of_cut_off(&gone).await.expect("asked"));
}

async fn what_was_told_long_ago_is_forgotten(store: &TestStore) {
    let World { act, app, .. } = world(store).await;
    expiring(store, &act, &app, "CI", "30").await;
    store.clock.turn(DAY * 17);
    assert_eq!(told(store).await.len(), 1);
    assert_eq!(store.delete_old_notices().await.expect("deleted"), 0);
    store.clock.turn(DAY * 61);
    assert_eq!(store.delete_old_notices().await.expect("deleted"), 1);
}

/// The mail of a run names a person and a time.
#[test]
fn a_mail_names_no_key() {
    let user_id = sallyport::id::UserId::parse("usr_x").expect("an id");
    let mail = Mail::KeysDue { user_id, told_at: 7 };
    assert_eq!(serde_json::to_value(mail).expect("JSON").as_object().expect("an object").len(), 3);
}
