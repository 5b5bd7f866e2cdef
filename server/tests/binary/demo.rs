//! `--demo`: everything that it prints works.

use std::path::Path;

use crate::server::{Server, between, root_token, sallyport, stderr, stdout};

fn start(data: &Path) -> (Server, String) {
    let (server, said) = Server::start_with(data, &["--demo"], |line| line.contains("-d '"));
    (server, said.join("\n"))
}

/// The text between `from` and `to`.
fn told(said: &str, from: &str, to: char) -> String {
    between(said, from, to)
}

#[test]
fn what_it_prints_works() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut server, said) = start(folder.path());
    assert!(said.contains(&format!("curl -s http://{}/v1/keys/verify", server.address)), "{said}");
    let (token, key) = (told(&said, "Bearer ", '\''), told(&said, "\"key\": \"", '"'));
    let verdict = server.verify(&token, &key);
    assert_eq!((&verdict["valid"], &verdict["label"]), (&true.into(), &"Ingest worker eu-west".into()), "{verdict}");

    let (email, password) = (told(&said, "sign-in: ", ' '), told(&said, "with the password: ", '\n'));
    server.sign_in_as(&email, &password);
    let home = server.ask("GET", "/", &[], "").expect("answered");
    let org = between(&home, "location: ", '\r');
    let page = server.ask("GET", &format!("{org}/keys?include_revoked=1"), &[], "").expect("answered");
    for status in ["Active", "Rotating", "Paused", "Expired", "Revoked", "Unused", "Expires"] {
        assert!(page.contains(status), "a key is {status}");
    }
    assert!(page.contains("Focus Labs") && page.contains("Harbor Health"), "both organizations can be switched to");
    let log = server.ask("GET", &format!("{org}/activity"), &[], "").expect("answered");
    assert!(log.contains("Request refused") && log.contains("Key paused"), "{log}");
    let times: Vec<_> = log.split("<time datetime=\"").skip(1).filter_map(|time| time.split('"').next()).collect();
    assert!(times.len() > 20 && times.is_sorted_by(|a, b| a >= b), "newest first: {times:?}");
    server.kill();

    // Another start changes nothing and prints the same.
    let (server, again) = start(folder.path());
    assert_eq!((told(&again, "Bearer ", '\''), told(&again, "\"key\": \"", '"')), (token, key));
    server.kill();
}

#[test]
fn it_is_for_this_machine_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let (server, _) = start(folder.path());
    server.kill();
    // Its passwords are public, with and without the flag.
    for arguments in [
        &["serve", "--listen", "0.0.0.0:0"][..],
        &["serve", "--listen", "127.0.0.1:0", "--public-url", "https://keys.example.com"],
        &["serve", "--demo", "--listen", "127.0.0.1:0", "--public-url", "https://keys.example.com"],
    ] {
        let ended = sallyport(folder.path(), arguments);
        assert_eq!(ended.status.code(), Some(1), "{arguments:?}");
        assert!(stderr(&ended).contains("only for this machine"), "{}", stderr(&ended));
    }
}

#[test]
fn a_real_portal_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = Server::start(folder.path());
    server.set_up();
    server.kill();
    let ended = sallyport(folder.path(), &["serve", "--demo", "--listen", "127.0.0.1:0"]);
    assert_eq!(ended.status.code(), Some(1), "{}", stdout(&ended));
    assert!(root_token(folder.path()).starts_with("sp_root_"), "the data is as it was");
}
