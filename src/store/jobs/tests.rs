//! Tests that need a transaction of the store; the others are in tests/store/jobs.rs.

use serde_json::json;

use crate::{
    audit::{Act, Action, Actor, NewEvent, Target},
    job::NewJob,
    testing::TestStore,
};

crate::on_both_databases!(
    a_job_exists_with_the_write_that_caused_it_and_not_without,
    a_commit_rings_and_a_rollback_does_not
);

fn job(store: &TestStore) -> NewJob {
    NewJob::once("mail", json!({ "to": "ada@example.com" }), store.now(), store.entropy())
}

async fn a_job_exists_with_the_write_that_caused_it_and_not_without(store: &TestStore) {
    let act = Act::by(Actor::CommandLine);
    let (lost, kept) = (job(store), job(store));
    let mut tx = store.begin(&act).await.expect("begun");
    tx.enqueue(lost.clone()).await.expect("added");
    drop(tx);
    assert_eq!(store.job(&lost.id).await.expect("asked"), None);
    assert!(store.due_queues(&["mail"]).await.expect("asked").is_empty());

    let mut tx = store.begin(&act).await.expect("begun");
    tx.enqueue(kept.clone()).await.expect("added");
    let event = NewEvent::of_system(Action::AccountCreated, Target::new("user", "usr_x", "Ada"));
    tx.record(event).await.expect("recorded");
    tx.commit().await.expect("committed");
    assert_eq!(store.due_queues(&["mail", "other"]).await.expect("asked"), ["mail"]);
    let leased = store.lease_job("mail", std::time::Duration::from_secs(60)).await.expect("asked").expect("due");
    assert_eq!((leased.id, leased.payload), (kept.id, kept.payload));
}

async fn a_commit_rings_and_a_rollback_does_not(store: &TestStore) {
    let mut doorbell = store.job_doorbell();
    let mut tx = store.begin(&Act::by(Actor::Sallyport)).await.expect("begun");
    tx.enqueue(job(store)).await.expect("added");
    drop(tx);
    assert!(!doorbell.has_changed().expect("open"));
    store.enqueue(vec![job(store)]).await.expect("added");
    doorbell.changed().await.expect("rung");
}
