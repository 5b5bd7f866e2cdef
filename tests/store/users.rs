use std::time::Duration;

use sallyport::{
    Error,
    audit::{Act, Actor},
    identity::Proof,
    store::EventFilter,
    testing::TestStore,
    user::{NewUser, User},
};

sallyport::on_both_databases!(
    one_person_one_address,
    only_one_first_user,
    a_disabled_person_is_out_until_enabled,
    the_last_operator_stays,
    two_operators_do_not_disable_one_another,
    another_password_ends_every_session,
    a_new_name_is_recorded,
    a_password_set_by_another_person_has_to_be_changed,
    refused_acts_are_recorded_in_their_chains,
);

fn new(email: &str) -> NewUser {
    NewUser::check("Ada Byron", email, "correct horse battery").expect("checked")
}

async fn one_person_one_address(store: &TestStore) {
    let act = Act::by(Actor::CommandLine);
    store.create_user(&act, new("ada@example.com"), "hash".to_owned(), false).await.expect("made");
    let again = store.create_user(&act, new("Ada@Example.com"), "hash".to_owned(), false).await;
    assert!(matches!(again, Err(Error::Invalid(invalid)) if invalid.0[0].field == "email"));
    let (user, hash) = store.user_to_sign_in("ada@example.com").await.expect("asked").expect("known");
    assert_eq!((user.name.as_str(), hash.as_deref()), ("Ada Byron", Some("hash")));
}

async fn only_one_first_user(store: &TestStore) {
    assert!(store.is_empty().await.expect("asked"));
    let setups = (0..8).map(|n| {
        let store = store.store.clone();
        tokio::spawn(async move {
            let new = new(&format!("ada{n}@example.com"));
            store.create_first_user(&Act::by(Actor::Anonymous), new, "hash".to_owned()).await.is_ok()
        })
    });
    let mut made = 0;
    for setup in setups.collect::<Vec<_>>() {
        made += usize::from(setup.await.expect("no panic"));
    }
    assert_eq!(made, 1);
    assert!(!store.is_empty().await.expect("asked"));
}

fn shell() -> Act {
    Act::by(Actor::CommandLine)
}

async fn operator(store: &TestStore, email: &str) -> User {
    store.create_user(&shell(), new(email), "hash".to_owned(), true).await.expect("made")
}

async fn sign_in(store: &TestStore, user: &User, hash: &str) -> sallyport::Result<[u8; 32]> {
    let proof = Proof::Password { hash: hash.to_owned() };
    store.start_session(&store.act(user), user, proof).await.map(|token| token.digest())
}

async fn newest_event(store: &TestStore) -> (String, String) {
    let page = store.system_events(&EventFilter::default()).await.expect("asked");
    let event = page.events.into_iter().next().expect("an event");
    (event.action, event.details)
}

