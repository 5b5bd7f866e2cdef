//! Concurrent writes: none undoes another, and none deadlocks.

use std::{sync::Arc, time::Duration};

use sallyport::{
    Error, Timestamp,
    app::App,
    audit::{Act, Actor, Credential},
    identity::Proof,
    key::{Key, KeyRecord, NewKey, new::KeyInput, secret::Checked},
    member::Role,
    place::Place,
    store::{KeyFilter, Location, Used},
    testing::TestStore,
};
use sqlx::AnyPool;

use crate::opening::raw;

sallyport::on_both_databases!(
    a_removed_member_writes_nothing,
    a_rescue_is_not_undone,
    a_key_that_is_issued_meanwhile_is_revoked_too,
    a_key_that_a_removed_member_issues_meanwhile_is_revoked_too,
    a_role_and_a_deletion_do_not_block_each_other,
    many_revocations_and_flushes_do_not_block_each_other,
    a_flush_waits_for_no_revocation,
    a_revocation_waits_for_no_flush,
);

/// A row locked by another transaction, so that the next one has to wait.
pub struct Held {
    pool: AnyPool,
    tx: sqlx::Transaction<'static, sqlx::Any>,
}

impl Held {
    /// SQLite has one writer: everything waits for its turn.
    pub async fn row(store: &TestStore, sql: String) -> Option<Self> {
        if matches!(store.location(), Location::Sqlite(_)) {
            return None;
        }
        let pool = raw(store.location()).await;
        let mut tx = pool.begin().await.expect("begun");
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut *tx).await.expect("held");
        Some(Self { pool, tx })
    }

    /// Waits until this many wait.
    pub async fn queue(held: &Option<Self>, waiting: i64) {
        let Some(held) = held else { return };
        loop {
            let sql = "SELECT COUNT(*) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid \
                       WHERE NOT l.granted AND a.datname = current_database()";
            let (count,): (i64,) = sqlx::query_as(sql).fetch_one(&held.pool).await.expect("asked");
            if count >= waiting {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    pub async fn release(held: Option<Self>) {
        if let Some(Self { pool, tx }) = held {
            tx.rollback().await.expect("released");
            pool.close().await;
        }
    }
}

fn new_key(store: &TestStore) -> NewKey {
    let input = KeyInput { label: "New", environment: "testing", scopes: vec!["read"], ..KeyInput::default() };
    NewKey::check(&input, store.profile(), store.now()).expect("checked")
}

async fn a_removed_member_writes_nothing(store: &TestStore) {
    let (ada, eve) = (store.person("Ada").await, store.person("Eve").await);
    let (act, by_eve) = (store.act(&ada), store.act(&eve));
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "App").await;
    let key = store.key(&act, &app, "CI").await.key;
    store.add_member(&act, &org.id, &eve, Role::Admin).await.expect("added");
    store.pause_key(&by_eve, &key).await.expect("an admin may");
    // The request still has the state that it loaded before its form arrived.
    store.change_role(&act, &org.id, &eve, Role::Developer).await.expect("changed");
    let archived = store.archive_place(&by_eve, &Place::from(&app)).await;
    assert!(matches!(archived, Err(Error::Forbidden(_))), "{archived:?}");
    store.remove_member(&act, &org.id, &eve).await.expect("removed");
    let issued = store.issue_key(&by_eve, &app, new_key(store), None).await.map(|issued| issued.key);
    assert!(matches!(issued, Err(Error::NotFound)), "{issued:?}");
    for ended in [
        store.resume_key(&by_eve, &key).await.map(drop),
        store.revoke_key(&by_eve, &key, String::new()).await,
        store.revoke_all(&by_eve, &Place::from(&app), String::new()).await.map(drop),
        store.delete_place(&by_eve, &Place::from(&app)).await,
    ] {
        assert!(matches!(ended, Err(Error::NotFound)), "{ended:?}");
    }
}

async fn a_rescue_is_not_undone(store: &TestStore) {
    let ada = store.person("Ada").await;
    let proof = Proof::Password { hash: "none".to_owned() };
    let session = store.start_session(&store.act(&ada), &ada, proof).await.expect("signed in").digest();
    let thief =
        Act::by(Actor::User { id: ada.id.clone(), name: ada.name.clone(), credential: Credential::Session(session) });
    let held = Held::row(store, "UPDATE chains SET seq = seq WHERE name = 'system'".to_owned()).await;
    let change = |act: Act, hash: &'static str| {
        let (store, ada) = (store.store.clone(), ada.clone());
        tokio::spawn(async move { store.change_password(&act, &ada, hash.to_owned()).await })
    };
    let rescue = change(Act::by(Actor::CommandLine), "rescued");
    Held::queue(&held, 1).await;
    if held.is_none() {
        rescue.await.expect("no panic").expect("changed");
        assert!(matches!(change(thief, "stolen").await.expect("no panic"), Err(Error::SignedOut)));
    } else {
        let theft = change(thief, "stolen");
        Held::queue(&held, 2).await;
        Held::release(held).await;
        rescue.await.expect("no panic").expect("changed");
        assert!(matches!(theft.await.expect("no panic"), Err(Error::SignedOut)));
    }
    let (_, hash) = store.user_to_sign_in(&ada.email).await.expect("asked").expect("known");
    assert_eq!(hash.as_deref(), Some("rescued"));
}

