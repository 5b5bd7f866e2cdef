use std::time::Duration;

use sallyport::{
    Error,
    audit::{Act, Actor},
    key::{record::KeyRecord, secret::Checked},
    root_token::NewToken,
    store::{ConsoleQuery, EventFilter},
    testing::TestStore,
    user::User,
};

sallyport::on_both_databases!(
    suspended_keys_are_read_as_suspended,
    only_operators_may,
    every_key_is_revoked,
    the_last_operator_stays,
    lists_count_and_search,
    lists_are_narrowed_by_status,
    rows_of_further_pages_are_counted,
    a_token_expires,
    what_is_held_about_a_person,
);

fn shell() -> Act {
    Act::by(Actor::CommandLine)
}

async fn operator(store: &TestStore, name: &str) -> User {
    let person = store.person(name).await;
    assert!(store.set_operator(&shell(), &person, true).await.expect("set"));
    person
}

async fn record(store: &TestStore, secret: &str) -> KeyRecord {
    let checked = Checked::parse("sk_live_", secret).expect("shaped");
    let digest = store.digests(checked).next().expect("a pepper");
    store.key_by_digest(&digest).await.expect("asked").expect("found").record
}

async fn suspended_keys_are_read_as_suspended(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let olga = store.act(&operator(store, "Olga").await);
    let (org, other) = (store.org(&act, "Focus").await, store.org(&act, "Calm").await);
    let app = store.app(&act, &org, "Focus").await;
    let there = store.app(&act, &other, "Calm").await;
    let key = store.key(&act, &app, "CI").await;
    let another = store.key(&act, &there, "CI").await;
    let before = store.revision().await.expect("asked");
    store.suspend_org(&olga, &org, "Unpaid").await.expect("suspended");
    assert_eq!(store.revision().await.expect("asked"), before + 1, "verifiers hear of it");
    store.suspend_org(&olga, &org, "Again").await.expect("nothing to do");
    assert_eq!(store.revision().await.expect("asked"), before + 1, "once");
    assert!(record(store, key.secret.expose()).await.owner.suspended);
    assert!(!record(store, another.secret.expose()).await.owner.suspended, "another organization's");
    let page = store.console_orgs(&ConsoleQuery { words: "focus".to_owned(), ..ConsoleQuery::default() }).await;
    let listed = page.expect("asked").items;
    assert_eq!((listed.len(), listed[0].keys, listed[0].members), (1, 1, 1));
    assert_eq!(listed[0].org.suspended.as_ref().map(|it| it.reason.as_str()), Some("Unpaid"));
    store.open_org(&olga, &org).await.expect("opened");
    assert!(!record(store, key.secret.expose()).await.owner.suspended);
}

async fn only_operators_may(store: &TestStore) {
    let ada = store.person("Ada").await;
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    assert!(matches!(store.suspend_org(&act, &org, "Mine").await, Err(Error::NotFound)));
    assert!(matches!(store.open_org(&act, &org).await, Err(Error::NotFound)));
    let new = NewToken { name: "Mine".to_owned(), ..NewToken::default() };
    assert!(matches!(store.issue_token(&act, new).await, Err(Error::NotFound)));
    let (token, _) = store.create_token(&shell(), "CI", false, None).await.expect("made");
    assert!(matches!(store.revoke_token(&act, &token.id).await, Err(Error::NotFound)));
    assert!(matches!(store.set_operator(&act, &ada, true).await, Err(Error::NotFound)));
    let app = store.app(&act, &org, "Focus").await;
    let key = store.key(&act, &app, "CI").await;
    assert!(matches!(store.revoke_every_key(&act, "Mine").await, Err(Error::NotFound)));
    assert!(!record(store, key.secret.expose()).await.revoked);
    let eve = store.person("Eve").await;
    assert!(matches!(store.disable_user(&act, &eve).await, Err(Error::NotFound)));
    assert!(matches!(store.enable_user(&act, &eve).await, Err(Error::NotFound)));
    assert!(matches!(store.end_sessions_of(&act, &eve).await, Err(Error::NotFound)));
    assert!(matches!(store.end_all_sessions(&act).await, Err(Error::NotFound)));
}

async fn every_key_is_revoked(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let olga = store.act(&operator(store, "Olga").await);
    let mut secrets = Vec::new();
    for name in ["Focus", "Calm"] {
        let org = store.org(&act, name).await;
        let app = store.app(&act, &org, name).await;
        for label in ["CI", "Backend"] {
            secrets.push(store.key(&act, &app, label).await.secret);
        }
    }
    let in_force = store.keys_in_force().await.expect("asked");
    assert_eq!((in_force.keys, in_force.in_use), (4, 0));
    assert_eq!(store.revoke_every_key(&olga, " Leak ").await.expect("revoked"), 4);
    for secret in &secrets {
        assert!(record(store, secret.expose()).await.revoked);
    }
    assert_eq!(store.revoke_every_key(&olga, "Again").await.expect("nothing to do"), 0);
    assert!(matches!(store.revoke_every_key(&olga, "").await, Err(Error::Invalid(_))));
    assert_eq!(store.keys_in_force().await.expect("asked").keys, 0);
}