async fn a_disabled_person_is_out_until_enabled(store: &TestStore) {
    let ada = store.person("Ada").await;
    let digest = sign_in(store, &ada, "none").await.expect("signed in");
    assert!(store.disable_user(&shell(), &ada).await.expect("done"));
    assert_eq!(newest_event(store).await, ("account.disabled".to_owned(), r#"{"sessions_ended":1}"#.to_owned()));
    assert!(!store.disable_user(&shell(), &ada).await.expect("done"), "twice is once");
    assert!(store.sessions_of(&ada.id).await.expect("asked").is_empty());
    assert!(store.user(&ada.id).await.expect("asked").is_none());
    assert!(store.user_to_sign_in(&ada.email).await.expect("asked").is_none());
    let late = sign_in(store, &ada, "none").await;
    assert!(matches!(late, Err(Error::SignedOut)), "a sign-in that began before: {late:?}");

    assert!(store.enable_user(&shell(), &ada).await.expect("done"));
    assert!(!store.enable_user(&shell(), &ada).await.expect("done"));
    assert_eq!(newest_event(store).await.0, "account.enabled");
    assert!(store.user_to_sign_in(&ada.email).await.expect("asked").is_some());
    assert!(
        store.session(digest, Duration::from_secs(3_600)).await.expect("asked").is_none(),
        "the session is not back"
    );
    assert_eq!(store.check_chain("system").await.expect("read"), Ok(4));
}

async fn the_last_operator_stays(store: &TestStore) {
    let ada = operator(store, "ada@example.com").await;
    let refused = store.disable_user(&shell(), &ada).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    assert!(store.user(&ada.id).await.expect("asked").is_some(), "nothing was changed");
    let eve = operator(store, "eve@example.com").await;
    assert!(store.disable_user(&shell(), &ada).await.expect("done"));
    assert!(store.disable_user(&shell(), &eve).await.is_err(), "a disabled operator does not count");
}

async fn two_operators_do_not_disable_one_another(store: &TestStore) {
    let people = [operator(store, "ada@example.com").await, operator(store, "eve@example.com").await];
    let tasks = people.map(|person| {
        let store = store.store.clone();
        tokio::spawn(async move { store.disable_user(&shell(), &person).await.is_ok() })
    });
    let mut disabled = 0;
    for task in tasks {
        disabled += usize::from(task.await.expect("no panic"));
    }
    assert_eq!(disabled, 1);
}

async fn another_password_ends_every_session(store: &TestStore) {
    let (ada, eve) = (store.person("Ada").await, store.person("Eve").await);
    for _ in 0..2 {
        sign_in(store, &ada, "none").await.expect("signed in");
    }
    sign_in(store, &eve, "none").await.expect("signed in");
    assert_eq!(store.change_password(&shell(), &ada, "new".to_owned()).await.expect("changed"), 2);
    assert_eq!(newest_event(store).await, ("password.changed".to_owned(), r#"{"sessions_ended":2}"#.to_owned()));
    assert!(store.sessions_of(&ada.id).await.expect("asked").is_empty());
    assert_eq!(store.sessions_of(&eve.id).await.expect("asked").len(), 1);
    assert_eq!(store.user_to_sign_in(&ada.email).await.expect("asked").expect("known").1.as_deref(), Some("new"));
    let late = sign_in(store, &ada, "none").await;
    assert!(matches!(late, Err(Error::SignedOut)), "the old password matched a moment ago: {late:?}");
    sign_in(store, &ada, "new").await.expect("signed in");
}

async fn a_new_name_is_recorded(store: &TestStore) {
    let ada = store.person("Ada").await;
    store.rename_user(&store.act(&ada), &ada, "Ada Lovelace".to_owned()).await.expect("renamed");
    assert_eq!(store.user(&ada.id).await.expect("asked").expect("there").name, "Ada Lovelace");
    let (action, details) = newest_event(store).await;
    assert_eq!((action.as_str(), details.as_str()), ("account.renamed", r#"{"from":"Ada","to":"Ada Lovelace"}"#));
    let accounts = store.accounts().await.expect("asked");
    assert_eq!(accounts.len(), 1);
    assert_eq!(store.account_by_email("ada@example.com").await.expect("asked").as_ref(), accounts.first());
}

async fn a_password_set_by_another_person_has_to_be_changed(store: &TestStore) {
    let ada =
        store.create_user_to_change(&shell(), new("ada@example.com"), "hash".to_owned(), false).await.expect("made");
    assert!(ada.must_change_password);
    let marked = || async { store.user(&ada.id).await.expect("asked").expect("there").must_change_password };
    assert!(marked().await);
    store.change_password(&store.act(&ada), &ada, "own".to_owned()).await.expect("changed");
    assert!(!marked().await);
    store.set_password_to_change(&shell(), &ada, "another".to_owned()).await.expect("set");
    assert!(marked().await);
    assert!(!store.person("Eve").await.must_change_password);
}

async fn refused_acts_are_recorded_in_their_chains(store: &TestStore) {
    use sallyport::audit::{Action, NewEvent, Target};
    let ada = store.person("Ada").await;
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    let refused = NewEvent::of(&org.id, Action::AccessRefused, Target::new("organization", &org.id, &org.name));
    let foreign = NewEvent::of_system(Action::OriginRefused, Target::default());
    let noted = vec![(act.clone(), refused.refused(403)), (Act::by(Actor::Anonymous), foreign.refused(403))];
    store.record_batch(noted).await.expect("written");
    store.record_batch(Vec::new()).await.expect("nothing");
    let of_org = store.events(&org.id, None, &EventFilter::default()).await.expect("asked").events.remove(0);
    assert_eq!((of_org.action.as_str(), of_org.actor_name.as_str()), ("access.refused", "Ada"));
    let of_system = store.system_events(&EventFilter::default()).await.expect("asked").events.remove(0);
    assert_eq!((of_system.action.as_str(), of_system.actor_kind.as_str()), ("origin.refused", "anonymous"));
    for chain in [org.id.as_str(), "system"] {
        assert!(store.check_chain(chain).await.expect("read").is_ok(), "{chain}");
    }
}
