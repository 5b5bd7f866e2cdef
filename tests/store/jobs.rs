use std::{collections::BTreeSet, time::Duration};

use sallyport::{
    id::JobId,
    job::{LeasedJob, NewJob, Outcome, Retries},
    testing::TestStore,
};
use serde_json::json;

sallyport::on_both_databases!(
    a_job_whose_worker_is_killed_runs_again_under_its_id,
    a_worker_that_lost_its_lease_changes_nothing,
    an_extended_lease_is_not_given_to_another_worker,
    workers_never_hold_the_same_job,
    a_failure_is_tried_again_later_and_later_until_the_limit,
    a_job_that_was_handed_back_is_due_at_once_and_not_counted,
    a_job_that_recurs_is_due_again_whatever_became_of_it,
    what_ended_long_ago_is_deleted,
    a_cause_that_comes_twice_makes_one_job,
);

const QUEUE: &str = "mail";
const LEASE: Duration = Duration::from_secs(60);
const MOMENT: Duration = Duration::from_micros(1);

fn once(store: &TestStore) -> NewJob {
    NewJob::once(QUEUE, json!({ "to": "ada@example.com" }), store.now(), store.entropy())
}

async fn enqueued(store: &TestStore) -> JobId {
    let job = once(store);
    store.enqueue(vec![job.clone()]).await.expect("added");
    job.id
}

async fn lease(store: &TestStore) -> Option<LeasedJob> {
    store.lease_job(QUEUE, LEASE).await.expect("asked")
}

async fn a_job_whose_worker_is_killed_runs_again_under_its_id(store: &TestStore) {
    let id = enqueued(store).await;
    let first = lease(store).await.expect("due");
    assert_eq!((&first.id, first.attempts), (&id, 1));
    // The worker died without a trace.
    store.clock.turn(LEASE - MOMENT);
    assert_eq!(lease(store).await, None, "it may be at work yet");
    assert!(store.due_queues(&[QUEUE]).await.expect("asked").is_empty());
    store.clock.turn(MOMENT);
    assert_eq!(store.due_queues(&[QUEUE]).await.expect("asked"), [QUEUE]);
    let second = lease(store).await.expect("due again");
    assert_eq!((&second.id, second.attempts, &second.payload), (&id, 2, &first.payload));
    assert!(store.finish_job(&second).await.expect("written"));
    store.clock.turn(LEASE);
    assert_eq!(lease(store).await, None, "it is done");
    let status = store.job(&id).await.expect("asked").expect("kept for a while");
    assert_eq!((status.run_at, status.outcome, status.error), (None, Some(Outcome::Done), None));
}

async fn a_worker_that_lost_its_lease_changes_nothing(store: &TestStore) {
    let id = enqueued(store).await;
    let slow = lease(store).await.expect("due");
    store.clock.turn(LEASE);
    let quick = lease(store).await.expect("due again");
    let before = store.job(&id).await.expect("asked");
    assert!(!store.finish_job(&slow).await.expect("asked"));
    assert!(!store.fail_job(&slow, "late", &Retries::STANDARD).await.expect("asked"));
    assert!(!store.hand_back_job(&slow).await.expect("asked"));
    assert!(!store.extend_lease(&slow, LEASE).await.expect("asked"));
    assert_eq!(store.job(&id).await.expect("asked"), before);
    assert!(store.finish_job(&quick).await.expect("written"));
    assert!(!store.finish_job(&quick).await.expect("asked"), "it ends once");
}

async fn an_extended_lease_is_not_given_to_another_worker(store: &TestStore) {
    enqueued(store).await;
    let job = lease(store).await.expect("due");
    store.clock.turn(LEASE - MOMENT);
    assert!(store.extend_lease(&job, LEASE).await.expect("written"));
    store.clock.turn(LEASE - MOMENT);
    assert_eq!(lease(store).await, None);
    assert!(store.finish_job(&job).await.expect("written"));
}

async fn workers_never_hold_the_same_job(store: &TestStore) {
    let jobs: Vec<_> = (0..40).map(|_| once(store)).collect();
    let ids: BTreeSet<_> = jobs.iter().map(|job| job.id.clone()).collect();
    store.enqueue(jobs).await.expect("added");
    let workers: Vec<_> = (0..8)
        .map(|_| {
            let store = store.store.clone();
            tokio::spawn(async move {
                let mut held = Vec::new();
                while let Some(job) = store.lease_job(QUEUE, LEASE).await.expect("asked") {
                    held.push(job.id);
                }
                held
            })
        })
        .collect();
    let mut held = Vec::new();
    for worker in workers {
        held.extend(worker.await.expect("no panic"));
    }
    // A worker that found nothing while others held the rest stopped; they did all of it.
    assert_eq!(held.len(), ids.len());
    assert_eq!(held.into_iter().collect::<BTreeSet<_>>(), ids);
}

