//! Rules for keys, and the approvals that they demand.

mod approval_mails;
mod approvals;
mod requests;

use sallyport::{
    Error, Invalid,
    app::App,
    approval::Asked,
    audit::Act,
    id::{ApprovalId, KeyId},
    key::{Addresses, ExpiryInput, Issued, Key, KeyChange, NewKey, new::KeyInput},
    key_policy::{KeyPolicy, LongestLifetime},
    member::Role,
    org::Org,
    store::{EventFilter, KeyFilter},
    testing::TestStore,
    user::User,
};

sallyport::on_both_databases!(
    rules_are_kept_with_their_versions,
    only_those_who_may_set_rules,
    the_rules_of_the_profile_apply_without_others,
    of_many_at_once_as_many_as_allowed_are_made,
    only_what_gives_more_is_judged,
    keys_from_before_are_found_and_left_alone,
);

/// An organization with an app: its owner, and a developer.
pub struct World {
    pub owner: User,
    pub act: Act,
    pub org: Org,
    pub app: App,
    pub developer: User,
    pub by_developer: Act,
}

impl World {
    pub async fn new(store: &TestStore, policy: KeyPolicy) -> Self {
        let (owner, developer) = (store.person("Ada").await, store.person("Dev").await);
        let (act, by_developer) = (store.act(&owner), store.act(&developer));
        let org = store.org(&act, "Focus").await;
        let app = store.app(&act, &org, "Focus and calm").await;
        store.add_member(&act, &org.id, &developer, Role::Developer).await.expect("added");
        store.set_key_policy(&act, &org, policy, None).await.expect("set");
        Self { owner, act, org, app, developer, by_developer }
    }
}

pub fn new_key(store: &TestStore, label: &str, scopes: &[&str], days: Option<&str>) -> NewKey {
    let input = KeyInput {
        label,
        environment: "production",
        scopes: scopes.to_vec(),
        expires: days.map_or(ExpiryInput::Never, ExpiryInput::from),
        signing_secret: true,
        ..KeyInput::default()
    };
    NewKey::check(&input, store.profile(), store.now()).expect("checked")
}

pub async fn ask(store: &TestStore, act: &Act, app: &App, new: NewKey) -> Result<ApprovalId, Box<Issued>> {
    match store.issue_or_ask(act, app, new, None).await.expect("neither refused nor unavailable") {
        Asked::Waits(id) => Ok(id),
        Asked::Done(issued) => Err(Box::new(issued)),
    }
}

pub async fn found(store: &TestStore, key: &KeyId) -> Key {
    store.find(None, key).await.expect("asked").expect("there")
}

fn most(days: u32) -> KeyPolicy {
    KeyPolicy {
        longest_lifetime: vec![LongestLifetime { environment: None, scope: None, days }],
        ..KeyPolicy::default()
    }
}

async fn rules_are_kept_with_their_versions(store: &TestStore) {
    let world = World::new(store, KeyPolicy::default()).await;
    assert_eq!(store.key_policy(&world.org.id).await.expect("read").version, 0, "the same as before is no change");
    let set = |policy, seen| store.set_key_policy(&world.act, &world.org, policy, seen);
    let first = set(most(90), Some(0)).await.expect("set");
    assert_eq!((first.version, store.key_policy(&world.org.id).await.expect("read")), (1, first.clone()));
    let late = set(most(30), Some(0)).await;
    assert!(matches!(late, Err(Error::Conflict { code: "changed_meanwhile", .. })), "{late:?}");
    assert_eq!(set(most(30), Some(1)).await.expect("set").version, 2);
    let events = store.events(&world.org.id, None, &EventFilter::default()).await.expect("read").events;
    assert_eq!(events[0].action, "key_policy.changed");
    let details: serde_json::Value = serde_json::from_str(&events[0].details).expect("JSON");
    assert_eq!(details["from"]["longest_lifetime"][0]["days"], 90);
    assert_eq!(details["to"]["longest_lifetime"][0]["days"], 30);
    let unknown = KeyPolicy { approval_scopes: vec!["fly".to_owned()], ..KeyPolicy::default() };
    let Err(Error::Invalid(Invalid(errors))) = set(unknown, None).await else { panic!("taken") };
    assert_eq!(errors[0].field, "approval_scopes");
}

async fn only_those_who_may_set_rules(store: &TestStore) {
    let world = World::new(store, KeyPolicy::default()).await;
    let refused = store.set_key_policy(&world.by_developer, &world.org, most(1), None).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    let stranger = store.act(&store.person("Eve").await);
    let refused = store.set_key_policy(&stranger, &world.org, most(1), None).await;
    assert!(matches!(refused, Err(Error::NotFound)), "{refused:?}");
}

async fn the_rules_of_the_profile_apply_without_others(store: &TestStore) {
    let world = World::new(store, KeyPolicy::default()).await;
    let mut profile = (**store.profile()).clone();
    profile.key_policy = most(7);
    let store = store.with_profile(profile.into()).await;
    let refused = store.issue_key(&world.act, &world.app, new_key(&store, "Long", &["read"], Some("8")), None).await;
    assert!(matches!(refused.map(drop), Err(Error::Invalid(_))));
    store.set_key_policy(&world.act, &world.org, KeyPolicy::default(), Some(0)).await.expect("its own");
    store.issue_key(&world.act, &world.app, new_key(&store, "Long", &["read"], None), None).await.expect("no rule");
}

