//! The same on PostgreSQL.

use std::process::Command;

use sallyport::{
    audit::{Act, Actor},
    journal::Damage,
    store::{HowToRestore, Location, Reconciled},
    testing::TestStore,
};

use super::*;
use crate::{rekey::open, server::with_key};

fn tool(name: &str, arguments: &[&str]) {
    let folder = std::env::var("TEST_POSTGRES_BIN").expect("scripts/with-postgres sets TEST_POSTGRES_BIN");
    let done = Command::new(Path::new(&folder).join(name)).args(arguments).output().expect("it runs");
    assert!(done.status.success(), "{name}: {}", String::from_utf8_lossy(&done.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_comes_back_from_the_dead() {
    let store = TestStore::postgres().await;
    let Location::Postgres(url) = store.location().clone() else { panic!("PostgreSQL") };
    let folder = tempfile::tempdir().expect("a folder");
    with_key(&folder.path().join("data"));
    let (mut portal, server) = Portal::start_in(folder, keys(), vec!["--database-url".to_owned(), url.clone()]);
    let dump = portal.folder.path().join("keys.dump");
    let dump = dump.to_str().expect("UTF-8");
    tool("pg_dump", &["--format=custom", "--no-owner", "--file", dump, "--dbname", &url]);
    portal.revoke_all_with_kills(server);

    let copy = format!("{url}_restored");
    let name = copy.rsplit('/').next().expect("a name");
    tool("psql", &["--dbname", &url, "--command", &format!("CREATE DATABASE {name}")]);
    tool("pg_restore", &["--no-owner", "--exit-on-error", "--dbname", &copy, dump]);
    portal.more[1].clone_from(&copy);
    let restored = portal.run(&["restore", "--after-pg-restore"]);
    assert!(restored.status.success(), "{}{}", stdout(&restored), stderr(&restored));
    assert!(stdout(&restored).contains(&format!("key.revoked: {}", portal.keys.len())), "{}", stdout(&restored));
    let server = portal.serve();
    let codes = portal.codes(&server);
    assert!(codes.iter().all(|code| code == "revoked"), "{codes:?}");
    server.kill();
    tool("psql", &["--dbname", &url, "--command", &format!("DROP DATABASE {name} WITH (FORCE)")]);
    store.end().await;
}

/// A node whose own journal lacks nothing, such as one with a new data folder, judges no key either.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_runs_follows_what_another_found_out() {
    let store = TestStore::postgres().await;
    let Location::Postgres(url) = store.location().clone() else { panic!("PostgreSQL") };
    let folder = tempfile::tempdir().expect("a folder");
    let other = folder.path().join("other");
    with_key(&folder.path().join("data"));
    with_key(&other);
    let (portal, server) = Portal::start_in(folder, 1, vec!["--database-url".to_owned(), url.clone()]);
    let second = Server::start_with(&other, &["--database-url", &url], |_| true).0;
    let until = |wanted: &str| {
        let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
        for server in [&server, &second] {
            loop {
                let answer = server.verify(&portal.token, &portal.keys[0].1);
                let status = answer["status"].as_u64().map(|status| status.to_string());
                if answer["code"] == wanted || status.as_deref() == Some(wanted) {
                    break;
                }
                assert!(std::time::Instant::now() < until, "{answer}");
            }
        }
    };
    until("valid");
    // A third one finds a journal that it can't read.
    let third = open(&portal).await;
    let damage = Damage { why: "line 7".to_owned(), up_to: i64::MAX, ends: Vec::new() };
    let how = HowToRestore { portal: "keys.example.com".to_owned(), damage: Some(damage), ..HowToRestore::default() };
    let found = third.reconcile(&Act::by(Actor::Sallyport), &[], how).await.expect("compared");
    assert!(matches!(found, Reconciled::Quarantined { .. }), "{found:?}");
    third.close().await;
    until("503");
    let accepted = portal.run(&["journal", "accept", "--reason", "a disk failed", "--yes"]);
    assert!(accepted.status.success(), "{}{}", stdout(&accepted), stderr(&accepted));
    until("valid");
    assert_eq!(portal.revoke(&second, 0).expect("answered")["journaled"], true);
    server.kill();
    second.kill();
    store.end().await;
}
