//! The same on PostgreSQL.

use std::{os::unix::fs::PermissionsExt, process::Command};

use sallyport::{store::Location, testing::TestStore};

use super::*;

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
    let data = folder.path().join("data");
    fs::create_dir(&data).expect("made");
    let key = data.join("master.key");
    fs::write(&key, TestStore::master_key()).expect("written");
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).expect("set");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("set");
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
