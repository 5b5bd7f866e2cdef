//! `sallyport rekey` beside a server that serves, killed at random points: nothing is lost, and nothing stays under the key of
//! before.

use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use sallyport::{
    Entropy,
    clock::SystemClock,
    entropy::OsEntropy,
    id::KeyId,
    store::{MasterKeyState, Store},
    testing::SeededEntropy,
    vault::MasterKey,
};
use sallyport_server::{config::DataLocation, data_dir::DataDir};

use crate::{
    journal::{Portal, call},
    server::{Server, sallyport, stderr, stdout},
};

/// How many keys with signing secrets there are; SALLYPORT_REKEY_KEYS sets more.
fn keys() -> usize {
    std::env::var("SALLYPORT_REKEY_KEYS").map_or(130, |count| count.parse().expect("a number"))
}

/// How many master keys follow each other, and where the commands are killed; SALLYPORT_REKEY_ROUNDS and _SEED set others.
fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |count| count.parse().expect("a number"))
}

/// Starts the command and kills it after so many lines on standard error. Whether it ended by itself.
fn run_and_kill(portal: &Portal, after: usize) -> bool {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sallyport"));
    command.arg("rekey").args(&portal.more).arg("--data").arg(portal.data());
    command.env_remove("SALLYPORT_MASTER_KEY").stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let mut said = String::new();
    let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
    for line in lines.by_ref().take(after) {
        said += &line;
    }
    let _ = child.kill();
    drop(lines);
    let ended = child.wait().expect("ended");
    assert!(ended.code().is_none_or(|code| code == 0), "{said}");
    ended.success()
}

pub(crate) async fn open(portal: &Portal) -> Store {
    let database_url = portal.more.get(1).cloned();
    let place = DataLocation { data: portal.data(), database_url, ..DataLocation::default() };
    let dir = DataDir::find(&place).await.expect("found");
    dir.open(Arc::new(SystemClock), Arc::new(OsEntropy)).await.expect("opens")
}

/// The signing secrets of all keys, in plain text.
async fn signing(portal: &Portal) -> Vec<String> {
    let store = open(portal).await;
    let mut all = Vec::new();
    for (id, _) in &portal.keys {
        let id = KeyId::parse(id).expect("an id");
        let sealed = store.signing_secrets(&id).await.expect("read").expect("it signs");
        let opened = store.open_signing(&sealed, store.now()).expect("opens");
        all.extend(opened.iter().map(|secret| secret.expose().to_owned()));
    }
    store.close().await;
    all
}

fn key_file(data: &Path, name: &str) -> String {
    fs::read_to_string(data.join(name)).expect("a key").trim().to_owned()
}

/// Asks about keys and makes new ones, until `work` has ended. Returns how often.
fn under_load(portal: &Portal, server: &Server, app: &str, work: impl FnOnce()) -> usize {
    let (ended, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    let new = serde_json::json!(
        { "label": "Meanwhile", "environment": "production", "scopes": ["read"], "signing_secret": true }
    );
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for (_, secret) in portal.keys.iter().cycle() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let answer = server.verify(&portal.token, secret);
                // A node that is too busy to renew its lease judges no key for a moment.
                assert!(answer["code"] == "valid" || answer["status"] == 503, "{answer}");
                asked.fetch_add(1, Ordering::SeqCst);
            }
        });
        scope.spawn(|| {
            while !ended.load(Ordering::SeqCst) {
                let made = call(server, &portal.token, &format!("/v1/apps/{app}/keys"), &new).expect("answered");
                assert!(made["secret_key"].is_string() || made["status"] == 503, "{made}");
            }
        });
        // Also if it fails: the threads are waited for.
        let _ended = Ended(&ended);
        work();
    });
    asked.into_inner()
}