async fn of_many_at_once_as_many_as_allowed_are_made(store: &TestStore) {
    let policy = KeyPolicy { most_keys_per_app: Some(3), ..KeyPolicy::default() };
    let world = World::new(store, policy).await;
    let making = (0..20).map(|n| {
        let (store, act, app) = (store.store.clone(), world.act.clone(), world.app.clone());
        let new = new_key_of(&store, n);
        tokio::spawn(async move { store.issue_key(&act, &app, new, None).await.map(drop) })
    });
    let making: Vec<_> = making.collect();
    let mut made = 0;
    for one in making {
        match one.await.expect("no panic") {
            Ok(()) => made += 1,
            Err(Error::Invalid(Invalid(errors))) => assert!(errors[0].message.starts_with("Most keys:")),
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(made, 3);
}

fn new_key_of(store: &sallyport::store::Store, n: usize) -> NewKey {
    let label = format!("Key {n}");
    let input = KeyInput { label: &label, environment: "testing", scopes: vec!["read"], ..KeyInput::default() };
    NewKey::check(&input, store.profile(), store.now()).expect("checked")
}

async fn only_what_gives_more_is_judged(store: &TestStore) {
    let world = World::new(store, KeyPolicy::default()).await;
    let key = store.issue(&world.act, &world.app, "Old", &["read", "write"]).await.expect("made").key;
    let rules = KeyPolicy { addresses_in_production: true, ..most(90) };
    store.set_key_policy(&world.act, &world.org, rules, None).await.expect("set");
    let change = async |change: KeyChange| {
        let key = found(store, &key.id).await;
        store.change_key(&world.act, &key, change).await
    };
    let fewer =
        KeyChange { scopes: Some(vec!["read".to_owned()]), label: Some("New".to_owned()), ..KeyChange::default() };
    assert_eq!(change(fewer).await.expect("less"), None);
    let more = KeyChange { scopes: Some(vec!["write".to_owned()]), ..KeyChange::default() };
    let Err(Error::Invalid(Invalid(errors))) = change(more.clone()).await else { panic!("taken") };
    assert_eq!(errors.iter().map(|error| error.field).collect::<Vec<_>>(), ["expires_at", "addresses"]);
    let addresses = Addresses::check("203.0.113.7").expect("an address");
    let obeying = KeyChange {
        addresses: Some(addresses),
        addresses_enforced: Some(true),
        expires_at: Some(Some(store.now() + std::time::Duration::from_secs(86_400))),
        ..more
    };
    assert_eq!(change(obeying).await.expect("as the rules demand"), None);
    let open = KeyChange { addresses: Some(Addresses::default()), ..KeyChange::default() };
    let Err(Error::Invalid(Invalid(errors))) = change(open).await else { panic!("taken") };
    assert_eq!(errors[0].field, "addresses");
}

async fn keys_from_before_are_found_and_left_alone(store: &TestStore) {
    let world = World::new(store, KeyPolicy::default()).await;
    for (label, scopes, days) in
        [("Forever", &["read"][..], None), ("Long", &["admin"], Some("91")), ("Short", &["read"], Some("90"))]
    {
        store.issue_key(&world.act, &world.app, new_key(store, label, scopes, days), None).await.expect("made");
    }
    let before = store.dump().await["keys"].clone();
    let breaking = async |policy: KeyPolicy| {
        store.set_key_policy(&world.act, &world.org, policy.clone(), None).await.expect("set");
        let filter = KeyFilter { breaks: Some(policy), ..KeyFilter::default() };
        let page = store.keys(&world.org.id, None, &filter).await.expect("read");
        let mut labels: Vec<_> = page.keys.into_iter().map(|key| key.label).collect();
        labels.sort();
        labels
    };
    assert_eq!(breaking(most(90)).await, ["Forever", "Long"]);
    let lifetime = |scope: &str| LongestLifetime {
        environment: Some("production".to_owned()),
        scope: Some(scope.to_owned()),
        days: 7,
    };
    assert_eq!(
        breaking(KeyPolicy { longest_lifetime: vec![lifetime("delete")], ..KeyPolicy::default() }).await,
        ["Long"]
    );
    assert_eq!(breaking(KeyPolicy { addresses_in_production: true, ..KeyPolicy::default() }).await.len(), 3);
    assert_eq!(breaking(KeyPolicy { most_keys_per_app: Some(2), ..KeyPolicy::default() }).await.len(), 3);
    let none = ["production".to_owned()];
    let approval = KeyPolicy { most_keys_per_app: Some(3), approval_environments: none.into(), ..KeyPolicy::default() };
    assert!(breaking(approval).await.is_empty(), "an approval is for what is made from now on");
    assert_eq!(store.dump().await["keys"], before);
    store.clock.turn(std::time::Duration::from_secs(90 * 86_400 + 1));
    assert_eq!(breaking(most(90)).await, ["Forever", "Long"], "an expired key obeys");
}
