//! Backups that are restored beside the revocation journal, after kills at random points: what was revoked stays revoked.

use std::{
    fs,
    path::Path,
    process::Output,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use serde_json::{Value, json};

use crate::server::{Server, sallyport, stderr, stdout};

mod decided;
mod postgres;

/// How many keys are revoked; SALLYPORT_JOURNAL_KEYS sets more.
fn keys() -> usize {
    std::env::var("SALLYPORT_JOURNAL_KEYS").map_or(24, |count| count.parse().expect("a number"))
}

const SECOND_FOLDER: &str = "[journal]\nfolder = \"";

pub(crate) struct Portal {
    pub folder: tempfile::TempDir,
    pub token: String,
    /// Ids and secrets.
    pub keys: Vec<(String, String)>,
    /// More arguments of every command.
    pub more: Vec<String>,
}

pub(crate) fn call(server: &Server, token: &str, path: &str, body: &Value) -> Option<Value> {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let answer = server.ask("POST", path, &headers, &body.to_string())?;
    serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
}

impl Portal {
    /// A portal with keys, whose server runs.
    fn start(count: usize) -> (Self, Server) {
        Self::start_in(tempfile::tempdir().expect("a folder"), count, Vec::new())
    }

    pub fn start_in(folder: tempfile::TempDir, count: usize, more: Vec<String>) -> (Self, Server) {
        let mut portal = Self { folder, token: String::new(), keys: Vec::new(), more };
        let mut server = portal.serve();
        server.set_up();
        let app = server.make_app();
        portal.token = stdout(&portal.run(&["token", "create", "--name", "test", "--manage"])).trim().to_owned();
        let new = json!({ "label": "CI", "environment": "production", "scopes": ["read"], "signing_secret": true });
        for _ in 0..count {
            let made = call(&server, &portal.token, &format!("/v1/apps/{app}/keys"), &new).expect("answered");
            let text = |name: &str| made[name].as_str().unwrap_or_else(|| panic!("{name}: {made}")).to_owned();
            portal.keys.push((text("key_id"), text("secret_key")));
        }
        (portal, server)
    }

    pub fn serve(&self) -> Server {
        let more: Vec<_> = self.more.iter().map(String::as_str).collect();
        Server::start_with(&self.data(), &more, |_| true).0
    }

    pub fn run(&self, command: &[&str]) -> Output {
        let more = self.more.iter().map(String::as_str);
        sallyport(&self.data(), &command.iter().copied().chain(more).collect::<Vec<_>>())
    }

    pub fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    pub fn backup(&self) -> std::path::PathBuf {
        let file = self.folder.path().join("backup.db");
        let made = sallyport(&self.data(), &["backup", file.to_str().expect("UTF-8")]);
        assert!(made.status.success(), "{}", stderr(&made));
        file
    }

    pub fn restore(&self, more: &[&str]) -> Output {
        let file = self.folder.path().join("backup.db");
        sallyport(&self.data(), &[&["restore", file.to_str().expect("UTF-8")], more].concat())
    }

    pub fn revoke(&self, server: &Server, key: usize) -> Option<Value> {
        call(server, &self.token, &format!("/v1/keys/{}/revoke", self.keys[key].0), &json!({}))
    }

    pub fn codes(&self, server: &Server) -> Vec<String> {
        let code = |(_, secret): &(String, String)| {
            server.verify(&self.token, secret)["code"].as_str().expect("a code").to_owned()
        };
        self.keys.iter().map(code).collect()
    }

    /// Revokes all keys, while the server is killed over and over.
    fn revoke_all_with_kills(&self, mut server: Server) {
        let next = AtomicUsize::new(0);
        let mut kill = 0;
        while next.load(Ordering::SeqCst) < self.keys.len() {
            // The kill comes between and during requests of other threads.
            let answers = 1 + kill % 7;
            kill += 1;
            let done = AtomicUsize::new(0);
            let is_killed = Arc::new(AtomicBool::new(false));
            let pid = server.child.id();
            std::thread::scope(|scope| {
                for _ in 0..3 {
                    scope.spawn(|| {
                        while !is_killed.load(Ordering::SeqCst) {
                            let key = next.fetch_add(1, Ordering::SeqCst);
                            if key >= self.keys.len() {
                                return;
                            }
                            match self.revoke(&server, key) {
                                Some(answer) => {
                                    assert_eq!(answer["journaled"], true, "{answer}");
                                    if done.fetch_add(1, Ordering::SeqCst) + 1 == answers {
                                        let killed =
                                            std::process::Command::new("kill").args(["-9", &pid.to_string()]).status();
                                        assert!(killed.expect("kill runs").success());
                                        is_killed.store(true, Ordering::SeqCst);
                                    }
                                }
                                // Killed before it answered: asked again.
                                None => {
                                    is_killed.store(true, Ordering::SeqCst);
                                    next.fetch_min(key, Ordering::SeqCst);
                                    return;
                                }
                            }
                        }
                    });
                }
            });
            server.kill();
            server = self.serve();
        }
        assert!(self.codes(&server).iter().all(|code| code == "revoked"));
        server.kill();
    }
}

#[test]
fn nothing_comes_back_from_the_dead() {
    let (portal, server) = Portal::start(keys());
    portal.backup();
    let before = call(&server, &portal.token, "/v1/keys/verify", &json!({ "key": portal.keys[0].1 }));
    assert_eq!(before.expect("answered")["code"], "valid");
    portal.revoke_all_with_kills(server);

    let restored = portal.restore(&[]);
    assert!(restored.status.success(), "{}{}", stdout(&restored), stderr(&restored));
    let said = stdout(&restored);
    assert!(said.contains(&format!("key.revoked: {}", portal.keys.len())), "{said}");
    assert!(said.contains("Ended: sessions 1"), "{said}");
    let server = Server::start(&portal.data());
    let codes = portal.codes(&server);
    assert!(codes.iter().all(|code| code == "revoked"), "{codes:?}");
    server.kill();
    // Once more, from the same backup, beside a journal that has the restore in it.
    let again = portal.restore(&[]);
    assert!(again.status.success(), "{}{}", stdout(&again), stderr(&again));
    let server = Server::start(&portal.data());
    assert!(portal.codes(&server).iter().all(|code| code == "revoked"));
    server.kill();
    let checked = sallyport(&portal.data(), &["audit", "verify"]);
    assert!(checked.status.success(), "{}{}", stdout(&checked), stderr(&checked));
}

/// SQLite would write the log of the lost database into the one that was put back.
#[test]
fn a_log_of_a_database_that_was_lost_is_moved_away() {
    let (portal, server) = Portal::start(3);
    portal.backup();
    for key in 0..2 {
        assert_eq!(portal.revoke(&server, key).expect("answered")["journaled"], true);
    }
    server.kill();
    let database = portal.data().join("sallyport.db");
    let log = database.with_extension("db-wal");
    assert!(fs::metadata(&log).is_ok_and(|log| log.len() > 0), "a log is left");
    fs::remove_file(&database).expect("lost");
    let restored = portal.restore(&[]);
    assert!(restored.status.success(), "{}{}", stdout(&restored), stderr(&restored));
    let server = Server::start(&portal.data());
    assert_eq!(portal.codes(&server), ["revoked", "revoked", "valid"]);
    server.kill();
    let checked = sallyport(&portal.data(), &["audit", "verify"]);
    assert!(checked.status.success(), "{}{}", stdout(&checked), stderr(&checked));
}

#[test]
fn a_backup_that_was_only_copied_is_brought_up_to_date_at_the_start() {
    let (portal, server) = Portal::start(6);
    let backup = portal.backup();
    for key in 0..5 {
        assert_eq!(portal.revoke(&server, key).expect("answered")["journaled"], true);
    }
    server.kill();
    let database = portal.data().join("sallyport.db");
    for end in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{end}", database.display()));
    }
    fs::copy(backup, &database).expect("copied");
    let (server, said) = Server::start_with(&portal.data(), &[], |_| true);
    drop(said);
    let codes = portal.codes(&server);
    assert_eq!(codes, ["revoked", "revoked", "revoked", "revoked", "revoked", "valid"]);
    server.kill();
}

