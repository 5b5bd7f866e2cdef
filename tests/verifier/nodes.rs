//! Two nodes on one database: each applies the other's changes at its next poll, and drops nothing else.

use std::time::Duration;

use crate::node::{Node, client, digest, raw};
use sallyport::{
    app::App,
    audit::{Act, Actor},
    journal::{FILE, Journal, JournalFile},
    key::{Issued, NewRotation, Verdict},
    place::Place,
    testing::TestStore,
    verifier::Lookup,
};

sallyport::on_both_databases!(
    what_another_node_touched_is_dropped_and_nothing_else,
    keys_added_by_another_node_are_known,
    what_another_node_archives_is_dropped_whole,
    a_gap_drops_all,
    own_changes_count_at_once_and_those_before_them_with_the_poll,
    tokens_that_were_made_in_a_gap_are_known,
    a_database_that_lost_what_the_journal_has_is_not_believed,
);

/// The first node, and a second store on its database.
async fn two(store: &TestStore) -> (Node, TestStore, Act, App) {
    let node = Node::start(store.store.clone()).await;
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    (node, store.restarted().await, act, app)
}

async fn what_another_node_touched_is_dropped_and_nothing_else(store: &TestStore) {
    let (node, other, act, app) = two(store).await;
    let [one, two] = [store.key(&act, &app, "One").await, store.key(&act, &app, "Two").await];
    assert_eq!(node.judges([&one.secret, &two.secret]).await, [Verdict::Valid; 2]);
    assert_eq!(node.asked(), 2);
    other.revoke_key(&act, &one.key, String::new()).await.expect("revoked");
    node.poll().await;
    assert_eq!(node.judges([&one.secret, &two.secret]).await, [Verdict::Revoked, Verdict::Valid]);
    assert_eq!(node.asked(), 1, "the other key is in memory");

    // One of its secrets.
    let new = NewRotation { grace: Duration::from_secs(60), signing_secret: Some(false), ..NewRotation::default() };
    let second = other.rotate_key(&act, &two.key, new).await.expect("rotated").secret;
    node.poll().await;
    assert_eq!(node.judges([&two.secret, &second]).await, [Verdict::Valid; 2]);
    assert_eq!(node.asked(), 2);
    other.end_previous_secret(&act, &two.key).await.expect("ended");
    node.poll().await;
    assert_eq!(node.judges([&two.secret, &second]).await, [Verdict::Rotated, Verdict::Valid]);
    assert_eq!(node.asked(), 1, "the other secret is in memory");
    node.poll().await;
    node.judges([&one.secret, &two.secret, &second]).await;
    assert_eq!(node.asked(), 0, "nothing was told twice");
    other.store.close().await;
}

async fn keys_added_by_another_node_are_known(store: &TestStore) {
    let (node, other, act, app) = two(store).await;
    let issued = other.key(&act, &app, "CI").await;
    let pool = raw(store).await;
    // As if it were not committed yet when a client presents it.
    let (made, hidden) = (digest(store, &issued.secret), vec![0u8; 32]);
    let set = async |digest: Vec<u8>| {
        let set = sqlx::query("UPDATE key_secrets SET digest = $1 WHERE key_id = $2").bind(digest);
        set.bind(issued.key.id.to_string()).execute(&pool).await.expect("written");
    };
    set(hidden).await;
    assert_eq!(node.judges([&issued.secret]).await, [Verdict::NotFound]);
    set(made.0.to_vec()).await;
    node.asked();
    assert_eq!(node.judges([&issued.secret]).await, [Verdict::NotFound], "remembered");
    assert_eq!(node.asked(), 0);
    node.poll().await;
    assert_eq!(node.judges([&issued.secret]).await, [Verdict::Valid]);
    pool.close().await;
    other.store.close().await;
}

async fn what_another_node_archives_is_dropped_whole(store: &TestStore) {
    let (node, other, act, app) = two(store).await;
    let [one, two] = [store.key(&act, &app, "One").await, store.key(&act, &app, "Two").await];
    assert_eq!(node.judges([&one.secret, &two.secret]).await, [Verdict::Valid; 2]);
    other.archive_place(&act, &Place::from(&app)).await.expect("archived");
    node.poll().await;
    assert_eq!(node.judges([&one.secret, &two.secret]).await, [Verdict::Suspended; 2]);
    other.restore_place(&act, &Place::from(&app)).await.expect("restored");
    node.poll().await;
    assert_eq!(node.judges([&one.secret, &two.secret]).await, [Verdict::Valid; 2]);
    other.store.close().await;
}

