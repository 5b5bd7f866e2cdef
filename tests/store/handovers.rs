//! Hand-overs: opened once, by whoever has the code.

use std::time::Duration;

use sallyport::{
    Error,
    audit::{Act, Actor, Credential},
    handover::{Code, Handover, Protection, TRIES},
    identity::Proof,
    key::Key,
    sign_in_policy::SignInPolicy,
    store::{EventFilter, NotOpened, Reader, Store},
    testing::TestStore,
};

use crate::opening::raw;

sallyport::on_both_databases!(
    a_file_is_opened_once,
    of_many_at_once_one_gets_it,
    the_database_alone_opens_nothing,
    a_key_has_few_at_once,
    it_ends,
    it_is_withdrawn,
    it_can_be_for_one_member,
    a_member_opens_it_with_a_session_that_gets_in,
    wrong_passphrases_end_it,
    a_second_opening_is_told,
);

const FILE: (&str, &str) = ("credentials.json", "{\"secret_key\": \"sk_live_x\"}");
const HOUR: Duration = Duration::from_secs(60 * 60);

fn plain() -> Protection {
    Protection { valid: HOUR, ..Protection::default() }
}

async fn made(store: &TestStore, protection: Protection) -> (Act, Key, Handover, Code) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let key = store.key(&act, &store.app(&act, &org, "Focus and calm").await, "CI").await.key;
    let (handover, code) = store.create_handover(&act, &key, FILE, protection).await.expect("made");
    (act, key, handover, code)
}

fn nobody() -> Act {
    Act::by(Actor::Anonymous)
}

async fn open(store: &Store, handover: &Handover, code: &Code) -> Result<String, NotOpened> {
    let token = code.token(&handover.id);
    let opened = store.open_handover(&nobody(), &handover.id, &token, None, None).await.expect("read");
    opened.map(|opened| code.open(&handover.id, &opened.sealed).expect("its code").to_string())
}

async fn actions(store: &TestStore, key: &Key) -> Vec<String> {
    let page = store.events(&key.org_id, None, &EventFilter::default()).await.expect("read");
    page.events.iter().map(|event| event.action.clone()).collect()
}

async fn a_file_is_opened_once(store: &TestStore) {
    let (_, key, handover, code) = made(store, plain()).await;
    assert!(handover.is_open && !handover.is_for_one && !handover.has_passphrase);
    assert_eq!(handover.expires_at, store.now() + HOUR);
    let other = Code::mint(store.entropy());
    assert_eq!(open(store, &handover, &other).await, Err(NotOpened::WrongCode));
    assert_eq!(open(store, &handover, &code).await.as_deref(), Ok(FILE.1));
    assert!(!store.handover(&handover.id).await.expect("read").expect("kept").is_open);
    assert_eq!(open(store, &handover, &code).await, Err(NotOpened::Ended));
    assert_eq!(actions(store, &key).await[..3], ["handover.refused", "handover.opened", "handover.created"]);
}

async fn it_is_withdrawn(store: &TestStore) {
    let (act, key, handover, code) = made(store, plain()).await;
    let listed = store.open_handovers(&key.id).await.expect("read");
    let [open_one] = listed.as_slice() else { panic!("one link: {listed:?}") };
    assert_eq!((&open_one.id, open_one.by.as_str(), &open_one.only_for), (&handover.id, "Ada", &None));
    let org = store.org(&act, "Calm").await;
    let other = store.key(&act, &store.app(&act, &org, "Other").await, "CI").await.key;
    let elsewhere = store.withdraw_handover(&act, &other, &handover.id).await;
    assert!(elsewhere.is_err(), "a link is withdrawn by who may change its key");
    store.withdraw_handover(&act, &key, &handover.id).await.expect("withdrawn");
    assert_eq!(open(store, &handover, &code).await, Err(NotOpened::Ended));
    assert_eq!(store.open_handovers(&key.id).await.expect("read"), []);
    let again = store.withdraw_handover(&act, &key, &handover.id).await.expect_err("ended");
    assert!(matches!(again, Error::Conflict { code: "handover_ended", .. }), "{again:?}");
    assert_eq!(actions(store, &key).await[0], "handover.withdrawn");
    let pool = raw(store.location()).await;
    let sealed = "SELECT COUNT(*) FROM handovers WHERE sealed IS NOT NULL";
    let sealed: i64 = sqlx::query_scalar(sealed).fetch_one(&pool).await.expect("read");
    assert_eq!(sealed, 0);
}

