//! The changes that a commit leaves for the verifiers of all nodes, and how another process reads them.

use std::time::Duration;

use sallyport::{
    audit::{Act, Actor},
    key::{Digest, Issued, PlainSecret, secret::Checked},
    place::Place,
    root_token,
    store::{Added, Change, Store, Touched},
    testing::TestStore,
};

use crate::opening::raw;

sallyport::on_both_databases!(
    another_process_reads_what_was_touched_and_added,
    an_archive_of_many_names_them_all_at_once,
    a_gap_in_the_changes_returns_none,
    many_are_read_in_pieces,
    old_ones_are_removed,
);

pub(crate) async fn heard(store: &Store) -> i64 {
    store.poll(0, &|| Duration::ZERO).await.expect("answered").head
}

fn digest(store: &Store, secret: &PlainSecret) -> Digest {
    let checked = Checked::parse("sk_live_", secret.expose()).or_else(|| root_token::parse(secret.expose()));
    store.digests(checked.expect("shaped")).next().expect("one pepper")
}

async fn another_process_reads_what_was_touched_and_added(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let other = store.reopened().await;
    let before = heard(&other).await;
    assert_eq!(other.changes_since(before).await.expect("asked"), None);

    let Issued { key, secret, .. } = store.key(&act, &app, "CI").await;
    let (_, token) = store.create_token(&Act::by(Actor::CommandLine), "Gateway", false, None).await.expect("made");
    store.pause_key(&act, &key).await.expect("paused");
    assert_eq!(heard(&other).await, before + 3);
    let (secret, token) = (digest(store, &secret), digest(store, &token));
    let change = |after: i64, touched: &[Digest], added: &[Added]| Change {
        revision: before + after,
        at: store.now().micros(),
        journal: None,
        touched: Touched::These(touched.to_vec()),
        added: added.to_vec(),
    };
    let all =
        [change(1, &[], &[Added::Secret(secret)]), change(2, &[], &[Added::Token(token)]), change(3, &[secret], &[])];
    // What the journal says is another test's.
    let since = async |revision: i64| {
        let changes = other.changes_since(revision).await.expect("asked").expect("some");
        changes.into_iter().map(|change| Change { journal: None, ..change }).collect::<Vec<_>>()
    };
    assert_eq!(since(before).await, all);
    assert_eq!(since(before + 2).await, all[2..]);
    assert_eq!(other.changes_since(before + 3).await.expect("asked"), None);
    other.close().await;
}

async fn an_archive_of_many_names_them_all_at_once(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let input = sallyport::key::new::KeyInput {
        label: "Many",
        environment: "production",
        scopes: vec!["read"],
        ..Default::default()
    };
    let new = sallyport::key::NewKey::check(&input, store.profile(), store.now()).expect("checked");
    store.issue_many(&act, &app, &new, 1001).await.expect("issued");
    let before = heard(store).await;
    store.archive_place(&act, &Place::from(&app)).await.expect("archived");
    heard(store).await;
    let changes = store.changes_since(before).await.expect("asked").expect("one");
    assert_eq!(changes.iter().map(|change| &change.touched).collect::<Vec<_>>(), [&Touched::Everything]);
}

async fn a_gap_in_the_changes_returns_none(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let before = heard(store).await;
    let key = store.key(&act, &app, "CI").await.key;
    store.pause_key(&act, &key).await.expect("paused");
    store.resume_key(&act, &key).await.expect("resumed");
    heard(store).await;
    assert_eq!(store.changes_since(before).await.expect("asked").map(|changes| changes.len()), Some(3));
    let pool = raw(store.location()).await;
    let told = async |since: i64| store.changes_since(since).await.expect("asked").map(|changes| changes.len());
    let deleted = sqlx::query("DELETE FROM changes WHERE revision = $1").bind(before + 2).execute(&pool);
    assert_eq!(deleted.await.expect("deleted").rows_affected(), 1);
    assert_eq!([told(before).await, told(before + 1).await, told(before + 2).await], [None, None, Some(1)]);
    pool.close().await;
}

