//! A server that ends during a job: the next one does it, under the same id.

use std::{os::unix::fs::PermissionsExt, path::Path};

use rustix::process::{Pid, Signal, kill_process};
use sallyport::{
    Timestamp,
    id::{JobId, KeyId},
    job::{JobStatus, Outcome},
    limit::{Day, DayCount},
    store::Location,
    testing::TestStore,
};

use crate::server::Server;

sallyport::on_both_databases!(a_job_survives_the_end_of_its_server);

/// Deleting this many takes far longer than a signal.
const DAYS: i64 = 150_000;

fn day(n: i64) -> Day {
    Day::of(Timestamp::from_seconds(n * 86_400))
}

/// A key with counts of many days long ago.
async fn used_long_ago(store: &TestStore) -> KeyId {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "App").await;
    let key = store.key(&act, &app, "CI").await.key.id;
    let counts = (1..=DAYS).map(|n| (key.clone(), DayCount { day: day(-n), requests: 7 }));
    store.record_days(counts.collect()).await.expect("written");
    key
}

fn start(store: &TestStore, data: &Path) -> Server {
    match store.location() {
        Location::Sqlite(_) => Server::start(data),
        Location::Postgres(url) => Server::start_with(data, &["--database-url", url], |_| true).0,
    }
}

/// Waits until the status fulfils the condition.
async fn status(store: &TestStore, job: &JobId, is_so: impl Fn(&JobStatus) -> bool) -> JobStatus {
    loop {
        match store.job(job).await.expect("asked") {
            Some(status) if is_so(&status) => return status,
            _ => tokio::task::yield_now().await,
        }
    }
}

async fn a_job_survives_the_end_of_its_server(store: &TestStore) {
    let key = used_long_ago(store).await;
    let job = JobId::parse("job_delete_key_days").expect("an id");
    let folder = tempfile::tempdir().expect("a folder");
    let data = match store.location() {
        Location::Sqlite(path) => path.parent().expect("a folder").to_owned(),
        Location::Postgres(_) => folder.path().to_owned(),
    };
    let master_key = data.join("master.key");
    std::fs::write(&master_key, TestStore::master_key()).expect("written");
    std::fs::set_permissions(&master_key, PermissionsExt::from_mode(0o600)).expect("set");
    let under_way = |status: &JobStatus| status.lease_until.is_some();

    // Killed: the job is not returned, and its lease expires.
    let server = start(store, &data);
    status(store, &job, under_way).await;
    server.kill();
    let left = store.job(&job).await.expect("asked").expect("there");
    assert_eq!((left.outcome, left.attempts), (None, 1), "it was in the middle");
    store.clock.turn(left.lease_until.expect("held by nobody").since(store.now()));
    let again = store.lease_job("delete_key_days", std::time::Duration::from_secs(60)).await.expect("asked");
    let again = again.expect("due again");
    assert_eq!((&again.id, again.attempts), (&job, 2));
    assert!(store.hand_back_job(&again).await.expect("written"));

    // Stopped by a signal: it returns the job.
    let mut server = start(store, &data);
    status(store, &job, under_way).await;
    kill_process(Pid::from_child(&server.child), Signal::TERM).expect("sent");
    assert!(server.child.wait().expect("ended").success());
    let left = store.job(&job).await.expect("asked").expect("there");
    assert_eq!((left.outcome, left.lease_until, left.attempts), (None, None, 1), "it was in the middle");

    // Undisturbed: the job is done.
    let server = start(store, &data);
    status(store, &job, |status| status.outcome == Some(Outcome::Done)).await;
    for n in [1, DAYS / 2, DAYS] {
        assert_eq!(store.key_day(&key, -n).await.expect("asked").requests, 0);
    }
    server.kill();
}
