//! The worker over a real database, with handlers defined by each test.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use sallyport::{
    Error,
    id::JobId,
    identity::Proof,
    job::{JobStatus, NewJob, Outcome, Retries},
    session::LIFETIME,
    store::UsageRetention,
    testing::TestStore,
};
use serde_json::{Value, json};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};

use super::{Failure, Job, Queue, queues, work};

sallyport::on_both_databases!(
    a_job_is_done_as_soon_as_it_is_committed,
    a_failure_and_a_panic_are_noted_and_tried_again,
    a_permanent_failure_is_not_tried_again,
    what_is_under_way_at_the_end_is_handed_back,
    a_job_that_ends_its_server_each_time_fails_in_the_end,
    what_the_portal_keeps_for_a_time_is_deleted,
);

struct Working {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Working {
    fn start(store: &TestStore, queues: Vec<Queue>) -> Self {
        let (stop, stopped) = watch::channel(false);
        Self { stop, task: tokio::spawn(work(store.store.clone(), queues, stopped)) }
    }

    async fn end(self) {
        self.stop.send(true).expect("it works");
        self.task.await.expect("no panic");
    }
}

async fn enqueue(store: &TestStore, payload: Value) -> JobId {
    let job = NewJob::once("mail", payload, store.now(), store.entropy());
    store.enqueue(vec![job.clone()]).await.expect("added");
    job.id
}

/// Waits until the status fulfils the condition.
async fn status(store: &TestStore, id: &JobId, is_so: impl Fn(&JobStatus) -> bool) -> JobStatus {
    loop {
        let status = store.job(id).await.expect("asked").expect("there");
        if is_so(&status) {
            return status;
        }
        tokio::task::yield_now().await;
    }
}

async fn a_job_is_done_as_soon_as_it_is_committed(store: &TestStore) {
    let (tell, mut told) = mpsc::unbounded_channel();
    let mail = Queue::new("mail", move |_, payload| {
        tell.send(payload).expect("heard");
        async { Ok(()) }
    });
    let working = Working::start(store, vec![mail]);
    for n in 0..3 {
        let id = enqueue(store, json!({ "n": n })).await;
        assert_eq!(told.recv().await, Some(json!({ "n": n })));
        let done = status(store, &id, |status| status.run_at.is_none()).await;
        assert_eq!((done.outcome, done.error), (Some(Outcome::Done), None));
    }
    working.end().await;
}

async fn a_failure_and_a_panic_are_noted_and_tried_again(store: &TestStore) {
    let calls = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&calls);
    let mail = Queue::new("mail", move |_, _| {
        let n = count.fetch_add(1, Ordering::SeqCst);
        async move {
            match n {
                0 => Err(Error::Unavailable("no route to host".to_owned())),
                1 => panic!("a defect"),
                _ => Ok(()),
            }
        }
    });
    let working = Working::start(store, vec![mail]);
    let id = enqueue(store, json!({})).await;
    let failed = status(store, &id, |status| status.error.is_some()).await;
    assert!(failed.error.expect("why").contains("no route to host"));
    store.clock.turn(Retries::STANDARD.longest);
    let panicked = status(store, &id, |status| status.attempts == 2 && status.lease_until.is_none()).await;
    assert!(panicked.error.expect("why").contains("panicked"));
    store.clock.turn(Retries::STANDARD.longest);
    status(store, &id, |status| status.outcome == Some(Outcome::Done)).await;
    assert_eq!(calls.load(Ordering::SeqCst), 3);
    working.end().await;
}

async fn a_permanent_failure_is_not_tried_again(store: &TestStore) {
    let (tell, mut told) = mpsc::unbounded_channel();
    let mail = Queue::of_jobs("mail", Retries::STANDARD, move |_, Job { id, payload }| {
        tell.send((id, payload)).expect("heard");
        async { Err(Failure::permanent("550 no such mailbox".to_owned())) }
    });
    let working = Working::start(store, vec![mail]);
    let id = enqueue(store, json!({ "n": 1 })).await;
    let failed = status(store, &id, |status| status.run_at.is_none()).await;
    assert_eq!((failed.outcome, failed.error.as_deref()), (Some(Outcome::Failed), Some("550 no such mailbox")));
    assert_eq!(told.recv().await, Some((id, json!({ "n": 1 }))));
    store.clock.turn(Retries::STANDARD.longest * 24);
    working.end().await;
    assert!(told.try_recv().is_err(), "once");
}

async fn what_is_under_way_at_the_end_is_handed_back(store: &TestStore) {
    let (tell, mut told) = mpsc::unbounded_channel();
    let endless = |tell: mpsc::UnboundedSender<Value>| {
        Queue::new("mail", move |_, payload| {
            tell.send(payload).expect("heard");
            std::future::pending()
        })
    };
    let id = enqueue(store, json!({ "n": 1 })).await;
    for _ in 0..2 {
        let working = Working::start(store, vec![endless(tell.clone())]);
        assert_eq!(told.recv().await, Some(json!({ "n": 1 })), "the next server begins it at once");
        working.end().await;
        let left = store.job(&id).await.expect("asked").expect("there");
        assert_eq!((left.lease_until, left.attempts, left.outcome), (None, 0, None));
        assert!(left.run_at.is_some());
    }
}

async fn a_job_that_ends_its_server_each_time_fails_in_the_end(store: &TestStore) {
    let id = enqueue(store, json!({})).await;
    let lease = Duration::from_secs(60);
    for _ in 0..Retries::STANDARD.limit {
        store.lease_job("mail", lease).await.expect("asked").expect("due");
        store.clock.turn(lease);
    }
    let working = Working::start(store, vec![Queue::new("mail", |_, _| async { panic!("not again") })]);
    let failed = status(store, &id, |status| status.run_at.is_none()).await;
    assert_eq!(failed.outcome, Some(Outcome::Failed));
    assert!(failed.error.expect("why").contains("The server ended while it ran"));
    working.end().await;
}

async fn what_the_portal_keeps_for_a_time_is_deleted(store: &TestStore) {
    let ada = store.person("Ada").await;
    let proof = Proof::Password { hash: "none".to_owned() };
    store.start_session(&store.act(&ada), &ada, proof).await.expect("signed in");
    let old = enqueue(store, json!({})).await;
    let job = store.lease_job("mail", Duration::from_secs(60)).await.expect("asked").expect("due");
    assert!(store.finish_job(&job).await.expect("written"));
    store.clock.turn(LIFETIME);
    let working = Working::start(store, queues(UsageRetention::default()));
    while store.job(&old).await.expect("asked").is_some() || !store.dump().await["sessions"].is_empty() {
        tokio::task::yield_now().await;
    }
    working.end().await;
}
