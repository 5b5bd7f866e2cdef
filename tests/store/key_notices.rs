//! Notices about keys: who is told when, each once.

use std::{sync::Arc, time::Duration};

use sallyport::{
    app::App,
    audit::{Act, Actor},
    key::{ExpiryInput, Holder, Key, KeyChange, NewKey, NewRotation, Status, new::KeyInput},
    key_notice::KeyNoticeKind,
    key_policy::{Deadlines, KeyPolicy},
    mail::{About, Mail},
    member::Role,
    org::Org,
    profile::{HolderKind, Profile},
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
    a_run_is_one_transaction_of_bounded_size,
    a_mail_reads_the_keys_of_its_person,
    of_a_personal_key_its_person_is_told_while_a_member,
    a_secret_that_was_overdue_before_is_told_of_once,
    the_lead_is_the_same_in_the_database,
    what_is_no_longer_so_is_not_told,
    a_secret_that_gets_old_is_told_of_and_not_cut,
    what_was_told_long_ago_is_forgotten,
);

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

pub struct World {
    pub ada: User,
    pub act: Act,
    pub org: Org,
    pub app: App,
}

pub async fn world(store: &TestStore) -> World {
    let ada = store.person("Ada").await;
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    World { ada, act, org, app }
}

pub async fn ruled(store: &TestStore, policy: KeyPolicy) -> TestStore {
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
pub async fn told(store: &TestStore) -> Vec<(String, KeyNoticeKind, String)> {
    store.tell_of_deadlines().await.expect("told");
    store.tell_of_pauses().await.expect("told");
    read(store).await
}

/// What the mails say that are queued.
pub async fn read(store: &TestStore) -> Vec<(String, KeyNoticeKind, String)> {
    let mut told = Vec::new();
    for mail in mails(store).await {
        let Some(letter) = store.letter(&mail).await.expect("asked") else { continue };
        let About::KeysDue { keys } = letter.about else { continue };
        told.extend(keys.into_iter().map(|notice| (letter.to.email.clone(), notice.kind, notice.label)));
    }
    told
}

pub fn of(email: &str, kind: KeyNoticeKind, label: &str) -> (String, KeyNoticeKind, String) {
    (email.to_owned(), kind, label.to_owned())
}

pub async fn current(store: &TestStore, key: &Key) -> Key {
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

pub async fn labels(store: &TestStore, org: &Org, status: KeyStatus) -> Vec<String> {
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
    assert_eq!(told(store).await, [], "it is due, and people were told");
    assert_eq!(current(store, &key).await.status(store.now()), Status::Active, "nothing is cut");
    store.rotate_key(&act, &key, NewRotation { grace: HOUR, ..NewRotation::default() }).await.expect("rotated");
    assert_eq!(labels(store, &org, KeyStatus::RotationDue).await, Vec::<String>::new());
    store.clock.turn(DAY * 77);
    assert_eq!(told(store).await, expected, "of the new secret");
}

async fn a_run_is_one_transaction_of_bounded_size(store: &TestStore) {
    let World { act, app, .. } = world(store).await;
    let input = KeyInput {
        label: "Many",
        environment: "production",
        scopes: vec!["read"],
        expires: ExpiryInput::from("30"),
        ..KeyInput::default()
    };
    let new = NewKey::check(&input, store.profile(), store.now()).expect("checked");
    store.issue_many(&act, &app, &new, 2_100).await.expect("issued");
    store.clock.turn(DAY * 17);
    assert_eq!(store.tell_of_deadlines().await.expect("told"), 2_100);
    let mut numbers = Vec::new();
    for mail in mails(store).await {
        let About::KeysDue { keys } = store.letter(&mail).await.expect("asked").expect("a letter").about else {
            panic!("{mail:?}")
        };
        numbers.push(keys.len());
    }
    numbers.sort_unstable();
    assert_eq!(numbers, [100, 2_000], "each is told in one mail");
}

async fn a_mail_reads_the_keys_of_its_person(store: &TestStore) {
    let World { act, app, .. } = world(store).await;
    expiring(store, &act, &app, "Hers", "30").await;
    let eve = store.person("Eve").await;
    let by_eve = store.act(&eve);
    let other = store.org(&by_eve, "Other").await;
    let beside = store.app(&by_eve, &other, "Beside").await;
    expiring(store, &by_eve, &beside, "Eve's", "30").await;
    store.clock.turn(DAY * 17);
    mails(store).await;
    let mut told = told(store).await;
    told.sort();
    let expiry = KeyNoticeKind::Expiry;
    assert_eq!(told, [of("ada@example.com", expiry, "Hers"), of("eve@example.com", expiry, "Eve's")]);
}

async fn of_a_personal_key_its_person_is_told_while_a_member(store: &TestStore) {
    let mut profile = (*Profile::standard()).clone();
    profile.keys.owner = HolderKind::Member;
    let store = &store.with_profile(Arc::new(profile)).await;
    let (ada, eve) = (store.person("Ada").await, store.person("Eve").await);
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    store.add_member(&act, &org.id, &eve, Role::Developer).await.expect("added");
    let input = KeyInput {
        label: "Mine",
        environment: "production",
        scopes: vec!["read"],
        expires: ExpiryInput::from("30"),
        ..KeyInput::default()
    };
    let new = NewKey::check(&input, store.profile(), store.now()).expect("checked");
    let holder = Holder::Member(org.clone(), eve.clone());
    store.issue_key(&store.act(&eve), holder, new, None).await.expect("issued");
    mails(store).await;
    store.clock.turn(DAY * 17);
    assert_eq!(told(store).await, [of("eve@example.com", KeyNoticeKind::Expiry, "Mine")], "and no owner");
    store.clock.turn(DAY * 11);
    assert_eq!(store.tell_of_deadlines().await.expect("told"), 1);
    store.remove_member(&act, &org.id, &eve).await.expect("removed");
    assert_eq!(read(store).await, [], "removed before it was sent");
}

async fn a_secret_that_was_overdue_before_is_told_of_once(store: &TestStore) {
    let World { act, org, app, .. } = world(store).await;
    let key = store.key(&act, &app, "CI").await.key;
    store.clock.turn(DAY * 100);
    assert_eq!(told(store).await, []);
    let policy = KeyPolicy { rotate_every_days: Some(90), ..KeyPolicy::default() };
    store.set_key_policy(&act, &org, policy, None).await.expect("set");
    store.tell_of_deadlines().await.expect("told");
    let [mail] = &mails(store).await[..] else { panic!("one mail") };
    let About::KeysDue { keys } = store.letter(mail).await.expect("asked").expect("a letter").about else {
        panic!("{mail:?}")
    };
    assert!(keys.len() == 1 && keys[0].is_past && keys[0].at == key.created_at + DAY * 90, "{keys:?}");
    // Nor after what was told long ago is forgotten.
    for _ in 0..3 {
        store.clock.turn(DAY * 40);
        store.delete_old_notices().await.expect("deleted");
        assert_eq!(told(store).await, []);
    }
    store.rotate_key(&act, &key, NewRotation { grace: HOUR, ..NewRotation::default() }).await.expect("rotated");
    store.delete_old_notices().await.expect("deleted");
    store.clock.turn(DAY * 76);
    assert_eq!(told(store).await, [of("ada@example.com", KeyNoticeKind::Rotation, "CI")]);
}

/// The filter of the lists is SQL, the badge beside it is not.
async fn the_lead_is_the_same_in_the_database(store: &TestStore) {
    let World { act, org, app, .. } = world(store).await;
    for days in [1, 2, 5, 13, 14, 15, 27, 28, 90, 3_650] {
        let policy = KeyPolicy { pause_unused_days: Some(days), ..KeyPolicy::default() };
        store.set_key_policy(&act, &org, policy.clone(), None).await.expect("set");
        let (rules, key) = (Deadlines::from(&policy), store.key(&act, &app, "CI").await.key);
        let until = DAY * days - rules.lead();
        for (turned, is_soon) in [(until - Duration::from_micros(1), false), (Duration::from_micros(1), true)] {
            store.clock.turn(turned);
            assert_eq!(rules.paused_soon(key.created_at, store.now()).is_some(), is_soon, "{days}");
            assert_eq!(labels(store, &org, KeyStatus::PausedSoon).await.len(), usize::from(is_soon), "{days}");
        }
        store.revoke_key(&act, &key, String::new()).await.expect("revoked");
    }
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