async fn a_key_that_is_issued_meanwhile_is_revoked_too(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "App").await;
    store.key(&act, &app, "Old").await;
    let held = Held::row(store, format!("UPDATE chains SET seq = seq WHERE name = '{}'", org.id)).await;
    let (issuing, by, of) = (store.store.clone(), act.clone(), app.clone());
    let new = new_key(store);
    let issued = tokio::spawn(async move { issuing.issue_key(&by, &of, new, None).await.map(drop) });
    Held::queue(&held, 1).await;
    let (revoking, by, of) = (store.store.clone(), act.clone(), app.clone());
    let all = async move { revoking.revoke_all(&by, &Place::from(&of), String::new()).await };
    if held.is_none() {
        issued.await.expect("no panic").expect("issued");
        assert_eq!(all.await.expect("revoked"), 2);
    } else {
        let all = tokio::spawn(all);
        Held::queue(&held, 2).await;
        Held::release(held).await;
        issued.await.expect("no panic").expect("issued");
        assert_eq!(all.await.expect("no panic").expect("revoked"), 2);
    }
    assert_eq!(store.keys(&org.id, None, &KeyFilter::default()).await.expect("asked").total, 0);
}

async fn a_key_that_a_removed_member_issues_meanwhile_is_revoked_too(store: &TestStore) {
    let (ada, eve) = (store.person("Ada").await, store.person("Eve").await);
    let (act, by_eve) = (store.act(&ada), store.act(&eve));
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "App").await;
    store.add_member(&act, &org.id, &eve, Role::Developer).await.expect("added");
    store.key(&by_eve, &app, "Old").await;
    let held = Held::row(store, format!("UPDATE chains SET seq = seq WHERE name = '{}'", org.id)).await;
    let (issuing, new) = (store.store.clone(), new_key(store));
    let issued = tokio::spawn(async move { issuing.issue_key(&by_eve, &app, new, None).await.map(drop) });
    Held::queue(&held, 1).await;
    let (removing, of) = (store.store.clone(), org.id.clone());
    let removed = async move { removing.remove_member_and_keys(&act, &of, &eve).await };
    let removed = if held.is_none() {
        issued.await.expect("no panic").expect("issued");
        removed.await
    } else {
        let removed = tokio::spawn(removed);
        Held::queue(&held, 2).await;
        Held::release(held).await;
        issued.await.expect("no panic").expect("issued");
        removed.await.expect("no panic")
    };
    assert_eq!(removed.expect("removed"), 2);
    assert_eq!(store.keys(&org.id, None, &KeyFilter::default()).await.expect("asked").total, 0);
    assert_eq!(deadlocks(store).await, 0);
}

async fn a_role_and_a_deletion_do_not_block_each_other(store: &TestStore) {
    let (ada, eve) = (store.person("Ada").await, store.person("Eve").await);
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    store.add_member(&act, &org.id, &eve, Role::Developer).await.expect("added");
    let held = Held::row(store, format!("UPDATE orgs SET plan = plan WHERE id = '{}'", org.id)).await;
    let (deleting, by, of) = (store.store.clone(), act.clone(), org.clone());
    let deleted = tokio::spawn(async move { deleting.delete_place(&by, &Place::from(&of)).await });
    Held::queue(&held, 1).await;
    let (changing, by, of) = (store.store.clone(), act.clone(), org.clone());
    // A deletion that waits for the organization holds no lock that this one needs.
    let changed = tokio::spawn(async move { changing.change_role(&by, &of.id, &eve, Role::Admin).await });
    let changed = changed.await.expect("no panic");
    Held::release(held).await;
    deleted.await.expect("no panic").expect("deleted");
    assert!(matches!(changed, Ok(_) | Err(Error::NotFound)), "before it, or after: {changed:?}");
}