struct Ended<'a>(&'a AtomicBool);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn app_of(portal: &Portal, server: &Server) -> String {
    let bearer = format!("Bearer {}", portal.token);
    let path = format!("/v1/keys/{}", portal.keys[0].0);
    let answer = server.ask("GET", &path, &[("authorization", &bearer)], "").expect("answered");
    let key: serde_json::Value = serde_json::from_str(answer.split_once("\r\n\r\n").expect("a body").1).expect("JSON");
    key["app_id"].as_str().expect("an app").to_owned()
}

/// Replaces the master key over and over, with kills of the command and now and then of the server.
async fn rekey_with_kills(portal: &Portal, mut server: Server) -> Server {
    let entropy = SeededEntropy::new(number("SALLYPORT_REKEY_SEED", 7));
    let below = |most: u8| usize::from((&entropy as &dyn Entropy).array::<1>()[0] % most);
    let app = app_of(portal, &server);
    let secrets = signing(portal).await;
    for round in 0..number("SALLYPORT_REKEY_ROUNDS", 2) {
        let before = key_file(&portal.data(), "master.key");
        let mut kills = 0;
        loop {
            let after = below(16);
            let mut is_done = false;
            let asked = under_load(portal, &server, &app, || is_done = run_and_kill(portal, after));
            if is_done {
                break;
            }
            kills += 1;
            assert!(kills < 100, "it never ends; it was asked {asked} times");
            if below(4) == 0 {
                server.kill();
                server = portal.serve();
            }
            assert_eq!(signing(portal).await, secrets, "after kill {kills} of round {round}");
        }
        // Nothing is left to do, or all of it by one that is not killed.
        let done = portal.run(&["rekey", "--remove-old"]);
        assert!(done.status.success(), "{}", stderr(&done));
        let now = key_file(&portal.data(), "master.key");
        assert_ne!(now, before);
        for gone in ["master.key.old", "master.key.new"] {
            assert!(!portal.data().join(gone).exists(), "{gone}");
        }
        let store = open(portal).await;
        assert_eq!(store.sealed_otherwise().await.expect("counted"), 0);
        let known = store.master_keys().await.expect("read");
        assert_eq!(known.iter().filter(|key| key.state == MasterKeyState::Removed).count() as u64, round + 1);
        store.close().await;
        assert_eq!(signing(portal).await, secrets, "round {round} after {kills} kills");
    }
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_key_is_replaced_while_the_server_serves() {
    let (portal, server) = Portal::start_in(tempfile::tempdir().expect("a folder"), keys(), Vec::new());
    let server = rekey_with_kills(&portal, server).await;
    assert!(portal.codes(&server).iter().all(|code| code == "valid"));
    // The journal is one chain, before and after.
    assert_eq!(portal.revoke(&server, 0).expect("answered")["journaled"], true);
    server.kill();
    let checked = portal.run(&["journal", "check"]);
    assert!(checked.status.success(), "{}{}", stdout(&checked), stderr(&checked));
    let checked = portal.run(&["audit", "verify"]);
    assert!(checked.status.success(), "{}{}", stdout(&checked), stderr(&checked));
    let server = portal.serve();
    assert!(portal.codes(&server)[1..].iter().all(|code| code == "valid"));
    server.kill();
}

#[test]
fn a_backup_from_before_needs_the_key_of_before() {
    let (portal, server) = Portal::start_in(tempfile::tempdir().expect("a folder"), 2, Vec::new());
    portal.backup();
    let before = key_file(&portal.data(), "master.key");
    let done = portal.run(&["rekey"]);
    assert!(done.status.success(), "{}", stderr(&done));
    assert!(stdout(&done).contains("Everything is sealed with the master key"), "{}", stdout(&done));
    assert_eq!(key_file(&portal.data(), "master.key.old"), before);
    let again = portal.run(&["rekey"]);
    assert!(again.status.success() && stdout(&again).contains("(0 values by this command)"), "{}", stdout(&again));
    assert!(stderr(&again).contains("sallyport rekey --remove-old"), "{}", stderr(&again));
    assert_eq!(key_file(&portal.data(), "master.key.old"), before);
    let done = portal.run(&["rekey", "--remove-old"]);
    assert!(done.status.success(), "{}", stderr(&done));
    assert_eq!(portal.revoke(&server, 0).expect("answered")["journaled"], true);
    server.kill();

    let refused = portal.restore(&[]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("master.key.old"), "{}", stderr(&refused));
    let old = portal.data().join("master.key.old");
    fs::write(&old, &before).expect("written");
    fs::set_permissions(&old, fs::Permissions::from_mode(0o600)).expect("set");
    let restored = portal.restore(&[]);
    assert!(restored.status.success(), "{}{}", stdout(&restored), stderr(&restored));
    let server = portal.serve();
    assert_eq!(portal.codes(&server), ["revoked", "valid"]);
    // The database is one of before: the key of today takes over again.
    let done = portal.run(&["rekey"]);
    assert!(done.status.success(), "{}", stderr(&done));
    let done = portal.run(&["rekey", "--remove-old"]);
    assert!(done.status.success() && !old.exists(), "{}", stderr(&done));
    server.kill();
    let server = portal.serve();
    assert_eq!(portal.codes(&server), ["revoked", "valid"]);
    server.kill();
}

#[test]
fn no_key_is_lost_where_an_older_one_is_still_there() {
    let (portal, server) = Portal::start_in(tempfile::tempdir().expect("a folder"), 1, Vec::new());
    portal.backup();
    server.kill();
    let first = key_file(&portal.data(), "master.key");
    let done = portal.run(&["rekey"]);
    assert!(done.status.success(), "{}", stderr(&done));
    let second = key_file(&portal.data(), "master.key");
    let third = MasterKey::mint(&OsEntropy).expose().to_string();
    let file = |name: &str| portal.data().join(name);
    let put = |name: &str, key: &str| {
        fs::write(file(name), key).expect("written");
        fs::set_permissions(file(name), fs::Permissions::from_mode(0o600)).expect("set");
    };
    let refused = |away: &str| {
        let refused = portal.run(&["rekey"]);
        let said = stderr(&refused);
        assert_eq!(refused.status.code(), Some(1), "{said}");
        assert!(said.contains(&format!("Move {} ", file(away).display())), "{said}");
        assert!(said.contains("Nothing was changed"), "{said}");
        for (name, key) in [("master.key", &second), ("master.key.new", &third), ("master.key.old", &first)] {
            assert_eq!(&key_file(&portal.data(), name), key, "{name}");
        }
    };
    // A new key beside the one of last year, which nothing needs.
    put("master.key.new", &third);
    refused("master.key.old");
    // The same after a backup of last year was restored, which needs it.
    let restored = portal.restore(&[]);
    assert!(restored.status.success(), "{}{}", stdout(&restored), stderr(&restored));
    refused("master.key.new");
    fs::remove_file(file("master.key.new")).expect("moved away");
    let done = portal.run(&["rekey"]);
    assert!(done.status.success(), "{}", stderr(&done));
    assert_eq!(key_file(&portal.data(), "master.key"), second);
    assert_eq!(key_file(&portal.data(), "master.key.old"), first);
    let server = portal.serve();
    assert_eq!(portal.codes(&server), ["valid"]);
    server.kill();
}

#[test]
fn a_pepper_is_replaced_while_the_server_serves() {
    let (portal, server) = Portal::start_in(tempfile::tempdir().expect("a folder"), 3, Vec::new());
    let codes = || portal.codes(&server);
    assert_eq!(codes(), ["valid"; 3]);
    let done = portal.run(&["rekey", "--pepper"]);
    assert!(done.status.success(), "{}", stderr(&done));
    let refused = portal.run(&["rekey", "--pepper"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("3 keys"), "{}", stderr(&refused));
    // Both keys are replaced, one after the other.
    let done = portal.run(&["rekey"]);
    assert!(done.status.success(), "{}", stderr(&done));
    assert_eq!(codes(), ["valid"; 3]);
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !portal.run(&["rekey", "--pepper"]).status.success() {
        assert!(std::time::Instant::now() < until);
        assert_eq!(codes(), ["valid"; 3]);
    }
    assert_eq!(codes(), ["valid"; 3]);
    server.kill();
    let server = portal.serve();
    assert_eq!(portal.codes(&server), ["valid"; 3]);
    server.kill();
}

#[test]
fn without_a_server_nobody_is_waited_for() {
    let (portal, server) = Portal::start_in(tempfile::tempdir().expect("a folder"), 1, Vec::new());
    server.kill();
    let before = key_file(&portal.data(), "master.key");
    let done = portal.run(&["rekey"]);
    assert!(done.status.success(), "{}", stderr(&done));
    let doctor = sallyport(&portal.data(), &["doctor", "--json"]);
    assert!(stdout(&doctor).contains("\"rekey\""), "{}", stdout(&doctor));
    // The one of before alone opens nothing any more.
    for name in ["master.key", "master.key.old"] {
        fs::write(portal.data().join(name), &before).expect("written");
    }
    let refused = portal.run(&["rekey"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("another master key"), "{}", stderr(&refused));
}

mod postgres {
    use sallyport::{store::Location, testing::TestStore};

    use super::*;
    use crate::server::with_key;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_master_key_is_replaced_while_the_server_serves() {
        let store = TestStore::postgres().await;
        let Location::Postgres(url) = store.location().clone() else { panic!("PostgreSQL") };
        let folder = tempfile::tempdir().expect("a folder");
        with_key(&folder.path().join("data"));
        let (portal, server) = Portal::start_in(folder, keys(), vec!["--database-url".to_owned(), url]);
        let server = rekey_with_kills(&portal, server).await;
        assert!(portal.codes(&server).iter().all(|code| code == "valid"));
        server.kill();
        store.end().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_node_without_the_new_key_is_named_and_nothing_changes() {
        let store = TestStore::postgres().await;
        let Location::Postgres(url) = store.location().clone() else { panic!("PostgreSQL") };
        let folder = tempfile::tempdir().expect("a folder");
        with_key(&folder.path().join("data"));
        let other = folder.path().join("other");
        with_key(&other);
        let more = vec!["--database-url".to_owned(), url.clone()];
        let (portal, server) = Portal::start_in(folder, 2, more);
        let (second, _) = Server::start_with(&other, &["--database-url", &url], |_| true);
        let refused = portal.run(&["rekey"]);
        assert_eq!(refused.status.code(), Some(1));
        let said = stderr(&refused);
        let port =
            |server: &Server| server.address.rsplit_once(':').map(|(_, port)| format!(":{port} (")).expect("a port");
        assert!(said.contains(&port(&second)) && !said.contains(&port(&server)), "{said}");
        assert!(said.contains("master.key.new"), "{said}");
        for server in [&server, &second] {
            assert_eq!(portal.codes(server), ["valid", "valid"]);
        }

        let new = other.join("master.key.new");
        fs::copy(portal.data().join("master.key.new"), &new).expect("copied");
        fs::set_permissions(&new, fs::Permissions::from_mode(0o600)).expect("set");
        let done = portal.run(&["rekey"]);
        assert!(done.status.success(), "{}", stderr(&done));
        // On the other machine only its files are left.
        let done = sallyport(&other, &["rekey", "--database-url", &url]);
        assert!(done.status.success(), "{}", stderr(&done));
        assert_eq!(key_file(&other, "master.key"), key_file(&portal.data(), "master.key"));
        for data in [&portal.data(), &other] {
            let done = sallyport(data, &["rekey", "--remove-old", "--database-url", &url]);
            assert!(done.status.success(), "{}", stderr(&done));
            assert!(!data.join("master.key.old").exists());
        }
        second.kill();
        let (second, _) = Server::start_with(&other, &["--database-url", &url], |_| true);
        for server in [&server, &second] {
            assert_eq!(portal.codes(server), ["valid", "valid"]);
        }
        server.kill();
        second.kill();
        store.end().await;
    }
}
