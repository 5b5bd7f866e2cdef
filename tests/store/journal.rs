//! A database that is older than its journal: what was taken away is taken away again, before anything is judged.

use sallyport::{
    audit::{Act, Actor},
    identity::Proof,
    journal::{Entry, KeyState, Line, SecretState},
    key::{Key, Status},
    store::{EventFilter, HowToRestore, Reader, Reconciled, Restored},
    testing::TestStore,
};

use crate::world::{World, world};

sallyport::on_both_databases!(
    what_was_taken_away_is_taken_away_again,
    doing_it_again_changes_nothing,
    what_is_not_known_is_for_an_operator,
    a_database_that_went_on_is_not_given_back_what_was_allowed_again,
    a_line_says_what_a_commit_changed_and_no_secret,
    a_restore_ends_what_lets_people_in_and_signs_the_fork,
);

fn how() -> HowToRestore {
    HowToRestore { portal: "keys.example.com/audit".to_owned(), ..HowToRestore::default() }
}

fn state(key: &Key) -> KeyState {
    KeyState {
        id: key.id.to_string(),
        secrets: vec![SecretState { n: 1, ..SecretState::default() }],
        ..KeyState::default()
    }
}

/// Lines of a future that the database has lost.
async fn lost(store: &TestStore, whats: Vec<Vec<Entry>>) -> Vec<Line> {
    let (first, now) = (store.revision().await.expect("read") + 1, store.now().micros());
    (first..).zip(whats).map(|(revision, what)| Line::new(revision, now - 1_000 + revision, &what)).collect()
}

async fn reconcile(store: &TestStore, lines: &[Line], how: HowToRestore) -> Reconciled {
    store.reconcile(&Act::by(Actor::Sallyport), lines, how).await.expect("compared")
}

async fn restored(store: &TestStore, lines: &[Line]) -> Restored {
    match reconcile(store, lines, how()).await {
        Reconciled::Restored(restored) => restored,
        other => panic!("{other:?}"),
    }
}

async fn status(store: &TestStore, key: &Key) -> Status {
    store.find(Reader::All, &key.id).await.expect("asked").expect("there").status(store.now())
}

async fn events(store: &TestStore, world: &World, action: &str) -> Vec<serde_json::Value> {
    let filter = EventFilter { action: action.to_owned(), ..EventFilter::default() };
    let events = store.events(&world.org.id, None, &filter).await.expect("asked").events;
    events.into_iter().map(|event| serde_json::from_str(&event.details).expect("JSON")).collect()
}

async fn what_was_taken_away_is_taken_away_again(store: &TestStore) {
    let world = world(store).await;
    let (revoked, paused, resumed) =
        (world.key(store, "revoked").await, world.key(store, "paused").await, world.key(store, "resumed").await);
    let (rotated, narrowed, kept) =
        (world.key(store, "rotated").await, world.key(store, "narrowed").await, world.key(store, "kept").await);
    let (expiring, generated_later) = (world.key(store, "expiring").await, "key_later_aaaa".to_owned());
    let (token, _) = store.create_token(&Act::by(Actor::CommandLine), "CI", false, None).await.expect("made");
    let person = store.person("Bob").await;
    store.pause_key(&world.act, &resumed).await.expect("paused");
    let now = store.now().micros();
    let ended = SecretState { n: 1, ended: Some(now), retires: None };
    let lines = lost(
        store,
        vec![
            vec![Entry::Key(KeyState { revoked: Some(now), ..state(&revoked) })],
            vec![Entry::Key(KeyState { paused: Some(now), ..state(&paused) }), Entry::Key(state(&resumed))],
            vec![],
            vec![Entry::Key(KeyState { secrets: vec![ended, SecretState { n: 2, ..ended }], ..state(&rotated) })],
            vec![Entry::Key(state(&narrowed)), Entry::Narrowed { key: narrowed.id.to_string() }],
            vec![Entry::Key(KeyState { expires: Some(now + 1), ..state(&expiring) })],
            vec![Entry::Key(KeyState { id: generated_later, revoked: Some(now), ..KeyState::default() })],
            vec![Entry::RootTokenRevoked { id: token.id.to_string() }],
            vec![Entry::Person { id: person.id.to_string(), disabled: Some(now), operator: false }],
        ],
    )
    .await;
    let done = restored(store, &lines).await;
    assert_eq!(done.common + 1, lines[0].revision);
    assert_eq!(done.last, lines[8].revision);
    assert_eq!(status(store, &revoked).await, Status::Revoked);
    assert_eq!(status(store, &paused).await, Status::Paused);
    assert_eq!(status(store, &resumed).await, Status::Active);
    assert_eq!(status(store, &narrowed).await, Status::Paused);
    assert_eq!(status(store, &kept).await, Status::Active);
    store.clock.turn(std::time::Duration::from_secs(1));
    assert_eq!(status(store, &expiring).await, Status::Expired);
    let secrets = store.live_secrets(&rotated.id).await.expect("read");
    assert!(secrets.current.is_none() && secrets.previous.is_none(), "its newer secret is lost with the database");
    assert!(store.tokens().await.expect("read").iter().all(|found| found.revoked_at.is_some()));
    assert!(store.account_by_email(&person.email).await.expect("read").expect("there").disabled_at.is_some());

    let told = events(store, &world, "key.revoked").await;
    assert_eq!(told[0]["restored"]["revision"], lines[0].revision);
    assert!(store.revision().await.expect("read") > done.last, "no number is used twice");
}