async fn lose_a_change(store: &TestStore, after: i64) {
    let pool = raw(store).await;
    let lost = sqlx::query("DELETE FROM changes WHERE revision = $1").bind(after + 1).execute(&pool);
    assert_eq!(lost.await.expect("deleted").rows_affected(), 1);
    pool.close().await;
}

async fn a_gap_drops_all(store: &TestStore) {
    let (node, other, act, app) = two(store).await;
    let [one, two] = [store.key(&act, &app, "One").await, store.key(&act, &app, "Two").await];
    assert_eq!(node.judges([&one.secret, &two.secret]).await, [Verdict::Valid; 2]);
    node.asked();
    let before = store.revision().await.expect("asked");
    other.revoke_key(&act, &one.key, String::new()).await.expect("revoked");
    let Issued { secret: third, .. } = other.key(&act, &app, "Three").await;
    lose_a_change(store, before).await;
    node.poll().await;
    assert_eq!(
        node.judges([&one.secret, &two.secret, &third]).await,
        [Verdict::Revoked, Verdict::Valid, Verdict::Valid]
    );
    assert_eq!(node.asked(), 3, "nothing was left in memory");
    node.poll().await;
    node.judges([&one.secret, &two.secret, &third]).await;
    assert_eq!(node.asked(), 0, "and it goes on from there");
    other.store.close().await;
}

async fn own_changes_count_at_once_and_those_before_them_with_the_poll(store: &TestStore) {
    let (node, other, act, app) = two(store).await;
    let keys =
        [store.key(&act, &app, "One").await, store.key(&act, &app, "Two").await, store.key(&act, &app, "Three").await];
    let secrets = keys.each_ref().map(|issued| &issued.secret);
    assert_eq!(node.judges(secrets).await, [Verdict::Valid; 3]);
    node.asked();
    other.pause_key(&act, &keys[0].key).await.expect("paused");
    node.store.pause_key(&act, &keys[1].key).await.expect("paused");
    assert_eq!(node.judge(secrets[1], &Default::default()).await, Verdict::Paused, "no poll is needed");
    node.poll().await;
    assert_eq!(node.judges(secrets).await, [Verdict::Paused, Verdict::Paused, Verdict::Valid]);
    node.store.resume_key(&act, &keys[1].key).await.expect("resumed");
    node.asked();
    assert_eq!(node.judges(secrets).await, [Verdict::Paused, Verdict::Valid, Verdict::Valid]);
    node.poll().await;
    node.judges(secrets).await;
    assert_eq!(node.asked(), 1, "what it did itself, it does not hear again");
    other.store.close().await;
}

async fn tokens_that_were_made_in_a_gap_are_known(store: &TestStore) {
    let (node, other, act, app) = two(store).await;
    let before = store.revision().await.expect("asked");
    let shell = Act::by(Actor::CommandLine);
    let (_, token) = other.create_token(&shell, "Gateway", false, None).await.expect("made");
    other.key(&act, &app, "CI").await;
    lose_a_change(store, before).await;
    let found = async |presented: &str| node.verifier.token(presented, client().ip).await.expect("asked");
    // One address has used its attempts.
    for number in 0..100 {
        let unknown = sallyport::root_token::mint(&sallyport::testing::SeededEntropy::new(number));
        found(unknown.expose()).await;
    }
    assert!(matches!(found(token.expose()).await, Lookup::Throttled(_)));
    node.poll().await;
    assert!(matches!(found(token.expose()).await, Lookup::Known(_)));
    other.store.close().await;
}

async fn a_database_that_lost_what_the_journal_has_is_not_believed(store: &TestStore) {
    let (node, other, act, app) = two(store).await;
    let [one, two] = [store.key(&act, &app, "One").await, store.key(&act, &app, "Two").await];
    node.poll().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = JournalFile::new(folder.path().join(FILE), store.journal_key());
    store.keep_journal(Journal::start(vec![file]).expect("started"));
    store.revoke_key(&act, &one.key, String::new()).await.expect("revoked");
    node.poll().await;
    assert_eq!(node.judges([&one.secret, &two.secret]).await, [Verdict::Revoked, Verdict::Valid]);

    // As a standby that became the primary has it, which had not received the last change.
    let lost = store.revision().await.expect("read");
    store.execute(format!("DELETE FROM changes WHERE revision = {lost}")).await;
    store.execute(format!("UPDATE revision SET n = {} WHERE id = 1", lost - 1)).await;
    node.poll().await;
    assert!(store.quarantine().expect("it is in doubt").contains("lost changes"));
    store.doubted().await;
    let judged = node.verifier.judge(Some(two.secret.expose()), &sallyport::key::Ask::default(), &client()).await;
    assert!(judged.is_err(), "no key is judged by it");
    other.store.close().await;
}
