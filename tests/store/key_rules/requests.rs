//! Requests in lists, how many one person may have open, and what becomes of them when the person leaves.

use std::time::Duration;

use sallyport::{
    Error,
    app::App,
    approval::{ApprovalStatus, Asked, MOST_OPEN},
    audit::Act,
    key_policy::KeyPolicy,
    member::Role,
    store::{ApprovalFilter, EventFilter, KeyFilter, KeySort, Paging, Reader},
    testing::TestStore,
    user::User,
};

use super::{
    World,
    approvals::{DAY, asked, production, status},
    ask, most, new_key,
};

sallyport::on_both_databases!(
    of_one_person_few_wait_at_once,
    requests_are_listed_like_keys,
    what_a_person_who_left_asked_for_is_withdrawn,
    without_rules_nothing_is_due,
);

/// More than a person may have open, over all apps.
const OF_ONE: usize = 60;

async fn of_one_person_few_wait_at_once(store: &TestStore) {
    let world = World::new(store, production()).await;
    let mut apps = vec![world.app.clone()];
    for n in 1..4 {
        apps.push(store.app(&world.act, &world.org, &format!("App {n}")).await);
    }
    let ask = async |act: &Act, n: usize| {
        let new = new_key(store, "CI", &["read"], None);
        let app = &apps[n / usize::try_from(MOST_OPEN).expect("few")];
        store.issue_or_ask(act, app, new, None).await.map(|asked| match asked {
            Asked::Waits(id) => id,
            Asked::Done(_) => panic!("made"),
        })
    };
    let mut first = None;
    for n in 0..OF_ONE {
        let id = ask(&world.by_developer, n).await.expect("asked");
        first.get_or_insert(id);
    }
    let refused = ask(&world.by_developer, OF_ONE).await;
    let Err(Error::Conflict { code: "too_many_requests_wait", message }) = &refused else { panic!("{refused:?}") };
    assert!(message.starts_with("60 of your requests wait."), "{message}");
    // Others still may, and so may they once there is room.
    ask(&world.act, OF_ONE).await.expect("asked");
    store.withdraw_approval(&world.by_developer, &first.expect("asked")).await.expect("withdrawn");
    ask(&world.by_developer, OF_ONE).await.expect("asked");
}

async fn requests_are_listed_like_keys(store: &TestStore) {
    let world = World::new(store, production()).await;
    let other = store.app(&world.act, &world.org, "Other").await;
    let send = async |act: &Act, app: &App, label: &str, scopes: &[&str]| {
        store.clock.turn(Duration::from_secs(1));
        ask(store, act, app, new_key(store, label, scopes, None)).await.expect("it waits")
    };
    let nightly = send(&world.by_developer, &world.app, "Nightly", &["read"]).await;
    let writer = send(&world.by_developer, &other, "Writer", &["write"]).await;
    let owners = send(&world.act, &world.app, "Owner’s", &["read"]).await;
    let approved = send(&world.by_developer, &world.app, "Approved", &["read"]).await;
    store.approve(&world.act, &approved).await.expect("approved");
    let waiting = async |app: Option<&App>, filter: KeyFilter, person: &User| {
        let (org, app) = (&world.org.id, app.map(|app| &app.id));
        let found = store.waiting_requests(org, app, &filter, &person.id).await.expect("read");
        found.into_iter().map(|request| request.id).collect::<Vec<_>>()
    };
    let all = KeyFilter::default;
    assert_eq!(waiting(None, all(), &world.owner).await, [owners.clone(), writer.clone(), nightly.clone()]);
    assert_eq!(waiting(None, all(), &world.developer).await, [writer.clone(), nightly.clone()], "their own");
    assert_eq!(waiting(Some(&world.app), all(), &world.owner).await, [owners.clone(), nightly.clone()]);
    assert_eq!(waiting(Some(&world.app), all(), &store.person("Eve").await).await, []);
    let oldest = KeyFilter { sort: KeySort::Oldest, ..all() };
    assert_eq!(waiting(Some(&world.app), oldest, &world.owner).await, [nightly.clone(), owners.clone()]);
    for (filter, found) in [
        (KeyFilter { label: "NIGHT".to_owned(), ..all() }, vec![nightly.clone()]),
        (KeyFilter { scope: "write".to_owned(), ..all() }, vec![writer.clone()]),
        (KeyFilter { environment: "development".to_owned(), ..all() }, vec![]),
        (KeyFilter { created_by: Some(world.owner.id.clone()), ..all() }, vec![owners.clone()]),
        (
            KeyFilter { tenant: Some(world.app.tenant_id.clone()), label: "i".to_owned(), ..all() },
            vec![writer.clone(), nightly.clone()],
        ),
    ] {
        assert_eq!(waiting(None, filter.clone(), &world.owner).await, found, "{filter:?}");
    }
    let count = async |person: &User| {
        store.count_waiting_requests(&world.org.id, Some(&world.app.id), &person.id).await.expect("counted")
    };
    assert_eq!((count(&world.owner).await, count(&world.developer).await), (2, 1));
    let found = store.search_waiting_requests(&[0; 32], &world.developer.id, "owner").await.expect("searched");
    assert_eq!(found, []);
    let found = store.search_waiting_requests(&[0; 32], &world.owner.id, " owner").await.expect("searched");
    assert_eq!(found[0].id, owners);
    // The page of all requests, by status.
    let listed = async |status, app: Option<&App>| {
        let filter = ApprovalFilter { status: Some(status), app: app.map(|app| app.id.clone()), asked_by: None };
        let page = store.approvals(&world.org.id, &filter, &Paging::parse(100, None).expect("good")).await;
        page.expect("read").items.into_iter().map(|request| request.id).collect::<Vec<_>>()
    };
    store.withdraw_approval(&world.by_developer, &writer).await.expect("withdrawn");
    store.refuse_approval(&world.act, &nightly, "no".to_owned()).await.expect("refused");
    assert_eq!(listed(ApprovalStatus::Waiting, None).await, std::slice::from_ref(&owners));
    assert_eq!(listed(ApprovalStatus::Approved, None).await, std::slice::from_ref(&approved));
    assert_eq!(listed(ApprovalStatus::Withdrawn, None).await, std::slice::from_ref(&writer));
    assert_eq!(listed(ApprovalStatus::Withdrawn, Some(&world.app)).await, []);
    assert_eq!(listed(ApprovalStatus::Refused, Some(&world.app)).await, [nightly]);
    store.claim_approval(&world.by_developer, &approved).await.expect("claimed");
    assert_eq!(listed(ApprovalStatus::Claimed, None).await, [approved]);
    store.clock.turn(DAY * 31);
    assert_eq!(listed(ApprovalStatus::Expired, Some(&world.app)).await, [owners]);
}