async fn the_last_operator_stays(store: &TestStore) {
    let (ada, eve) = (operator(store, "Ada").await, operator(store, "Eve").await);
    assert!(!store.set_operator(&shell(), &ada, true).await.expect("asked"), "twice is once");
    assert!(store.set_operator(&shell(), &ada, false).await.expect("asked"));
    assert!(matches!(store.set_operator(&shell(), &eve, false).await, Err(Error::Forbidden(_))));
    let filter = EventFilter { action: "operator.removed".to_owned(), ..EventFilter::default() };
    assert_eq!(store.system_events(&filter).await.expect("asked").events.len(), 1);
}

async fn lists_count_and_search(store: &TestStore) {
    for name in ["Zoë Ångström", "Bob 50%", "Carl"] {
        store.person(name).await;
        store.clock.turn(Duration::from_secs(1));
    }
    let find = |words: &str| ConsoleQuery { words: words.to_owned(), ..ConsoleQuery::default() };
    let names = |query| async move {
        let page = store.console_users(&query).await.expect("asked");
        page.items.into_iter().map(|user| user.account.user.name).collect::<Vec<_>>()
    };
    assert_eq!(names(find("")).await, ["Carl", "Bob 50%", "Zoë Ångström"], "newest first");
    assert_eq!(names(find("ZOË")).await, ["Zoë Ångström"]);
    assert_eq!(names(find("50%")).await, ["Bob 50%"]);
    assert!(names(find("n_body")).await.is_empty());
    assert!(names(find("\0")).await.is_empty());
    let after = ConsoleQuery { after: Some("usr_0.0".to_owned()), ..ConsoleQuery::default() };
    assert_eq!(names(after).await.len(), 3);
}

async fn lists_are_narrowed_by_status(store: &TestStore) {
    let ada = operator(store, "Ada").await;
    store.clock.turn(Duration::from_secs(1));
    let (act, eve) = (store.act(&ada), store.person("Eve").await);
    store.disable_user(&act, &eve).await.expect("disabled");
    let with = |status: &str| ConsoleQuery { status: status.to_owned(), ..ConsoleQuery::default() };
    let users = async |status: &str| {
        let page = store.console_users(&with(status)).await.expect("asked");
        let names: Vec<_> = page.items.into_iter().map(|user| user.account.user.name).collect();
        (names.join(" "), page.total)
    };
    for (status, names, total) in [
        ("", "Eve Ada", 2),
        ("active", "Ada", 1),
        ("disabled", "Eve", 1),
        ("operator", "Ada", 1),
        ("x' OR 1 = 1", "", 0),
    ] {
        assert_eq!(users(status).await, (names.to_owned(), Some(total)), "{status}");
    }
    let org = store.org(&act, "Focus").await;
    store.org(&act, "Acme").await;
    store.suspend_org(&act, &org, "Unpaid").await.expect("suspended");
    for (status, total) in [("active", 1), ("suspended", 1), ("archived", 0)] {
        assert_eq!(store.console_orgs(&with(status)).await.expect("asked").total, Some(total), "{status}");
    }
}

async fn rows_of_further_pages_are_counted(store: &TestStore) {
    for n in 0..51 {
        store.person(&format!("Ada {n}")).await;
    }
    let first = store.console_users(&ConsoleQuery::default()).await.expect("asked");
    assert_eq!((first.items.len(), first.total), (50, Some(51)));
    let last = ConsoleQuery { before: first.older, ..ConsoleQuery::default() };
    let last = store.console_users(&last).await.expect("asked");
    assert_eq!((last.items.len(), last.total), (1, Some(51)));
    let some = ConsoleQuery { words: "ada 4".to_owned(), ..ConsoleQuery::default() };
    assert_eq!(store.console_users(&some).await.expect("asked").total, Some(11));
}

async fn a_token_expires(store: &TestStore) {
    let at = store.now() + Duration::from_secs(60);
    let new = NewToken { name: "CI".to_owned(), manage: true, expires_at: Some(at), ..NewToken::default() };
    let (token, _) = store.issue_token(&shell(), new.clone()).await.expect("made");
    let act = Act::by(Actor::RootToken { id: token.id.clone(), name: token.name.clone() });
    store.org(&act, "Focus").await;
    store.clock.turn(Duration::from_secs(60));
    assert!(token.is_expired(store.now()));
    let org = sallyport::org::NewOrg::check("Late", "", "pro", "").expect("checked");
    assert!(matches!(store.create_org(&act, org).await, Err(Error::SignedOut)), "a write is refused, too");
    assert!(matches!(store.issue_token(&shell(), new).await, Err(Error::Invalid(_))), "that is in the past");
}

async fn what_is_held_about_a_person(store: &TestStore) {
    let ada = store.person("Ada").await;
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus").await;
    let key = store.key(&act, &app, "CI").await;
    let account = store.account(&ada.id).await.expect("asked").expect("there");
    let held = store.held_about(&account).await.expect("asked");
    assert_eq!((&held["email"], &held["roles"][0]["organization"]), (&"ada@example.com".into(), &"Focus".into()));
    assert_eq!(held["keys"][0]["key_id"], key.key.id.as_str());
    for list in ["sessions", "identities", "saved_views", "reset_links"] {
        assert!(held[list].is_array(), "{list}");
    }
    assert!(held["events"].as_array().expect("a list").len() >= 4);
    let text = held.to_string();
    assert!(!text.contains(key.secret.expose()) && !text.contains("password"));
}