#[test]
fn a_damaged_journal_keeps_all_keys_refused_until_an_operator_decides() {
    let (portal, server) = Portal::start(3);
    portal.revoke(&server, 0).expect("answered");
    server.kill();
    let journal = portal.data().join("revocations.journal");
    let mut bytes = fs::read(&journal).expect("a journal");
    bytes[40] ^= 1;
    fs::write(&journal, &bytes).expect("written");
    // The database has what is in the last line, and so everything: the damage changes nothing.
    let server = Server::start(&portal.data());
    assert_eq!(portal.codes(&server), ["revoked", "valid", "valid"]);
    server.kill();
    let text = String::from_utf8(fs::read(&journal).expect("another journal")).expect("text");
    let (before, last) = text.trim_end().rsplit_once('\n').expect("lines");
    let mut words: Vec<_> = last.splitn(4, ' ').collect();
    words[2] = "7";
    fs::write(&journal, format!("{before}\n{}\n", words.join(" "))).expect("written");
    let server = Server::start(&portal.data());
    assert!(server.ask("GET", "/readyz", &[], "").expect("answered").starts_with("HTTP/1.1 503"));
    server.kill();
    // Whoever removes it decides nothing by that.
    fs::remove_file(&journal).expect("removed");
    let server = Server::start(&portal.data());
    assert!(server.ask("GET", "/readyz", &[], "").expect("answered").starts_with("HTTP/1.1 503"));
    let bearer = format!("Bearer {}", portal.token);
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let verify = |key: usize| {
        let body = json!({ "key": portal.keys[key].1 }).to_string();
        server.ask("POST", "/v1/keys/verify", &headers, &body).expect("answered")
    };
    assert!((0..3).all(|key| verify(key).starts_with("HTTP/1.1 503")), "{}", verify(1));
    let checked = sallyport(&portal.data(), &["journal", "check"]);
    assert_eq!(checked.status.code(), Some(1));
    assert!(
        stderr(&checked).contains("damaged") && stderr(&checked).contains("journal accept"),
        "{}",
        stderr(&checked)
    );

    let accepted = sallyport(&portal.data(), &["journal", "accept", "--reason", "a disk failed", "--yes"]);
    assert!(accepted.status.success(), "{}", stderr(&accepted));
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !verify(1).starts_with("HTTP/1.1 200") {
        assert!(std::time::Instant::now() < until, "{}", verify(1));
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert!(portal.revoke(&server, 1).expect("answered")["journaled"] == true);
    assert_eq!(portal.codes(&server), ["revoked", "revoked", "valid"]);
    server.kill();
}

#[test]
fn a_journal_that_cannot_be_written_delays_no_revocation_and_says_so() {
    let (portal, server) = Portal::start(3);
    server.kill();
    // Where the second copy should be is a folder.
    let second = portal.folder.path().join("second");
    fs::create_dir_all(second.join("revocations.journal")).expect("made");
    let config = portal.folder.path().join("sallyport.toml");
    fs::write(&config, format!("{SECOND_FOLDER}{}\"\n", second.display())).expect("written");
    let with_config = ["--config", config.to_str().expect("UTF-8")];
    let mut server = Server::start_with(&portal.data(), &with_config, |_| true).0;
    let answer = portal.revoke(&server, 0).expect("answered");
    assert_eq!((&answer["journaled"], &answer["status"]), (&json!(false), &json!("revoked")), "{answer}");
    assert_eq!(portal.codes(&server)[0], "revoked");
    let ready = server.ask("GET", "/readyz", &[("accept", "application/json")], "").expect("answered");
    assert!(ready.starts_with("HTTP/1.1 200") && ready.contains("\"journal\",\"ok\":false"), "{ready}");
    server.sign_in();
    let page = server.ask("GET", &format!("/keys/{}", portal.keys[0].0), &[], "").expect("answered");
    assert!(page.contains("not in the revocation journal yet"), "{page}");

    // Once it can be written, it has what it lacked.
    fs::remove_dir(second.join("revocations.journal")).expect("removed");
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while portal.revoke(&server, 0).expect("answered")["journaled"] != true {
        assert!(std::time::Instant::now() < until);
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert_eq!(portal.revoke(&server, 1).expect("answered")["journaled"], true);
    server.kill();
    let own = fs::read_to_string(portal.data().join("revocations.journal")).expect("a journal");
    let other = fs::read_to_string(second.join("revocations.journal")).expect("a journal");
    for (id, _) in &portal.keys[..2] {
        assert!(own.contains(id) && other.contains(id), "{id}");
    }
    assert!(!own.contains(&portal.keys[0].1[8..]), "no secret is in it");
    assert!(sallyport(&portal.data(), &["journal", "check"]).status.success());
}

#[test]
fn the_log_of_a_lost_database_is_not_read_as_one_of_the_backup() {
    let (portal, server) = Portal::start(3);
    portal.backup();
    portal.revoke(&server, 0).expect("answered");
    server.kill();
    let database = portal.data().join("sallyport.db");
    let log = portal.data().join("sallyport.db-wal");
    assert!(fs::metadata(&log).expect("a log").len() > 0);
    // A database with a log beside it is no backup.
    let used = portal.folder.path().join("used.db");
    fs::copy(&database, &used).expect("copied");
    fs::copy(&log, portal.folder.path().join("used.db-wal")).expect("copied");
    let refused = sallyport(&portal.data(), &["restore", used.to_str().expect("UTF-8")]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("used.db-wal"), "{}", stderr(&refused));

    fs::remove_file(&database).expect("lost");
    let said = portal.restore(&["--without-journal"]);
    assert!(stderr(&said).contains("leave out --without-journal"), "{}", stderr(&said));
    let restored = portal.restore(&[]);
    assert!(restored.status.success(), "{}{}", stdout(&restored), stderr(&restored));
    assert!(!log.exists(), "it is in the folder of what was replaced");
    let server = Server::start(&portal.data());
    assert_eq!(portal.codes(&server), ["revoked", "valid", "valid"]);
    server.kill();
    let checked = sallyport(&portal.data(), &["audit", "verify"]);
    assert!(checked.status.success(), "{}{}", stdout(&checked), stderr(&checked));
}

#[test]
fn a_restore_without_a_journal_is_refused_unless_it_is_said() {
    let (portal, server) = Portal::start(1);
    portal.backup();
    server.kill();
    let other = portal.folder.path().join("other");
    fs::create_dir(&other).expect("made");
    fs::copy(portal.data().join("master.key"), other.join("master.key")).expect("copied");
    let file = portal.folder.path().join("backup.db");
    let file = file.to_str().expect("UTF-8");
    let refused = sallyport(&other, &["restore", file]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("--without-journal"), "{}", stderr(&refused));
    assert!(!other.join("sallyport.db").exists());
    let with = sallyport(&other, &["restore", file, "--journal", portal.data().to_str().expect("UTF-8")]);
    assert!(with.status.success(), "{}", stderr(&with));
    fs::remove_file(other.join("sallyport.db")).expect("removed");
    let said = sallyport(&other, &["restore", file, "--without-journal"]);
    assert!(said.status.success(), "{}", stderr(&said));
    let names = |folder: &Path| {
        let mut names: Vec<_> = fs::read_dir(folder)
            .expect("read")
            .map(|entry| entry.expect("one").file_name().into_string().expect("UTF-8"))
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(&other), ["master.key", "sallyport.db", "sallyport.lock"]);
    let not = sallyport(&other, &["restore", other.join("master.key").to_str().expect("UTF-8")]);
    assert_eq!(not.status.code(), Some(1), "what is no backup is refused");
    let server = Server::start(&other);
    assert_eq!(portal.codes(&server), ["valid"]);
    server.kill();
}

#[test]
fn only_the_newest_backups_are_kept() {
    let (portal, server) = Portal::start(0);
    let folder = portal.folder.path().join("backups");
    fs::create_dir(&folder).expect("made");
    for day in 1..=5 {
        fs::write(folder.join(format!("sallyport-2026110{day}T000000Z.db")), "old").expect("written");
    }
    fs::write(folder.join("notes.txt"), "mine").expect("written");
    let kept = sallyport(&portal.data(), &["backup", folder.to_str().expect("UTF-8"), "--keep", "3"]);
    assert!(kept.status.success(), "{}", stderr(&kept));
    let mut names: Vec<_> = fs::read_dir(&folder)
        .expect("read")
        .map(|entry| entry.expect("one").file_name().into_string().expect("UTF-8"))
        .collect();
    names.sort();
    assert_eq!(names.len(), 4, "{names:?}");
    assert_eq!(names[..3], ["notes.txt", "sallyport-20261104T000000Z.db", "sallyport-20261105T000000Z.db"]);
    server.kill();
}