async fn many_revocations_and_flushes_do_not_block_each_other(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "App").await;
    for _ in 0..4 {
        let mut used = Vec::new();
        for n in 0..40 {
            let issued = store.key(&act, &app, &format!("key {n}")).await;
            let checked = Checked::parse("sk_live_", issued.secret.expose()).expect("shaped");
            let digest = store.digests(checked).next().expect("a pepper");
            let key = Arc::new(store.key_by_digest(&digest).await.expect("asked").expect("found").record);
            used.push(Used { key, at: store.now(), address: None, user_agent: None });
        }
        let flushing = store.store.clone();
        let flush = tokio::spawn(async move { flushing.record_usage(used, vec![]).await });
        let (revoking, by, of) = (store.store.clone(), act.clone(), app.clone());
        let all = tokio::spawn(async move { revoking.revoke_all(&by, &Place::from(&of), String::new()).await });
        assert_eq!(all.await.expect("no panic").expect("revoked"), 40);
        flush.await.expect("no panic").expect("written: both take keys in one order, and neither is ended");
    }
    assert!(store.check_chain(org.id.as_str()).await.expect("read").is_ok());
    assert_eq!(deadlocks(store).await, 0);
}

/// How many transactions PostgreSQL aborted because of deadlocks.
async fn deadlocks(store: &TestStore) -> i64 {
    if matches!(store.location(), Location::Sqlite(_)) {
        return 0;
    }
    // A closed connection has reported its statistics.
    store.close().await;
    let pool = raw(store.location()).await;
    let sql = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    let (deadlocks,): (i64,) = sqlx::query_as(sql).fetch_one(&pool).await.expect("asked");
    pool.close().await;
    deadlocks
}

/// Two keys with records: one used before, one not.
async fn used_and_new(store: &TestStore, act: &Act, app: &App) -> [(Key, Arc<KeyRecord>); 2] {
    let mut keys = Vec::new();
    for label in ["used", "new"] {
        let key = store.key(act, app, label).await.key;
        let record = Arc::new(store.key_by_id(&key.id).await.expect("asked").expect("there").record);
        keys.push((key, record));
    }
    store.record_usage(vec![used(&keys[0].1, store.now())], vec![]).await.expect("written");
    keys.try_into().expect("two")
}

fn used(key: &Arc<KeyRecord>, at: Timestamp) -> Used<KeyRecord> {
    Used { key: Arc::clone(key), at, address: None, user_agent: None }
}

async fn a_flush_waits_for_no_revocation(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "App").await;
    let keys = used_and_new(store, &act, &app).await;
    // Locked as by a revocation, until its end.
    let held = "UPDATE keys SET revoked_at = 1, revoked_by = 'x'".to_owned();
    let held = Held::row(store, held).await;
    let later = store.now() + Duration::from_secs(1);
    let used = keys.iter().map(|(_, record)| used(record, later)).collect();
    store.record_usage(used, vec![]).await.expect("written");
    Held::release(held).await;
    for (key, _) in &keys {
        let stored = store.key_by_id(&key.id).await.expect("asked").expect("there");
        assert_eq!(stored.last_used_at, Some(later));
    }
}

async fn a_revocation_waits_for_no_flush(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "App").await;
    let [(used, _), (new, _)] = used_and_new(store, &act, &app).await;
    // Locked as by a flush, until its end.
    let held = format!(
        "INSERT INTO key_uses (key_id, first_at, last_at) VALUES ('{}', 1, 2), ('{}', 1, 2) \
         ON CONFLICT (key_id) DO UPDATE SET last_at = key_uses.last_at + 1",
        new.id, used.id
    );
    let held = Held::row(store, held).await;
    store.revoke_key(&act, &used, String::new()).await.expect("revoked");
    store.pause_key(&act, &new).await.expect("paused");
    assert_eq!(store.revoke_all(&act, &Place::from(&app), String::new()).await.expect("revoked"), 1);
    Held::release(held).await;
}