async fn of_many_at_once_one_gets_it(store: &TestStore) {
    let (_, key, handover, code) = made(store, plain()).await;
    let racing = (0..100).map(|_| {
        let (store, handover, code) = (store.store.clone(), handover.clone(), code.clone());
        tokio::spawn(async move { open(&store, &handover, &code).await })
    });
    let mut won = 0;
    for each in racing.collect::<Vec<_>>() {
        match each.await.expect("no panic") {
            Ok(text) => {
                assert_eq!(text, FILE.1);
                won += 1;
            }
            Err(why) => assert_eq!(why, NotOpened::Ended),
        }
    }
    assert_eq!(won, 1);
    let recorded = actions(store, &key).await.iter().filter(|action| *action == "handover.refused").count();
    assert_eq!(recorded, 10, "others do not fill the log");
}

async fn the_database_alone_opens_nothing(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    for n in 0..50 {
        let key = store.key(&act, &app, &format!("CI {n}")).await.key;
        for _ in 0..20 {
            store.create_handover(&act, &key, FILE, plain()).await.expect("made");
        }
    }
    let pool = raw(store.location()).await;
    let rows: Vec<(String, Vec<u8>, Vec<u8>)> =
        sqlx::query_as("SELECT id, sealed, token_hash FROM handovers").fetch_all(&pool).await.expect("read");
    assert_eq!(rows.len(), 1_000);
    for (id, sealed, hash) in rows {
        assert!(!sealed.windows(7).any(|part| part == b"sk_live"));
        let id = sallyport::id::HandoverId::parse(&id).expect("an id");
        // The hash is no token, and what is known of it is no code.
        let token = hash.try_into().expect("32 bytes");
        let opened = store.open_handover(&nobody(), &id, &token, None, None).await.expect("read");
        assert_eq!(opened.err(), Some(NotOpened::WrongCode));
    }
    pool.close().await;
}

async fn a_key_has_few_at_once(store: &TestStore) {
    let (act, key, ..) = made(store, plain()).await;
    for _ in 1..20 {
        store.create_handover(&act, &key, FILE, plain()).await.expect("made");
    }
    let refused = store.create_handover(&act, &key, FILE, plain()).await.expect_err("too many");
    assert!(refused.to_string().contains("20 links of this key"), "{refused}");
    store.clock.turn(HOUR);
    store.create_handover(&act, &key, FILE, plain()).await.expect("they have expired");
}

async fn it_ends(store: &TestStore) {
    let (act, key, handover, code) = made(store, plain()).await;
    let (second, second_code) = store.create_handover(&act, &key, FILE, plain()).await.expect("made");
    store.clock.turn(HOUR);
    assert_eq!(open(store, &handover, &code).await, Err(NotOpened::Ended), "expired to the second");
    assert_eq!(store.delete_handovers().await.expect("done"), 0, "kept, without what was sealed");
    assert!(!store.handover(&second.id).await.expect("read").expect("kept").is_open);
    let (third, third_code) = store.create_handover(&act, &key, FILE, plain()).await.expect("made");
    store.revoke_key(&act, &key, "leaked".to_owned()).await.expect("revoked");
    assert_eq!(open(store, &third, &third_code).await, Err(NotOpened::Ended), "of a revoked key");
    assert!(store.create_handover(&act, &key, FILE, plain()).await.is_err());
    store.clock.turn(31 * 24 * HOUR);
    assert_eq!(store.delete_handovers().await.expect("done"), 3);
    assert_eq!(open(store, &second, &second_code).await, Err(NotOpened::WrongCode));
}

async fn it_can_be_for_one_member(store: &TestStore) {
    let (act, key, ..) = made(store, plain()).await;
    let only = |email: &str| Protection { only_for: email.to_owned(), ..plain() };
    let grace = store.person("Grace").await;
    let refused = store.create_handover(&act, &key, FILE, only(&grace.email)).await.expect_err("no member");
    assert!(refused.to_string().contains("No member"), "{refused}");
    let ada = store.person("Linus").await;
    let mine = match &act.actor {
        Actor::User { id, .. } => store.user(id).await.expect("read").expect("there"),
        _ => unreachable!("a person"),
    };
    let (handover, code) =
        store.create_handover(&act, &key, FILE, only(&mine.email.to_uppercase())).await.expect("made");
    assert!(handover.is_for_one);
    assert_eq!(open(store, &handover, &code).await, Err(NotOpened::NotForYou));
    let token = code.token(&handover.id);
    let by = |user| async move {
        store.open_handover(&nobody(), &handover.id, &token, Some(user), None).await.expect("read")
    };
    assert_eq!(by(&ada.id).await.err(), Some(NotOpened::NotForYou));
}

