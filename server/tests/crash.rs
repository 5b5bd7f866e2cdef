//! `kill -9` while keys are issued and revoked: what was answered is kept, and the database is whole.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
};

use sallyport::{clock::SystemClock, entropy::OsEntropy, store::Location};
use sallyport_server::{config::Place, data_dir::DataDir};

const KILLS: usize = 50;
const PASSWORD: &str = "correct horse battery staple";

struct Server {
    child: Child,
    address: String,
    cookie: String,
}

impl Server {
    fn start(data: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sallyport"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let line = stdout.lines().map_while(Result::ok).find(|line| line.contains("listening on http://"));
        let address = line.and_then(|line| line.rsplit("http://").next().map(str::to_owned)).expect("an address");
        Self { child, address, cookie: String::new() }
    }

    fn kill(mut self) {
        self.child.kill().expect("SIGKILL");
        self.child.wait().expect("ended");
    }

    /// One request; nothing if the server died on the way.
    fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Option<String> {
        self.try_ask(method, path, headers, body).map_err(|error| eprintln!("{method} {path}: {error}")).ok()
    }

    fn try_ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Result<String, String> {
        let failed = |error: std::io::Error| error.to_string();
        let mut stream = TcpStream::connect(&self.address).map_err(failed)?;
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {0}\r\norigin: http://{0}\r\n", self.address);
        head += &format!("connection: close\r\ncookie: {}\r\ncontent-length: {}\r\n", self.cookie, body.len());
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        stream.write_all(format!("{head}\r\n{body}").as_bytes()).map_err(failed)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map_err(failed)?;
        // Cut off in the middle is not answered.
        let cut_off = || format!("cut off: {answer}");
        let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(cut_off)?;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).ok_or_else(cut_off)?;
        if length.parse() == Ok(body.len()) { Ok(answer) } else { Err(cut_off()) }
    }

    fn form(&self, path: &str, fields: &[(&str, &str)]) -> Option<String> {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        self.ask("POST", path, &[("content-type", "application/x-www-form-urlencoded")], &body.finish())
    }

    fn sign_in(&mut self, path: &str) {
        let fields = [("name", "Ada"), ("email", "ada@example.com"), ("password", PASSWORD)];
        let answer = self.form(path, &fields).expect("answered");
        self.cookie = format!("sallyport={}", between(&answer, "set-cookie: sallyport=", ';'));
    }

    /// The id at the end of where a form leads.
    fn make(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let answer = self.form(path, fields).expect("answered");
        between(&answer, "location: ", '\r').rsplit('/').next().expect("an id").to_owned()
    }

    /// Generates a key; its secret, once it was shown.
    fn generate(&self, app: &str) -> Option<String> {
        let panel = self.ask("GET", &format!("/apps/{app}/keys?panel=generate"), &[], "")?;
        let token = between(&panel, "name=\"form_token\" value=\"", '"');
        let fields = [
            ("form_token", &*token),
            ("app_id", app),
            ("label", "CI"),
            ("environment", "production"),
            ("scopes", "read"),
        ];
        let answer = self.form(&format!("/apps/{app}/keys"), &fields)?;
        Some(between(&answer, "id=\"secret-key\"", '/').split("value=\"").nth(1)?.split('"').next()?.to_owned())
    }

    fn verify(&self, token: &str, key: &str) -> serde_json::Value {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let body = serde_json::json!({ "key": key }).to_string();
        let answer = self.ask("POST", "/v1/keys/verify", &headers, &body).expect("answered");
        serde_json::from_str(answer.split_once("\r\n\r\n").expect("a body").1).expect("JSON")
    }
}

fn between(text: &str, from: &str, to: char) -> String {
    let at = text.find(from).unwrap_or_else(|| panic!("{from} is not in {text}"));
    text[at + from.len()..].split(to).next().unwrap_or_default().to_owned()
}