async fn what_a_person_who_left_asked_for_is_withdrawn(store: &TestStore) {
    let world = World::new(store, production()).await;
    let (waits, approved, refused) =
        (asked(store, &world).await, asked(store, &world).await, asked(store, &world).await);
    store.approve(&world.act, &approved).await.expect("approved");
    store.refuse_approval(&world.act, &refused, "no".to_owned()).await.expect("refused");
    // With another role in the organization they have not left it.
    let project = store.find(Reader::All, &world.app.project_id).await.expect("asked").expect("there");
    store.add_member(&world.act, &project, &world.developer, Role::Viewer).await.expect("added");
    store.remove_member(&world.act, &project, &world.developer).await.expect("removed");
    assert_eq!(status(store, &waits).await, ApprovalStatus::Waiting);
    store.remove_member(&world.act, &world.org.id, &world.developer).await.expect("removed");
    for id in [&waits, &approved] {
        assert_eq!(status(store, id).await, ApprovalStatus::Withdrawn);
    }
    assert_eq!(status(store, &refused).await, ApprovalStatus::Refused);
    let events = store.events(&world.org.id, None, &EventFilter::default()).await.expect("read").events;
    let withdrawn: Vec<_> = events.iter().filter(|event| event.action == "approval.withdrawn").collect();
    assert_eq!(withdrawn.len(), 2);
    assert!(withdrawn.iter().all(|event| event.details.contains("Who asked left the organization")));
}

async fn without_rules_nothing_is_due(store: &TestStore) {
    let world = World::new(store, KeyPolicy::default()).await;
    let rules = async || store.key_deadlines(&world.org.id).await.expect("read");
    assert_eq!((rules().await.rotate_every_days, rules().await.pause_unused_days), (None, None));
    store.key(&world.act, &world.app, "CI").await;
    let breaking = KeyFilter { breaks: Some(KeyPolicy::default()), ..KeyFilter::default() };
    assert_eq!(store.listed_keys(&world.org.id, None, &breaking).await.expect("listed").total, 0);
    let policy = KeyPolicy { rotate_every_days: Some(40), pause_unused_days: Some(30), ..most(7) };
    store.set_key_policy(&world.act, &world.org, policy.clone(), None).await.expect("set");
    assert_eq!((rules().await.rotate_every_days, rules().await.pause_unused_days), (Some(40), Some(30)));
    let breaking = KeyFilter { breaks: Some(policy), ..KeyFilter::default() };
    assert_eq!(store.listed_keys(&world.org.id, None, &breaking).await.expect("listed").total, 1);
}