async fn a_member_opens_it_with_a_session_that_gets_in(store: &TestStore) {
    let (act, key, ..) = made(store, plain()).await;
    let ada = match &act.actor {
        Actor::User { id, .. } => store.user(id).await.expect("read").expect("there"),
        _ => unreachable!("a person"),
    };
    let only = Protection { only_for: ada.email.clone(), ..plain() };
    let (handover, code) = store.create_handover(&act, &key, FILE, only).await.expect("made");
    let proof = Proof::Password { hash: "none".to_owned() };
    let session = store.start_session(&act, &ada, proof).await.expect("signed in").digest();
    let credential = Credential::Session(session);
    let by = Act::by(Actor::User { id: ada.id.clone(), name: ada.name.clone(), credential });
    let org = store.find(Reader::All, &key.org_id).await.expect("read").expect("there");
    let policy = SignInPolicy { factor_from: Some(store.now()), ..SignInPolicy::default() };
    store.set_sign_in_policy(&Act::by(Actor::CommandLine), &org, policy).await.expect("set");
    let token = code.token(&handover.id);
    let refused = store.open_handover(&by, &handover.id, &token, Some(&ada.id), None).await;
    assert!(matches!(refused, Err(Error::Forbidden(why)) if why.contains("second factor")));
    assert!(store.handover(&handover.id).await.expect("read").expect("kept").is_open, "it is not used up");
    store.end_sign_in_policy(&Act::by(Actor::CommandLine), &org).await.expect("ended");
    let opened = store.open_handover(&by, &handover.id, &token, Some(&ada.id), None).await.expect("read");
    assert!(opened.is_ok());
}

async fn wrong_passphrases_end_it(store: &TestStore) {
    let with = Protection { passphrase: Some("hash".to_owned()), ..plain() };
    let (act, key, handover, code) = made(store, with.clone()).await;
    let token = code.token(&handover.id);
    let attempt = |right: bool| {
        let (store, id) = (store.store.clone(), handover.id.clone());
        async move {
            let judged = store.try_passphrase(&id, &token, None).await.expect("read").map(|_| right);
            store.open_handover(&nobody(), &id, &token, None, judged).await.expect("read").err()
        }
    };
    let other = store.try_passphrase(&handover.id, &[0; 32], None).await.expect("read");
    assert_eq!(other, None, "nobody without the code tries");
    for _ in 1..TRIES {
        assert_eq!(attempt(false).await, Some(NotOpened::WrongPassphrase));
    }
    // One that could not be judged does not count.
    assert!(store.try_passphrase(&handover.id, &token, None).await.expect("read").is_some());
    store.return_try(&handover.id).await.expect("returned");
    assert_eq!(attempt(false).await, Some(NotOpened::Ended));
    let events = actions(store, &key).await.len();
    assert_eq!(attempt(true).await, Some(NotOpened::Ended));
    assert_eq!(actions(store, &key).await.len(), events, "further attempts do not fill the log");
    assert!(!store.handover(&handover.id).await.expect("read").expect("kept").is_open);
    // Who may not open it uses up no attempt of who may.
    let mine = match &act.actor {
        Actor::User { id, .. } => id.clone(),
        _ => unreachable!("a person"),
    };
    let email = store.user(&mine).await.expect("read").expect("there").email;
    let for_me = Protection { only_for: email, ..with };
    let (handover, code) = store.create_handover(&act, &key, FILE, for_me).await.expect("made");
    let token = code.token(&handover.id);
    for _ in 0..2 * TRIES {
        assert_eq!(store.try_passphrase(&handover.id, &token, None).await.expect("read"), None);
    }
    let hash = store.try_passphrase(&handover.id, &token, Some(&mine)).await.expect("read");
    assert_eq!(hash.as_deref(), Some("hash"));
    let opened = store.open_handover(&nobody(), &handover.id, &token, Some(&mine), Some(true)).await.expect("read");
    assert!(opened.is_ok());
}

async fn a_second_opening_is_told(store: &TestStore) {
    let (_, _, handover, code) = made(store, plain()).await;
    let mails = || async {
        crate::mail::mails(store).await.iter().filter(|mail| mail.title() == "Hand-over link used again").count()
    };
    open(store, &handover, &code).await.expect("opened");
    assert_eq!(mails().await, 0);
    for _ in 0..3 {
        assert_eq!(open(store, &handover, &code).await, Err(NotOpened::Ended));
    }
    assert_eq!(mails().await, 1, "once");
}
