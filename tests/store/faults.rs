//! A database that fails during a write, or is busy: later writes are not affected.

use std::{future::pending, sync::Arc, time::Duration};

use sallyport::{
    Error,
    identity::Proof,
    key::secret::Checked,
    org::{NewOrg, Org},
    plan::Plan,
    store::{Location, Used},
    testing::TestStore,
};
use sqlx::{AnyPool, AssertSqlSafe, Executor};
use tokio::time::timeout;

use crate::opening::raw;

sallyport::on_both_databases!(
    a_transaction_that_the_database_ended_breaks_no_later_one,
    writes_that_fail_are_known_until_they_work,
    measuring_a_revocation_does_not_delay_it,
    a_session_is_seen_while_writers_are_busy,
    a_locked_row_does_not_delay_other_revocations,
);

/// The limit for immediate responses, even on the slowest machine.
const SOON: Duration = Duration::from_secs(4);

async fn new_org(store: &TestStore, name: &str) -> sallyport::Result<Org> {
    let act = store.act(&store.account_by_email("ada@example.com").await?.expect("there").user);
    let new = NewOrg { name: name.to_owned(), description: String::new(), plan: Plan::Starter, first_tenant: None };
    store.create_org(&act, new).await
}

async fn a_transaction_that_the_database_ended_breaks_no_later_one(store: &TestStore) {
    store.person("Ada").await;
    for n in 0..3 {
        store.break_writes("events", "INSERT").await;
        for _ in 0..20 {
            let broken = new_org(store, "Broken").await;
            assert!(matches!(broken, Err(Error::Unavailable(_))), "{broken:?}");
        }
        store.repair_writes("events").await;
        let name = format!("Whole {n}");
        timeout(SOON, new_org(store, &name)).await.expect("at once").expect("made");
    }
}

async fn writes_that_fail_are_known_until_they_work(store: &TestStore) {
    store.person("Ada").await;
    store.check_writes().await.expect("none failed");
    store.break_writes("events", "INSERT").await;
    store.break_writes("server_lease", "UPDATE").await;
    new_org(store, "Broken").await.expect_err("broken");
    // The connection is tested when it is returned, a moment after the response.
    while store.check_writes().await.is_ok() {
        tokio::task::yield_now().await;
    }
    store.check_writes().await.expect_err("tried, and failed again");
    store.repair_writes("server_lease").await;
    store.check_writes().await.expect("tried, and worked");
}

async fn measuring_a_revocation_does_not_delay_it(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "App").await;
    let key = store.key(&act, &app, "CI").await.key;
    store.set_refusal_check(|_| pending());
    timeout(SOON, store.revoke_key(&act, &key, String::new())).await.expect("at once").expect("revoked");
}

/// A slow writer in another process.
async fn hold_the_writer(store: &TestStore, row: &str) -> (AnyPool, sqlx::Transaction<'static, sqlx::Any>) {
    let pool = raw(store.location()).await;
    let mut tx = match store.location() {
        Location::Sqlite(_) => pool.begin_with("BEGIN IMMEDIATE").await.expect("begun"),
        Location::Postgres(_) => pool.begin().await.expect("begun"),
    };
    tx.execute(AssertSqlSafe(row.to_owned())).await.expect("held");
    (pool, tx)
}

async fn a_session_is_seen_while_writers_are_busy(store: &TestStore) {
    let ada = store.person("Ada").await;
    let (act, idle) = (store.act(&ada), Duration::from_secs(3_600));
    let signed_in = store.start_session(&act, &ada, Proof::Password { hash: "none".to_owned() }).await;
    let digest = signed_in.expect("signed in").digest();
    store.clock.turn(Duration::from_secs(1_800));
    let (pool, tx) = hold_the_writer(store, "UPDATE sessions SET address = address").await;
    for _ in 0..10 {
        let seen = timeout(SOON, store.session(digest, idle)).await.expect("at once").expect("asked");
        assert!(seen.is_some());
    }
    tx.rollback().await.expect("released");
    pool.close().await;
    // PostgreSQL may have dropped the write that waited for the lock; the next use notes another.
    store.settled().await;
    assert!(store.session(digest, idle).await.expect("asked").is_some());
    store.settled().await;
    let sessions = store.sessions_of(&ada.id).await.expect("asked");
    assert_eq!(sessions[0].last_seen_at, store.now());
}

async fn a_locked_row_does_not_delay_other_revocations(store: &TestStore) {
    if matches!(store.location(), Location::Sqlite(_)) {
        // One writer, and no locks of rows.
        return;
    }
    let act = store.act(&store.person("Ada").await);
    let (mut used, mut keys, mut orgs) = (Vec::new(), Vec::new(), Vec::new());
    for name in ["One", "Two"] {
        let org = store.org(&act, name).await;
        let app = store.app(&act, &org, "App").await;
        let issued = store.key(&act, &app, "CI").await;
        let checked = Checked::parse("sk_live_", issued.secret.expose()).expect("shaped");
        let digest = store.digests(checked).next().expect("a pepper");
        let key = Arc::new(store.key_by_digest(&digest).await.expect("asked").expect("found").record);
        used.push(Used { key, at: store.now(), address: None, user_agent: None });
        keys.push(issued.key);
        orgs.push(org);
    }
    // The flush locks the first one's chain, and then waits for the last one's.
    orgs.sort_by(|one, other| one.id.cmp(&other.id));
    let (held, free) = (orgs[1].clone(), orgs[0].clone());
    let sql = format!("UPDATE chains SET seq = seq WHERE name = '{}'", held.id);
    let (pool, tx) = hold_the_writer(store, &sql).await;
    let flushing = store.store.clone();
    let flush = tokio::spawn(async move { flushing.record_usage(used, vec![]).await });
    let free = keys.iter().find(|key| key.org_id == free.id).expect("a key of it");
    timeout(SOON, store.revoke_key(&act, free, String::new())).await.expect("in time").expect("revoked");
    let flushed = timeout(SOON, flush).await.expect("in time").expect("no panic");
    assert!(matches!(flushed, Err(Error::Unavailable(_))), "to be written later: {flushed:?}");
    tx.rollback().await.expect("released");
    pool.close().await;
}