async fn doing_it_again_changes_nothing(store: &TestStore) {
    let world = world(store).await;
    let key = world.key(store, "revoked").await;
    let entry = Entry::Key(KeyState { revoked: Some(store.now().micros()), ..state(&key) });
    let lines = lost(store, vec![vec![entry]]).await;
    restored(store, &lines).await;
    let before = store.dump().await;
    assert_eq!(reconcile(store, &lines, how()).await, Reconciled::Same);
    // The journal goes on with what the restore left.
    let more: Vec<_> = lines.into_iter().chain(store.journal_lines(0).await.expect("read")).collect();
    assert_eq!(reconcile(store, &more, how()).await, Reconciled::Same);
    assert_eq!(store.dump().await, before);
    assert_eq!(events(store, &world, "portal.restored").await.len(), 1);
}

async fn what_is_not_known_is_for_an_operator(store: &TestStore) {
    let world = world(store).await;
    let (key, other) = (world.key(store, "revoked").await, world.key(store, "other").await);
    let entry = |key: &Key| Entry::Key(KeyState { revoked: Some(store.now().micros()), ..state(key) });
    let mut lines = lost(store, vec![vec![entry(&key)], vec![], vec![entry(&other)]]).await;
    lines.remove(1);
    let why = match reconcile(store, &lines, how()).await {
        Reconciled::Quarantined { why } => why,
        other => panic!("{other:?}"),
    };
    assert!(why.contains("no journal has the changes after"), "{why}");
    assert_eq!(status(store, &other).await, Status::Revoked, "what is known is applied all the same");
    let accepted = HowToRestore { accepted: Some("only a label was changed".to_owned()), ..how() };
    assert!(matches!(reconcile(store, &lines, accepted).await, Reconciled::Restored(_)));
    assert_eq!(reconcile(store, &lines, how()).await, Reconciled::Same);

    let damaged = HowToRestore { damage: Some("line 7".to_owned()), ..how() };
    assert!(matches!(reconcile(store, &lines, damaged).await, Reconciled::Quarantined { .. }));
    let newer = Line { what: "null".to_owned(), ..lost(store, vec![vec![]]).await.remove(0) };
    assert!(matches!(reconcile(store, &[newer], how()).await, Reconciled::Quarantined { .. }));
}

async fn a_database_that_went_on_is_not_given_back_what_was_allowed_again(store: &TestStore) {
    let world = world(store).await;
    let (revoked, paused) = (world.key(store, "revoked").await, world.key(store, "paused").await);
    store.pause_key(&world.act, &paused).await.expect("paused");
    let entry = Entry::Key(KeyState { revoked: Some(store.now().micros()), ..state(&revoked) });
    let lines = lost(store, vec![vec![entry], vec![Entry::Key(state(&paused))]]).await;
    // It was served without its journal for a while.
    for label in ["one", "two", "three"] {
        world.key(store, label).await;
    }
    let known: Vec<_> = store
        .journal_lines(0)
        .await
        .expect("read")
        .into_iter()
        .filter(|line| line.revision < lines[0].revision)
        .collect();
    let all: Vec<_> = known.into_iter().chain(lines.clone()).collect();
    restored(store, &all).await;
    assert_eq!(status(store, &revoked).await, Status::Revoked);
    assert_eq!(status(store, &paused).await, Status::Paused, "whoever served it may have seen that it is");
    assert_eq!(reconcile(store, &all, how()).await, Reconciled::Same);
}

async fn a_line_says_what_a_commit_changed_and_no_secret(store: &TestStore) {
    let world = world(store).await;
    let issued = store.key(&world.act, &world.app, "CI").await;
    store.revoke_key(&world.act, &issued.key, "Reason".to_owned()).await.expect("revoked");
    let lines = store.journal_lines(0).await.expect("read");
    let last = lines.last().expect("a line");
    assert_eq!(last.revision, store.revision().await.expect("read"));
    let entries = last.entries().expect("it is understood");
    let [Entry::Key(found)] = &entries[..] else { panic!("{}", last.what) };
    assert_eq!(found.id, issued.key.id.as_str());
    assert!(found.revoked.is_some() && found.secrets[0].ended.is_some());
    let secret = issued.secret.expose();
    for line in &lines {
        assert!(!line.what.contains("Reason") && !line.what.contains(&secret[..16]), "{}", line.what);
    }
    assert!(last.what.len() < 300, "{}", last.what);
    let revisions: Vec<_> = lines.iter().map(|line| line.revision).collect();
    assert_eq!(revisions, (1..=last.revision).collect::<Vec<_>>(), "each change has its line");
}

async fn a_restore_ends_what_lets_people_in_and_signs_the_fork(store: &TestStore) {
    let world = world(store).await;
    let person = store.person("Bob").await;
    let proof = Proof::Password { hash: "none".to_owned() };
    store.start_session(&store.act(&person), &person, proof).await.expect("signed in");
    let done = match reconcile(store, &[], HowToRestore { is_restore: true, ..how() }).await {
        Reconciled::Restored(done) => done,
        other => panic!("{other:?}"),
    };
    assert_eq!(done.ended.sessions, 1);
    let told = events(store, &world, "portal.restored").await;
    let note = told[0]["checkpoint"].as_str().expect("a signed note");
    assert!(note.starts_with(&format!("keys.example.com/audit/{}\n", world.org.id)), "{note}");
    let keys = store.public_keys().await.expect("read");
    let signed = keys.open(note).expect("signed by this portal");
    assert_eq!(told[0]["restored"]["events"], signed.size);
    let newest = store.checkpoints(world.org.id.as_str()).await.expect("read");
    assert!(newest.last().expect("one").size as u64 > signed.size, "the fork itself is signed, too");
}