async fn many_are_read_in_pieces(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let before = heard(store).await;
    store.key(&act, &app, "CI").await;
    for count in [1, 2, 4, 8, 16, 32, 64] {
        store
            .execute(format!(
                "INSERT INTO changes (revision, touched, added_secrets, added_tokens, at) \
                 SELECT revision + {count}, touched, added_secrets, added_tokens, at FROM changes WHERE revision > {before}"
            ))
            .await;
    }
    heard(store).await;
    let told = async |since: i64| store.changes_since(since).await.expect("asked").map(|changes| changes.len());
    assert_eq!([told(before).await, told(before + 100).await, told(before + 128).await], [Some(100), Some(28), None]);
}

async fn old_ones_are_removed(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let key = store.key(&act, &app, "CI").await.key;
    let pool = raw(store.location()).await;
    // As if that many had been committed before.
    for sql in [
        "DELETE FROM changes WHERE revision < (SELECT n FROM revision)",
        "UPDATE changes SET revision = 1",
        "UPDATE revision SET n = 1098",
    ] {
        sqlx::query(sql).execute(&pool).await.expect("written");
    }
    let kept = async || {
        let kept = sqlx::query_as::<_, (i64,)>("SELECT revision FROM changes ORDER BY revision");
        kept.fetch_all(&pool).await.expect("asked").into_iter().map(|row| row.0).collect::<Vec<_>>()
    };
    store.pause_key(&act, &key).await.expect("paused");
    assert_eq!(kept().await, [1, 1099]);
    store.resume_key(&act, &key).await.expect("resumed");
    assert_eq!(kept().await, [1099, 1100]);
    pool.close().await;
}

mod notifications {
    mod postgres {
        use std::time::Duration;

        use sallyport::{
            store::Location,
            testing::{Proxy, TestStore},
        };

        /// Well within the time limit of a test.
        const IN_TIME: Duration = Duration::from_secs(30);

        #[tokio::test]
        async fn another_node_is_rung_for_by_each_commit_that_concerns_it() {
            let store = TestStore::postgres().await;
            let act = store.act(&store.person("Ada").await);
            let org = store.org(&act, "Focus").await;
            let app = store.app(&act, &org, "Focus and calm").await;
            let key = store.key(&act, &app, "CI").await.key;
            let other = store.reopened().await;
            for _ in 0..2 {
                let ringing = async {
                    // Until it listens, notifications are lost.
                    loop {
                        store.pause_key(&act, &key).await.expect("paused");
                        store.resume_key(&act, &key).await.expect("resumed");
                    }
                };
                tokio::select! {
                    () = other.notified() => {}
                    () = ringing => {}
                    () = tokio::time::sleep(IN_TIME) => panic!("it was not notified for"),
                }
            }
            tokio::time::timeout(IN_TIME, other.close()).await.expect("its connection ends");
            store.end().await;
        }

        /// As when a firewall forgets it: nothing is closed, and nothing arrives any more.
        #[tokio::test]
        async fn a_connection_that_is_dead_is_replaced() {
            let store = TestStore::postgres().await;
            let Location::Postgres(url) = store.location().clone() else { panic!("PostgreSQL") };
            let (proxy, url) = Proxy::before(&url);
            let other = store.at(url).await;
            let ring = async || {
                loop {
                    store.execute("SELECT pg_notify('sallyport_changes', '1')".to_owned()).await;
                }
            };
            for _ in 0..2 {
                tokio::select! {
                    () = other.notified() => {}
                    () = ring() => {}
                    () = tokio::time::sleep(IN_TIME) => panic!("it was not notified"),
                }
                proxy.silence();
            }
            tokio::time::timeout(IN_TIME, other.store.close()).await.expect("its connection ends");
            store.end().await;
        }
    }
}