async fn a_failure_is_tried_again_later_and_later_until_the_limit(store: &TestStore) {
    let retries = Retries { limit: 4, first: Duration::from_secs(8), longest: Duration::from_secs(16) };
    let id = enqueued(store).await;
    for (attempt, longest) in [(1, 8), (2, 16), (3, 16)] {
        let job = lease(store).await.expect("due");
        assert_eq!(job.attempts, attempt);
        assert!(store.fail_job(&job, "no route to host", &retries).await.expect("written"));
        let status = store.job(&id).await.expect("asked").expect("there");
        assert_eq!((status.outcome, status.error.as_deref()), (None, Some("no route to host")));
        let wait = status.run_at.expect("due later").since(store.now());
        let longest = Duration::from_secs(longest);
        assert!(longest / 2 <= wait && wait <= longest, "{attempt}: {wait:?}");
        store.clock.turn(wait - MOMENT);
        assert_eq!(lease(store).await, None, "not yet");
        store.clock.turn(MOMENT);
    }
    let last = lease(store).await.expect("due");
    assert!(store.fail_job(&last, &"x".repeat(5_000), &retries).await.expect("written"));
    let status = store.job(&id).await.expect("asked").expect("kept for a while");
    assert_eq!((status.run_at, status.outcome), (None, Some(Outcome::Failed)));
    assert_eq!(status.error.map(|why| why.len()), Some(500), "why, cut");
    store.clock.turn(Duration::from_secs(86_400));
    assert_eq!(lease(store).await, None);
}

async fn a_job_that_was_handed_back_is_due_at_once_and_not_counted(store: &TestStore) {
    let id = enqueued(store).await;
    for _ in 0..3 {
        let job = lease(store).await.expect("due");
        assert_eq!((&job.id, job.attempts), (&id, 1));
        assert!(store.hand_back_job(&job).await.expect("written"));
    }
}

async fn a_job_that_recurs_is_due_again_whatever_became_of_it(store: &TestStore) {
    let (hour, retries) = (Duration::from_secs(3_600), Retries { limit: 1, ..Retries::STANDARD });
    let recurring = |every| NewJob::recurring(QUEUE, every, store.now());
    store.enqueue(vec![recurring(hour)]).await.expect("added");
    let id = recurring(hour).id;
    for outcome in [Outcome::Done, Outcome::Failed, Outcome::Done] {
        let job = lease(store).await.expect("due");
        assert_eq!((&job.id, job.attempts), (&id, 1));
        match outcome {
            Outcome::Done => assert!(store.finish_job(&job).await.expect("written")),
            Outcome::Failed => assert!(store.fail_job(&job, "disk full", &retries).await.expect("written")),
        }
        let status = store.job(&id).await.expect("asked").expect("there");
        assert_eq!((status.run_at, status.outcome), (Some(store.now() + hour), Some(outcome)));
        assert_eq!(status.error.is_some(), outcome == Outcome::Failed);
        // A start in between changes nothing.
        store.enqueue(vec![recurring(hour)]).await.expect("there already");
        store.clock.turn(hour - MOMENT);
        assert_eq!(lease(store).await, None);
        store.clock.turn(MOMENT);
    }
    let job = lease(store).await.expect("due");
    assert!(store.finish_job(&job).await.expect("written"));
    store.enqueue(vec![recurring(hour / 2)]).await.expect("changed");
    assert_eq!(lease(store).await.expect("due at its new pace").every, Some(hour / 2));
}

async fn what_ended_long_ago_is_deleted(store: &TestStore) {
    let week = Duration::from_secs(7 * 86_400);
    let (done, failed, waiting) = (enqueued(store).await, enqueued(store).await, once(store));
    for _ in 0..2 {
        let job = lease(store).await.expect("due");
        let ended = if job.id == done {
            store.finish_job(&job).await
        } else {
            store.fail_job(&job, "no", &Retries { limit: 1, ..Retries::STANDARD }).await
        };
        assert!(ended.expect("written"));
    }
    store.enqueue(vec![waiting.clone()]).await.expect("added");
    store.clock.turn(week);
    assert_eq!(store.delete_ended_jobs().await.expect("asked"), 0);
    store.clock.turn(MOMENT);
    assert_eq!(store.delete_ended_jobs().await.expect("deleted"), 2);
    assert_eq!(store.job(&failed).await.expect("asked"), None);
    assert!(store.job(&waiting.id).await.expect("asked").is_some(), "however old, it was not done");
}

async fn a_cause_that_comes_twice_makes_one_job(store: &TestStore) {
    let job = once(store);
    store.enqueue(vec![job.clone()]).await.expect("added");
    store.enqueue(vec![job.clone()]).await.expect("no error");
    let leased = lease(store).await.expect("due");
    store.enqueue(vec![job.clone()]).await.expect("no error");
    assert_eq!(lease(store).await, None);
    assert!(store.finish_job(&leased).await.expect("written"));
    store.enqueue(vec![job]).await.expect("no error");
    assert_eq!(lease(store).await, None, "nor does it run again once it is done");
}
