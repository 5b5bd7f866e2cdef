//! Only `serve` and `migrate` change a schema, one at a time.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use sallyport::{
    store::Location,
    testing::{earlier_master_key, make_earlier},
};

use crate::server::{Server, sallyport, stderr, stdout};

/// A data folder of an earlier version.
fn earlier(data: &Path) {
    fs::create_dir(data).expect("made");
    let key = data.join("master.key");
    fs::write(&key, earlier_master_key().expose().as_bytes()).expect("written");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("set");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(make_earlier(&Location::Sqlite(data.join("sallyport.db"))));
}

#[test]
fn commands_refuse_an_older_database_and_migrate_brings_it_up_to_date() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    earlier(&data);
    let before = fs::read(data.join("sallyport.db")).expect("the database");
    for command in [&["token", "list"][..], &["user", "list"], &["token", "create", "--name", "new"]] {
        let refused = sallyport(&data, command);
        assert_eq!((refused.status.code(), stdout(&refused)), (Some(1), String::new()), "{command:?}");
        let said = stderr(&refused);
        assert!(said.contains("older Sallyport") && said.contains("`sallyport migrate`"), "{said}");
    }
    assert!(fs::read(data.join("sallyport.db")).expect("the database") == before, "it was changed");
    let migrated = sallyport(&data, &["migrate"]);
    assert!(migrated.status.success(), "{}", stderr(&migrated));
    assert!(stdout(&sallyport(&data, &["token", "list"])).contains("Gateway of the demo"));
}

#[test]
fn serve_brings_an_older_database_up_to_date() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    earlier(&data);
    Server::start(&data).kill();
    assert!(stdout(&sallyport(&data, &["user", "list"])).contains("ada@focus.example"));
}

#[test]
fn nothing_is_migrated_under_a_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let server = Server::start(&data);
    let refused = sallyport(&data, &["migrate"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("Another sallyport serves the data"), "{}", stderr(&refused));
    server.kill();
    assert!(sallyport(&data, &["migrate"]).status.success());
}