#[test]
fn fifty_kills_lose_nothing_that_was_answered() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let mut server = Server::start(&data);
    server.sign_in("/setup");
    let org = server.make("/orgs/new", &[("name", "Focus"), ("plan", "pro"), ("tenant", "Development")]);
    let page = server.ask("GET", &format!("/orgs/{org}"), &[], "").expect("answered");
    let tenant = between(&page, "href=\"/tenants/", '"');
    let project = server.make(&format!("/tenants/{tenant}/projects/new"), &[("name", "P")]);
    let app = server.make(&format!("/projects/{project}/apps/new"), &[("name", "A"), ("os", "backend")]);
    let made = Command::new(env!("CARGO_BIN_EXE_sallyport"))
        .args(["token", "create", "--name", "test", "--data"])
        .arg(&data)
        .output()
        .expect("the binary runs");
    let token = String::from_utf8(made.stdout).expect("text").trim().to_owned();

    let (mut issued, mut revoked) = (Vec::new(), Vec::new());
    for kill in 0..KILLS {
        // The kill falls between, and into, requests of other threads; how many were answered differs each time.
        let answers = 1 + kill % 5;
        let (new_issued, new_revoked) = work_until_killed(server, &app, &token, answers);
        server = Server::start(&data);
        server.sign_in("/sign-in");
        for key in &new_issued {
            let code = server.verify(&token, key)["code"].as_str().expect("a code").to_owned();
            assert!(code == "valid" || code == "revoked", "kill {kill}: an issued key is {code}");
        }
        for key in &new_revoked {
            assert_eq!(server.verify(&token, key)["code"], "revoked", "kill {kill}");
        }
        issued.extend(new_issued);
        revoked.extend(new_revoked);
    }
    for key in &issued {
        let code = server.verify(&token, key)["code"].as_str().expect("a code").to_owned();
        assert!(code == "revoked" || !revoked.contains(key), "an answered revocation is lost: the key is {code}");
        assert_ne!(code, "not_found");
    }
    assert!(issued.len() >= KILLS && revoked.len() >= KILLS / 2, "{} issued, {} revoked", issued.len(), revoked.len());
    server.kill();
    assert_whole(&data);
}

/// Four threads issue and revoke; after some answers the server is killed under them.
fn work_until_killed(server: Server, app: &str, token: &str, answers: usize) -> (Vec<String>, Vec<String>) {
    let (tell, told) = std::sync::mpsc::channel();
    let server = Arc::new(server);
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let (server, tell) = (Arc::clone(&server), tell.clone());
            let (app, token) = (app.to_owned(), token.to_owned());
            std::thread::spawn(move || {
                while let Some(key) = server.generate(&app) {
                    let id =
                        std::panic::catch_unwind(|| server.verify(&token, &key)["key_id"].as_str().map(str::to_owned));
                    let _ = tell.send((key.clone(), false));
                    let Ok(Some(id)) = id else { return };
                    let Some(answer) = server.form(&format!("/keys/{id}/revoke"), &[("reason", "")]) else { return };
                    if answer.starts_with("HTTP/1.1 303") {
                        let _ = tell.send((key, true));
                    }
                }
            })
        })
        .collect();
    drop(tell);
    let (mut issued, mut revoked) = (Vec::new(), Vec::new());
    let mut note = |(key, gone): (String, bool)| if gone { revoked.push(key) } else { issued.push(key) };
    for _ in 0..answers {
        note(told.recv().expect("somebody works"));
    }
    let pid = server.child.id().to_string();
    Command::new("kill").args(["-9", &pid]).status().expect("killed");
    told.iter().for_each(&mut note);
    for worker in workers {
        let _ = worker.join();
    }
    Arc::try_unwrap(server).ok().expect("nobody else holds it").kill();
    (issued, revoked)
}

/// SQLite finds no damage, no foreign key dangles, and each chain of events holds.
fn assert_whole(data: &Path) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let place = Place { data: data.to_owned(), database_url: None, master_key: None };
        let dir = DataDir::prepare(&place, &OsEntropy).expect("prepared");
        let store = dir.open(Arc::new(SystemClock), Arc::new(OsEntropy)).await.expect("opens");
        let Location::Sqlite(_) = store.location() else { panic!("SQLite") };
        assert_eq!(store.check_integrity().await.expect("checked"), Vec::<String>::new());
        for chain in store.chains().await.expect("read") {
            assert!(store.check_chain(&chain).await.expect("read").is_ok(), "{chain}");
        }
        store.close().await;
    });
}
