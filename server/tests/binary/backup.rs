//! `sallyport backup` while a server writes; and the backup, served again.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Output,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::server::{Server, root_token, sallyport, stderr, stdout};

fn backup(data: &Path, file: &Path, more: &[&str]) -> Output {
    let file = file.to_str().expect("UTF-8");
    sallyport(data, &[&["backup", file], more].concat())
}

/// A portal that was set up, with its server still running.
fn portal(data: &Path) -> (Server, String) {
    let mut server = Server::start(data);
    server.set_up();
    let app = server.make_app();
    (server, app)
}

#[test]
fn a_backup_made_while_keys_are_issued_serves_them_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let (server, app) = portal(&data);
    let token = root_token(&data);
    let before = server.generate(&app).expect("a key");

    let (server, stop) = (Arc::new(server), Arc::new(AtomicBool::new(false)));
    let (tell, issued) = std::sync::mpsc::channel();
    let writers: Vec<_> = (0..3)
        .map(|_| {
            let (server, app, stop, tell) = (server.clone(), app.clone(), stop.clone(), tell.clone());
            std::thread::spawn(move || {
                while !stop.load(Ordering::SeqCst) {
                    server.generate(&app).expect("a key");
                    let _ = tell.send(());
                }
            })
        })
        .collect();
    drop(tell);
    let mut last = PathBuf::new();
    // Everything answered before the backup starts has to be in it.
    let mut answered = 1;
    for turn in 0..4 {
        issued.recv().expect("somebody writes");
        answered += 1 + issued.try_iter().count();
        last = folder.path().join(format!("copy {turn}.db"));
        let made = backup(&data, &last, &[]);
        assert!(made.status.success(), "{}", stderr(&made));
        let said = stdout(&made);
        let keys = said.split("keys: ").nth(1).and_then(|rest| rest.split(',').next()).expect("a count");
        let keys: usize = keys.parse().expect("a number");
        assert!(keys >= answered, "{keys} keys are in the copy; {answered} were answered before");
        assert!(said.contains("NOT in it: it is in") && said.contains("master.key"), "{said}");
        assert_eq!(fs::metadata(&last).expect("there").permissions().mode() & 0o777, 0o600);
    }
    issued.recv().expect("writers go on");
    stop.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.join().expect("every key was issued");
    }
    Arc::try_unwrap(server).ok().expect("nobody else holds it").kill();
    let names = fs::read_dir(folder.path()).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<_> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    assert_eq!(names, ["copy 0.db", "copy 1.db", "copy 2.db", "copy 3.db", "data"], "nothing else is left");

    let master_key = fs::read(data.join("master.key")).expect("the key");
    let copy = fs::read(&last).expect("the copy");
    for secret in [master_key.trim_ascii(), before.as_bytes()] {
        assert!(!copy.windows(secret.len()).any(|bytes| bytes == secret), "a secret is in the copy");
    }

    let restored = folder.path().join("restored");
    fs::create_dir(&restored).expect("made");
    fs::copy(&last, restored.join("sallyport.db")).expect("copied");
    fs::copy(data.join("master.key"), restored.join("master.key")).expect("copied");
    let mut server = Server::start(&restored);
    assert_eq!(server.verify(&token, &before)["code"], "valid");
    server.sign_in();
    let after = server.generate(&app).expect("a key");
    assert_eq!(server.verify(&token, &after)["code"], "valid");
    server.kill();
}

#[test]
fn a_file_that_is_there_is_replaced_only_if_it_is_a_backup_and_only_by_force() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    portal(&data).0.kill();
    let file = folder.path().join("copy.db");
    assert!(backup(&data, &file, &[]).status.success());
    let first = fs::read(&file).expect("the copy");

    let again = backup(&data, &file, &[]);
    assert_eq!(again.status.code(), Some(1));
    assert!(stderr(&again).contains("--force"), "{}", stderr(&again));
    assert_eq!(fs::read(&file).expect("the copy"), first);

    root_token(&data);
    assert!(backup(&data, &file, &["--force"]).status.success());
    assert_ne!(fs::read(&file).expect("the copy"), first);

    let note = folder.path().join("note.txt");
    fs::write(&note, "not a database").expect("written");
    for (wrong, why) in [
        (note.clone(), "is not a backup"),
        (data.join("master.key"), "is not a backup"),
        (data.join("sallyport.db"), "database in use"),
        (folder.path().to_owned(), "is a folder"),
        (folder.path().join("nowhere/copy.db"), "does not exist; create it first"),
    ] {
        let refused = backup(&data, &wrong, &["--force"]);
        assert_eq!(refused.status.code(), Some(1), "{}", wrong.display());
        assert!(stderr(&refused).contains(why), "{}", stderr(&refused));
    }
    assert_eq!(fs::read_to_string(&note).expect("there"), "not a database");
    Server::start(&data).kill();
}

#[test]
fn a_damaged_database_gives_no_backup() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    assert!(sallyport(&data, &["migrate"]).status.success());
    let database = data.join("sallyport.db");
    let mut bytes = fs::read(&database).expect("the database");
    let end = bytes.len() - 4096;
    bytes[4096..end].fill(0x5a);
    fs::write(&database, bytes).expect("written");
    let file = folder.path().join("copy.db");
    let refused = backup(&data, &file, &[]);
    assert_eq!(refused.status.code(), Some(1), "{}", stdout(&refused));
    assert!(!file.exists() && fs::read_dir(folder.path()).expect("a folder").count() == 1, "nothing is left");
}

#[test]
fn the_data_in_postgres_is_left_to_its_own_tool() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = "postgres://ada:s3cret@db.example:5433/keys";
    let said = backup(&folder.path().join("data"), Path::new("keys.dump"), &["--database-url", url]);
    assert_eq!(said.status.code(), Some(2));
    let text = stderr(&said);
    let command = "pg_dump --format=custom --no-owner --file=keys.dump --dbname=postgres://ada@db.example:5433/keys";
    assert!(text.contains(command) && !text.contains("s3cret"), "{text}");
}

#[test]
fn commands_in_a_wrong_folder_make_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    for command in [&["token", "create", "--name", "x"][..], &["token", "list"], &["backup", "copy.db"]] {
        let refused = sallyport(&data, command);
        assert_eq!(refused.status.code(), Some(1), "{command:?}");
        let said = stderr(&refused);
        assert!(said.contains("There is no Sallyport database in") && said.contains("--data"), "{said}");
    }
    assert!(!data.exists());
}
